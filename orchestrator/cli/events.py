"""`gluecode send` and `gluecode trace`: put an event into a twin, and see where it went."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import click

from orchestrator.cli import output, trace_view
from orchestrator.cli.options import Target, json_option, target_options, twin_argument
from orchestrator.core.errors import GluecodeError, UsageError
from orchestrator.operations import telemetry, twins


@click.command()
@twin_argument
@click.argument("event")
@click.option(
    "--wait", is_flag=True, help="Wait until the event is stored (or dropped, refused, or on another cloud for good)."
)
@target_options
@json_option
def send(twin: str, event: str, wait: bool, target: Target, json_wanted: bool) -> None:
    """Publish telemetry, as a device would.

    Goes to the topic of TWIN; the answer is the event's trace id. EVENT is JSON, @FILE, or - for standard input.
    Without a "time" it gets the present.

    \b
    Example:
      gluecode send my-twin '{"iotDeviceId": "press-1", "temperature": 21.5}' --wait --local
    """
    document = _read(event)
    providers = twins.record(target.aws, target.installation, twin).get("providers", {})
    if providers.get("layer_1_provider", "aws") != "aws":
        raise GluecodeError(
            f"The twin '{twin}' takes telemetry in on {providers['layer_1_provider']} (its L1), not on AWS.",
            "Send it there, or POST an envelope to the twin's Ingestion URL, as a Connector does.",
        )
    sent = telemetry.send(target.aws, twin, document)

    def arrived(trace: telemetry.Trace) -> bool:
        return trace.over or telemetry.has_left(trace, providers)

    found = telemetry.wait(target.aws, sent.trace_id, twin, until=arrived) if wait else None
    if json_wanted:
        traced = {"trace": trace_view.as_dict(found)} if found else {}
        output.as_json({"trace_id": sent.trace_id, "topic": sent.topic, "event": sent.event, **traced})
    else:
        output.tell(sent.trace_id)
        output.say(f"published on {sent.topic}")
        if found is None:
            output.say(f"Next: gluecode trace {sent.trace_id}{' --local' if target.local else ''}", "dim")
        else:
            _show(found)
    if found is not None and not arrived(found):
        raise GluecodeError(
            f"After {telemetry.PATIENCE_SECONDS:.0f} s the event has not come to an end that is known here.",
            f"`gluecode trace {sent.trace_id}` shows how far it came; it may still be on its way.",
        )


@click.command()
@click.argument("trace_id")
@click.option("--twin", help="Look in this twin only. [default: in all twins of the installation]")
@target_options
@json_option
def trace(trace_id: str, twin: str | None, target: Target, json_wanted: bool) -> None:
    """Show one event's way through every function.

    Finds TRACE_ID in the logs of all twins: each hop, the times between, and where the event ended.

    \b
    Example:
      gluecode trace 6f9619ff-8b86-4d01-b42d-00cf4fc964ff --twin my-twin
    """
    where = [twin] if twin else twins.deployed(target.aws, target.installation)
    found = telemetry.trace(target.aws, trace_id, where)
    if json_wanted:
        output.as_json(trace_view.as_dict(found))
    elif found.hops:
        _show(found)
    if not found.hops:
        raise GluecodeError(
            f"No log of {', '.join(where) or 'any twin (none is deployed)'} knows of {found.trace_id}.",
            "Logs can be some seconds late: try again. A twin's logs are gone once it is destroyed.",
        )


def _show(found: telemetry.Trace) -> None:
    output.results().print(trace_view.table(found))
    output.results().print(trace_view.conclusion(found), soft_wrap=True)


def _read(event: str) -> Any:
    if event == "-":
        text = sys.stdin.read()
    elif event.startswith("@"):
        try:
            text = Path(event[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"The event's file {shlex.quote(event[1:])} cannot be read: {error}.") from error
    else:
        text = event
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(
            f"The event is not JSON: {error}.", "In a shell, put it in single quotes; or give a file as @event.json."
        ) from error
