"""`python -m tests.loss`: sends events through four deployed twins while things fail, and counts where each one is."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.loss.ledger import Counts
from tests.loss.run import Result, Run, Say
from tests.loss.scenarios import scenarios
from tests.loss.world import world

_COLUMNS = ("sent", "acknowledged", "stored", "in the failure queue", "lost", "stored twice", "wrong value")


def prove(folder: Path, events: int, *, seed: int = 0, only: str = "abcd", say: Say = lambda _: None) -> list[Result]:
    """Run the scenarios, with about a quarter of the events each."""
    with world(folder, seed) as there, scenarios(there, events) as all_of_them:
        return [Run(scenario, seed, say).result() for scenario in all_of_them if scenario.name[0] in only]


def table(title: str, rows: Sequence[tuple[str, Counts]]) -> list[str]:
    """The counts as lines of text, with their sum."""
    total = sum((counts for _, counts in rows), start=Counts())
    lines = [f"{title:<28}{''.join(f'{name:>{len(name) + 2}}' for name in _COLUMNS)}"]
    for name, counts in [*rows, ("total", total)]:
        numbers = zip(_COLUMNS, counts.row, strict=True)
        lines.append(f"  {name:<26}{''.join(f'{number:>{len(column) + 2},}' for column, number in numbers)}")
    return lines


def faults(results: Sequence[Result]) -> list[str]:
    """What had gone wrong, by where and how."""
    met = sum((result.faults for result in results), start=Counter[tuple[str, str]]())
    return [f"  {where:<16}{how:<18}{count:>7,}" for (where, how), count in sorted(met.items())]


def main(argv: Sequence[str] | None = None) -> int:
    """Run it and print the tables; 0 only if nothing was lost, nothing is there twice, and all of it is stored."""
    parser = argparse.ArgumentParser(prog="python -m tests.loss", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000, help="over all scenarios (default: 10,000)")
    parser.add_argument("--seed", type=int, default=0, help="of the dice that decide what fails (default: 0)")
    parser.add_argument("--only", default="abcd", help="the scenarios to run (default: abcd)")
    given = parser.parse_args(argv)
    started = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up then, too

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {text}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="gluecode-loss-") as folder:
        results = prove(Path(folder), given.events, seed=given.seed, only=given.only, say=say)
    print(f"Loss test, {time.monotonic() - started:.0f} s, seed {given.seed}. What went wrong on the way, on purpose:")
    print("\n".join(faults(results)))
    print()
    print("\n".join(table("while things fail", [(result.name, result.under_faults) for result in results])))
    print()
    print("\n".join(table("after the replay", [(result.name, result.after_replay) for result in results])))
    holds = all(result.holds for result in results)
    put_back = sum(result.replayed for result in results)
    print(f"\n{put_back:,} events were put back in. " + ("It holds." if holds else "IT DOES NOT HOLD."))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
