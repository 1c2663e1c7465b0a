"""`gluecode rotate-token`: a new token for a connection, in steps that refuse no message."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import click

from orchestrator.cli import output
from orchestrator.cli.confirmation import agree
from orchestrator.cli.options import Target, json_option, target_options, twin_argument
from orchestrator.cli.result_view import token_command
from orchestrator.core.config.connections import FILE, TOKEN_RULE, is_token
from orchestrator.core.errors import UsageError
from orchestrator.operations import rotation, twins
from orchestrator.operations.rotation import NEW_WORKS_SECONDS, OLD_WORKS_SECONDS, Connection, Versions

_LONGEST_SEND_SECONDS = 60  # what a function that sends may take, with all its attempts
_KEEP_OUT_OF_FILE = f"If {FILE} holds the old one, take it out there: the next deployment would put it back."


@dataclass(frozen=True)
class _Done:
    """What was done, what is left to do (in order), and the new token where there is one to hand over."""

    state: Literal["both accepted", "waiting for the other side", "finished"]
    says: str
    steps: Sequence[str] = ()
    token: str | None = None


@click.command("rotate-token")
@twin_argument
@click.argument("connection_id", metavar="CONNECTION")
@click.option("--finish", is_flag=True, help="End the rotation: the old token is refused, or no longer sent.")
@click.option("--token-from-stdin", is_flag=True, help="Take the new token from standard input; do not make one.")
@click.option("--show-token", is_flag=True, help="Print the new token.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@target_options
@json_option
def rotate_token(
    twin: str,
    connection_id: str,
    finish: bool,
    token_from_stdin: bool,
    show_token: bool,
    yes: bool,
    target: Target,
    json_wanted: bool,
) -> None:
    """Give a connection a new token, without losing a message.

    The receiver learns the new token first, whichever side AWS is. Run it once, do on the other cloud what it says,
    then run it with --finish.

    \b
    Example:
      gluecode rotate-token my-twin azure_l2_to_aws_l3
      gluecode rotate-token my-twin azure_l2_to_aws_l3 --finish
    """
    if finish and token_from_stdin:
        raise UsageError("--finish and --token-from-stdin exclude each other.", "A rotation is begun with a token.")
    record = twins.record(target.aws, target.installation, twin)
    connection = rotation.connection(target.installation, record, twin, connection_id)
    found = rotation.versions(target.aws, connection)
    token = _given() if token_from_stdin else None
    command = f"gluecode rotate-token {twin} {connection.id}{target.flags}"
    if not yes:
        agree(_question(connection, found, finish=finish, given=token is not None))
    act = _Rotation(target, connection, found, command)
    if connection.role == "receiving":
        done = act.stop_accepting() if finish else act.accept_both(token)
    else:
        done = act.send(token) if finish or token else act.offer()
    _show(twin, connection, done, show_token=show_token, json_wanted=json_wanted)


def _given() -> str:
    if sys.stdin.isatty():
        text = click.prompt("The new token (not shown)", hide_input=True, err=True)
    else:
        text = sys.stdin.read()
    token = str(text).strip()
    if not is_token(token):
        raise UsageError("What came over standard input is no token.", f"Use {TOKEN_RULE}.")
    return token


def _question(connection: Connection, found: Versions, *, finish: bool, given: bool) -> str:
    other = connection.other
    if connection.role == "receiving" and finish:
        return f"AWS will refuse the old token of {connection.id}. Has {other} stopped sending it?"
    if connection.role == "receiving":
        unfinished = " The token before the present one will no longer be accepted." if found.previous else ""
        return (
            f"AWS will accept a new token of {connection.id}, and go on accepting the present one.{unfinished} Go on?"
        )
    if finish or given:
        return f"AWS will send the new token of {connection.id}. Does {other} accept it already?"
    return f"A new token of {connection.id} will be made, for {other} to accept. AWS sends the present one on. Go on?"


class _Rotation:
    """The steps of one connection's rotation, each with what a person has to do next."""

    def __init__(self, target: Target, connection: Connection, found: Versions, command: str) -> None:
        self._aws = target.aws
        self._connection = connection
        self._found = found
        self._finish = f"{command} --finish"
        self._read = token_command(connection.secret, target.aws.region)

    def accept_both(self, token: str | None) -> _Done:
        """AWS receives: accept a new token, and go on accepting the one before."""
        made = rotation.put_current(self._aws, self._connection, self._found, token)
        steps = [
            f"From {_at(NEW_WORKS_SECONDS)} on every function accepts it. Then put it into the sender on "
            f"{self._connection.other}.",
            f"Once nothing there sends the old one any more: {self._finish}",
            _KEEP_OUT_OF_FILE,
        ]
        says = f"AWS accepts a new token for {self._connection.id}, and goes on accepting the old one."
        return _Done("both accepted", says, steps if token else [f"Read it: {self._read}", *steps], made)

    def stop_accepting(self) -> _Done:
        """AWS receives: the old token is no longer good."""
        if not rotation.retire_previous(self._aws, self._connection, self._found):
            return _Done("finished", "AWS accepts one token only: there was nothing to finish.")
        told = (
            f"A function goes on accepting it for as long as it keeps what it has read: until {_at(OLD_WORKS_SECONDS)}."
        )
        return _Done("finished", f"The old token of {self._connection.id} is retired.", [told])

    def offer(self) -> _Done:
        """AWS sends: have a new token ready, and go on sending the present one until the other side knows the new."""
        made = rotation.put_pending(self._aws, self._connection, self._found)
        steps = [
            f"Read it: {self._read} --version-stage AWSPENDING",
            f"Let the receiver on {self._connection.other} accept it beside the old one.",
            f"Once it does: {self._finish}",
            "Until then AWS goes on sending the old one.",
        ]
        is_made = "waits already" if self._found.pending else "is made"
        return _Done("waiting for the other side", f"A new token for {self._connection.id} {is_made}.", steps, made)

    def send(self, token: str | None) -> _Done:
        """AWS sends: from now on the new token, the given one or the one that waits."""
        if token:
            rotation.put_current(self._aws, self._connection, self._found, token)
        elif not rotation.promote_pending(self._aws, self._connection, self._found):
            return _Done("finished", "No new token waits to be sent: there was nothing to finish.")
        steps = [
            f"A function may send the old one until {_at(OLD_WORKS_SECONDS + _LONGEST_SEND_SECONDS)}: "
            f"let {self._connection.other} accept both so long.",
            "After that, take the old one away there.",
            _KEEP_OUT_OF_FILE,
        ]
        return _Done("finished", f"AWS sends the new token of {self._connection.id}.", steps)


def _show(twin: str, connection: Connection, done: _Done, *, show_token: bool, json_wanted: bool) -> None:
    shown = {"token": done.token} if show_token and done.token else {}
    if json_wanted:
        about = {"twin": twin, "connection": connection.id, "role": connection.role, "secret": connection.secret}
        output.as_json({**about, "state": done.state, "says": done.says, "steps": list(done.steps), **shown})
        return
    output.tell(done.says, "bold green")
    for token in shown.values():
        output.tell(f"The new token: {token}")
    for number, step in enumerate(done.steps, start=1):
        output.tell(f"  {number}. {step}")


def _at(seconds: float) -> str:
    """The time of day in so many seconds."""
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%H:%M:%S} UTC"
