"""The end of every run: removes the twin with its data, the stand-in and the orchestrator, and looks what is left."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from tests.aws_proof import other_cloud
from tests.aws_proof.gluecode import CommandFailed
from tests.aws_proof.leftovers import look
from tests.aws_proof.naming import Names
from tests.aws_proof.record import Leftovers
from tests.aws_proof.stage import Stage

_ROUNDS = 3
_ENDINGS_MINUTES = 8.0
MINUTES, EXECUTIONS = 12.0, 1


def clean_up(stage: Stage) -> None:
    """Remove everything, however far the run came. What does not work is a difference, and what is left is recorded."""
    _act(stage, "Destroy the twin with its data", lambda: _destroy(stage), stage.known.deploy_begun)
    _act(stage, "Remove the stand-in for the other cloud", lambda: other_cloud.remove(stage))
    _act(stage, "Uninstall the orchestrator", lambda: _uninstall(stage), stage.known.install_begun)
    _act(stage, "Look for leftovers", lambda: _look(stage))


def by_hand(names: Names) -> list[str]:
    """The commands that remove a run that was kept."""
    return [f"make aws-proof ARGS={shlex.quote(f'--clean {names.id}')}"]


def _act(stage: Stage, title: str, do: Callable[[], None], needed: bool = True) -> None:
    if not needed:
        return
    stage.begin(title)
    try:
        do()
    except (CommandFailed, ClientError, BotoCoreError) as error:
        stage.act.expect(False, str(error))
        stage.end("FAILED")
    except BaseException:
        stage.end("broken off")
        raise
    else:
        stage.end("ok")


def _destroy(stage: Stage) -> None:
    """`destroy`; again where something was still under way that was started before."""
    _let_end(stage)
    for number in range(1, _ROUNDS + 1):
        try:
            said, _ = stage.execute("destroy", stage.names.twin, "--delete-data", "--yes")
        except CommandFailed as failed:
            if "is not installed" in str(failed):
                stage.note("there is no orchestrator, and so no twin")
                return
            if number == _ROUNDS:
                raise
            stage.note(str(failed))
            _let_end(stage)
        else:
            kept = said.json["retained"]
            stage.act.expect(number == 1, f"it took {number} runs of destroy")
            stage.act.expect(not kept, f"destroy kept {kept}")
            return


def _uninstall(stage: Stage) -> None:
    """`uninstall`; where a twin came back meanwhile (an upload is deployed when it has been quiet), that one first."""
    for number in range(1, _ROUNDS + 1):
        said = stage.gluecode.run("uninstall")
        if said.code == 0:
            stage.act.expect(number == 1, f"it took {number} runs of uninstall")
            stage.note(f"uninstall: {said.json['outcome']}, {said.json['objects']} objects of the bucket")
            return
        stage.note(f"uninstall: {' '.join(said.error.split())}")
        if stage.names.twin in said.err:
            stage.gluecode.run("destroy", stage.names.twin, "--delete-data", "--yes")
    raise CommandFailed(said)


def _let_end(stage: Stage) -> None:
    """Let executions that are under way come to their end, or stop them: a twin that is being changed is locked."""
    limit = datetime.now(UTC) + timedelta(minutes=_ENDINGS_MINUTES)

    def none_runs() -> bool | None:
        running = _running(stage)
        if running and datetime.now(UTC) > limit:
            for arn in running:
                stage.client("stepfunctions").stop_execution(executionArn=arn, cause="The proof is being cleaned up.")
        return None if running else True

    stage.until("executions that are under way to end", none_runs, 60 * _ENDINGS_MINUTES + 120)


def _running(stage: Stage) -> list[str]:
    machines = stage.account.found("stepfunctions", "list_state_machines", "stateMachines[].stateMachineArn")
    return [
        arn
        for machine in machines
        if stage.names.owns(machine)
        for arn in stage.account.found(
            "stepfunctions",
            "list_executions",
            "executions[].executionArn",
            stateMachineArn=machine,
            statusFilter="RUNNING",
        )
    ]


def _look(stage: Stage) -> None:
    """Until nothing is left, or for a while: listings show what was deleted for some time."""
    found: list[Leftovers] = []

    def nothing() -> bool | None:
        found.append(look(stage.account, stage.names))
        return None if found[-1].found else True

    stage.until("listings to show nothing any more", nothing, stage.patience.gone)
    stage.run.leftovers = found[-1]
    for kind, names in found[-1].found.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        stage.act.expect(False, f"left: {kind} {names[0]}{more}")
    if "stack" in found[-1].found:  # the product can do it, once what is in its way is gone
        found[-1].commands[:0] = [*by_hand(stage.names), "# or, one by one:"]
    for what in found[-1].unlisted:
        stage.act.expect(False, f"could not be looked at: {what}")
