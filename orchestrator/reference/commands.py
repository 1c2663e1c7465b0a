"""The command reference, from the command line itself."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from orchestrator.cli import gluecode
from orchestrator.cli.options import json_option, target_options
from orchestrator.reference import markdown


def page() -> str:
    """The page with every command."""
    group = gluecode
    with click.Context(group, info_name="gluecode") as context:
        commands = markdown.paragraphs(_group(group, context, "gluecode"))
        return markdown.page("commands", shared_options=_table(_shared_options(), context), commands=commands)


def _group(group: click.Group, context: click.Context, path: str) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        with click.Context(command, info_name=name, parent=context) as inner:
            yield _command(command, inner, f"{path} {name}")
            if isinstance(command, click.Group):
                yield from _group(command, inner, f"{path} {name}")


def _command(command: click.Command, context: click.Context, path: str) -> str:
    text, example = _help(command)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    shared = {option.name for option in _shared_options()}
    own = [p for p in command.params if isinstance(p, click.Option) and p.name not in shared]
    others = [p for p in command.params if isinstance(p, click.Option) and p.name in shared]
    flags = markdown.codes((max(option.opts, key=len) for option in others), ", ")
    return markdown.paragraphs(
        (
            f"## {path}",
            text,
            markdown.block("text", usage),
            _table(own, context) if own else "",
            f"Also: {flags}." if others else "",
            markdown.block("bash", example) if example else "",
        )
    )


def _help(command: click.Command) -> tuple[str, str]:
    """The description and the example of a command's docstring; click's `\\b` marks what is not to be wrapped."""
    text = inspect.cleandoc(command.help or "")
    before, _, example = text.partition("\b\n")
    lines = example.splitlines()[1:]  # the first one says "Example:"
    return before.strip(), inspect.cleandoc("\n".join(lines))


def _table(options: list[click.Option], context: click.Context) -> str:
    return markdown.table(("option", "meaning"), [_option(option, context) for option in options])


def _option(option: click.Option, context: click.Context) -> tuple[str, str]:
    names, told = option.get_help_record(context) or ("", "")
    return markdown.code(names), markdown.plain(told)


def _shared_options() -> list[click.Option]:
    @click.command()
    @target_options
    @json_option
    def command(**_: object) -> None:
        """Stand for any command."""

    return [option for option in command.params if isinstance(option, click.Option)]
