"""Writes the generated parts of the documentation: `python -m orchestrator.reference`, with `--check` only compares."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from orchestrator.reference import pages


@click.command()
@click.option("--check", is_flag=True, help="Only say which files are out of date; exit code 1 if there are any.")
@click.option("--root", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="The repository.")
def main(check: bool, root: Path) -> None:
    """Bring the generated files of the documentation up to date."""
    changed = pages.stale(root) if check else pages.write(root)
    for path in changed:
        click.echo(path)
    if check and changed:
        click.echo("These files are out of date: run `make reference` and commit what it writes.", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
