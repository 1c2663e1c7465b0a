"""What every command that starts an execution does with it: say so, watch it, and make sense of its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.cli import output, progress, result_view
from orchestrator.cli.options import Target
from orchestrator.core.errors import GluecodeError, UsageError
from orchestrator.operations.executions import Ending, Run

# Errors of the input, not of the deployment: the state machine looked at it and did nothing.
_INVALID = {"InvalidInput", "InvalidProject"}
_WHAT = {"deploy": "deployment", "destroy": "removal"}


def carry_out(target: Target, run: Run, verb: str, *, again: str, json_wanted: bool, **more: Any) -> None:
    """Watch a `deploy` or `destroy` until it ends, and print what it came to; JSON has `more` as well."""
    result = finish(target, run, what=_WHAT[verb], again=again)
    if json_wanted:
        output.as_json({"execution": run.arn, **more, **result})
    elif verb == "deploy":
        result_view.show_deployed(result, target.aws.region, target.flags)
    else:
        result_view.show_destroyed(result)


def finish(target: Target, run: Run, *, what: str, again: str) -> Mapping[str, Any]:
    """Watch a run until it ends. Returns its output. Raises GluecodeError when it failed, or when Ctrl-C was pressed.

    `what` names it in messages ("deployment"), `again` is the command that joins it or starts it anew.
    """
    try:
        joined = "joined; it was already running" if run.joined else "started"
        output.say(f"{what} {run.name} ({joined})", "bold")
        ending = progress.show(output.progress(), target, run)
    except KeyboardInterrupt:
        raise GluecodeError(
            f"Detached. The execution {run.name} goes on in AWS.",
            f"It needs nobody to watch; `{again}` shows how it stands.",
        ) from None
    if not ending.succeeded:
        raise _failure(ending, what, again)
    return ending.output


def _failure(ending: Ending, what: str, again: str) -> GluecodeError:
    kind = UsageError if ending.error in _INVALID else GluecodeError
    told = f"{ending.error}: {ending.cause}" if ending.error else ending.cause or ending.status
    return kind(
        f"The {what} failed. {told}",
        f"Remove the cause, then `{again}` goes on: what is done stays done.",
    )
