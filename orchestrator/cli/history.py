"""`gluecode history` and `gluecode resume`: what was done to a twin, and taking up what did not come to its end."""

from __future__ import annotations

import click

from orchestrator.cli import history_view, output, runs
from orchestrator.cli.options import Target, checked_name, json_option, target_options, twin_argument
from orchestrator.operations import history as past
from orchestrator.operations.resumption import Resumption
from orchestrator.operations.resumption import resume as take_up

_DONE = {
    "joined": "The last run still goes on.",
    "redriven": "It goes on where it stopped (redriven).",
    "started again": 'It starts again with the same input, because {why}; steps that are done answer "unchanged".',
}


@click.command()
@click.argument("twin", required=False, callback=checked_name)
@click.option("--limit", type=click.IntRange(1), default=past.LIMIT, show_default=True, help="How many runs of TWIN.")
@target_options
@json_option
def history(twin: str | None, limit: int, target: Target, json_wanted: bool) -> None:
    """Show what was deployed when, and how it went.

    Lists the runs of TWIN, the newest first; without TWIN, every twin with its last run. The history is kept in the
    account, also when a twin is gone.

    \b
    Example:
      gluecode history my-twin --limit 5
    """
    if twin is None:
        entries = past.latest(target.aws, target.installation)
    else:
        entries = past.history(target.aws, target.installation, twin, limit)
    if json_wanted:
        output.as_json([history_view.as_dict(entry) for entry in entries])
    elif entries:
        history_view.show(entries, with_twin=twin is None)
    else:
        output.tell("Nothing has been deployed here." if twin is None else f"Nothing is recorded of a twin '{twin}'.")


@click.command()
@twin_argument
@target_options
@json_option
def resume(twin: str, target: Target, json_wanted: bool) -> None:
    """Go on with a twin's last run that did not come to its end.

    An execution that was stopped or timed out is redriven where Step Functions can do that; else its input is started
    again, for a deployment with the project as it lies in the bucket. A run that still goes on is joined.

    \b
    Example:
      gluecode resume my-twin --local
    """
    found = take_up(target.aws, target.installation, twin)
    if found.how == "nothing to do":
        _tell_nothing(found, json_wanted)
        return
    last = found.last
    output.say(f"last run: {last.verb} {last.run} ({last.outcome})")
    output.say(_DONE[found.how].format(why=found.why))
    again = f"gluecode resume {twin}{target.flags}"
    runs.carry_out(target, found.run, last.verb, again=again, json_wanted=json_wanted, how=found.how)


def _tell_nothing(found: Resumption, json_wanted: bool) -> None:
    if json_wanted:
        output.as_json({"execution": found.run.arn, "how": found.how})
    else:
        output.tell(f"Nothing to resume: the last run, {found.last.verb} {found.last.run}, succeeded.", "green")
