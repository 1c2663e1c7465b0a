"""`make bench`: measures everything, prints one table, and saves it as JSON and as a picture."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import handlers, imports, picture, walls
from tests.bench.claims import Claim, Measured, claims
from tests.bench.counting import Count, count, least_for
from tests.bench.states import DOLLARS_PER_TRANSITION
from tests.bench.twins import twin
from tests.bench.walls import Walls
from tests.harness.account import Account

_SIZES = ((3, 0), (50, 0), (1_000, 0), (10_000, 0), (10_000, 300))
_LAYER = "arn:aws:lambda:us-east-1:000000000000:layer:gluecode-functions:1"
_NOT_RESOURCES = {"retention"}  # what the log group's second call sets


def measure(rounds: int, console: Console) -> Measured:
    """Run all parts, one after the other."""
    console.print("Counting, in the harness …")
    with Account() as account:
        counts = [each for size in _SIZES for each in count(account, *size)]
        creates = least_for(twin("factory", 3), account.installation, _LAYER)
    console.print("Importing each handler …")
    imported = imports.measure(2 * rounds + 1)
    console.print("Handling warm events …")
    warm = handlers.measure()
    console.print("Deploying on the embedded cloud …")
    with walls.stage(3) as on:
        cold = walls.measure_cold(on, 3, rounds)
        timed = walls.measure(on, 3, rounds)
        rate = walls.events_per_second(on, 200)
        seconds, busiest = walls.busiest(on, 10_000, 300)
    resources = sum(each.name not in _NOT_RESOURCES for each in creates)
    return Measured(counts, len(creates), resources, cold, timed, seconds, busiest, rate, imported, warm)


def tables(found: Measured) -> Iterator[Table]:
    """What is printed."""
    yield _table(
        "Calls and states",
        ("devices", "own code", "run", "calls", "reads", "writes", "around", "transitions", "history", "price"),
        [_counted(each) for each in found.counts],
    )
    yield _table(
        f"Seconds on the embedded cloud (medians); least possible: {found.least} calls, 4 deep",
        ("ms a call", "least", "first", "engine of it", "no change", "engine of it", "first by least"),
        [
            (
                str(each.delay),
                *(f"{each.median(name):.3f}" for name in ("least", "first", "idle_first", "again", "idle_again")),
                f"{each.median('first') / each.median('least'):.2f}",
            )
            for each in found.walls
        ],
    )
    yield _table(
        "Else",
        ("what", "measured"),
        [
            ("first deployment; no change: workers cold", f"{found.cold[0]:.2f} s; {found.cold[1]:.2f} s"),
            *(
                (f"no change by first deployment, workers warm, {each.delay} ms a call", f"{_again(each):.2f}")
                for each in found.walls
            ),
            ("10,000 devices, 300 with own code, 100 ms a call", f"{found.large_seconds:.0f} s"),
            ("events from the topic to the table", f"{found.events_per_second:.0f} a second"),
            *((f"memory of the {each.handler}", f"{each.megabytes:.0f} MB") for each in found.imports),
        ],
    )
    yield _table(
        "Claims",
        ("claim", "measured", "limit", "holds"),
        [(each.title, f"{each.found:,.2f}", f"{each.limit:,.2f}", _mark(each)) for each in claims(found)],
    )


def _again(each: Walls) -> float:
    return each.median("again") / each.median("first")


def _counted(each: Count) -> tuple[str, ...]:
    numbers = (each.calls, each.reads, each.writes, each.around, each.transitions, each.history)
    price = f"${each.transitions * DOLLARS_PER_TRANSITION:.4f}"
    return (f"{each.devices:,}", str(each.own), each.run, *map(str, numbers), price)


def _mark(claim: Claim) -> str:
    return "[green]yes[/green]" if claim.holds else "[bold red]no[/bold red]"


def _table(title: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    table = Table(title=title, title_justify="left")
    for number, head in enumerate(heads):
        table.add_column(head, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*row)
    return table


def main() -> int:
    """Measure, print, save. Answers 1 when a claim does not hold."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="runs of each thing that is timed")
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="where JSON and picture go")
    given = parser.parse_args()
    console = Console(width=150)
    found = measure(given.rounds, console)
    for table in tables(found):
        console.print(table)
    given.folder.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "load": load}
    held = [{**asdict(claim), "holds": claim.holds} for claim in claims(found)]
    saved = {"machine": machine, **asdict(found), "claims": held}
    (given.folder / "bench.json").write_text(json.dumps(saved, indent=1) + "\n", encoding="utf-8")
    (given.folder / "bench.svg").write_text(picture.draw(found), encoding="utf-8")
    console.print(f"Saved to {given.folder}. Load of the machine: {load[0]:.1f} on {os.cpu_count()} cores.")
    return 0 if all(claim.holds for claim in claims(found)) else 1


if __name__ == "__main__":
    sys.exit(main())
