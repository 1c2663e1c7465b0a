"""The command reference, from the command line itself."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from orchestrator.cli import gluecode
from orchestrator.cli.options import json_option, target_options
from orchestrator.reference import markdown

_INTRODUCTION = """\
`gluecode COMMAND --help` prints the same. Results go to standard output, progress and errors to standard error.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | failed, or (`inspect`, `local status`) not as it should be |
| 2 | wrong use, or an invalid project |
| 130 | stopped with Ctrl-C |

## Options that most commands share

Without `--local`, a command works on the AWS account that the environment points to (profile, region,
`AWS_ENDPOINT_URL`).
"""


def page() -> str:
    """The page with every command."""
    group = gluecode
    with click.Context(group, info_name="gluecode") as context:
        return markdown.page(
            "Commands",
            "orchestrator/cli",
            _INTRODUCTION,
            _table(_shared_options(), context),
            *_group(group, context, "gluecode"),
        )


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
    parts = [f"## {path}", text, markdown.block("text", usage)]
    if own:
        parts.append(_table(own, context))
    if others:
        flags = markdown.codes((max(option.opts, key=len) for option in others), ", ")
        parts.append(f"Also: {flags}.")
    if example:
        parts.append(markdown.block("bash", example))
    return "\n\n".join(parts)


def _help(command: click.Command) -> tuple[str, str]:
    """The description and the example of a command's docstring; click's `\\b` marks what is not to be wrapped."""
    text = inspect.cleandoc(command.help or "")
    before, _, example = text.partition("\b\n")
    lines = example.splitlines()[1:]  # the first one says "Example:"
    return before.strip().replace("\n\n", "\n\n"), inspect.cleandoc("\n".join(lines))


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
