"""`gluecode init`: an example project to start from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click

import orchestrator
from orchestrator.cli import output
from orchestrator.cli.options import json_option
from orchestrator.core.errors import GluecodeError, UsageError
from orchestrator.core.names import NAME_RULE, is_name

_EXAMPLE = Path("examples", "factory-twin")
_SETTINGS = "config.json"
_README = "README.md"


@click.command()
@click.argument("name")
@json_option
def init(name: str, json_wanted: bool) -> None:
    """Write an example project to start from, into the new folder NAME.

    The twin gets that name, too. The README in the folder explains each file.

    \b
    Example:
      gluecode init my-twin
      gluecode deploy my-twin --local
    """
    folder = create(name, Path.cwd())
    if json_wanted:
        output.as_json({"folder": str(folder), "twin": name})
        return
    output.tell(str(folder))
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            output.say(f"  {path.relative_to(folder)}", "dim")
    output.say(f"{name}/README.md explains each file. Next: `gluecode validate {name}`.")


def create(name: str, parent: Path) -> Path:
    """Copy the example project to `parent/name` and name its twin so. Raises GluecodeError where it exists."""
    if not is_name(name):
        raise UsageError(f"'{name}' is no name for a twin.", f"Use {NAME_RULE}.")
    folder = parent / name
    if folder.exists():
        raise GluecodeError(f"'{name}' exists already and was left as it is.", "Choose another name, or move it away.")
    shutil.copytree(_example(), folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    settings = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))
    renamed = json.dumps({**settings, "digital_twin_name": name}, indent=2, ensure_ascii=False) + "\n"
    (folder / _SETTINGS).write_text(renamed, encoding="utf-8")
    readme = (folder / _README).read_text(encoding="utf-8")  # its commands can then be pasted as they are
    (folder / _README).write_text(readme.replace(settings["digital_twin_name"], name), encoding="utf-8")
    return folder


def _example() -> Path:
    package = Path(orchestrator.__file__).parent
    places = (package / _EXAMPLE, package.parent / _EXAMPLE)  # in a wheel, in a checkout
    for place in places:
        if (place / _SETTINGS).is_file():
            return place
    raise GluecodeError("The example project is not part of this installation of gluecode.", "Install it anew.")
