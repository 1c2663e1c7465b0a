"""Performs the acts one after the other; whatever happens, the end is the clean one."""

from __future__ import annotations

from collections.abc import Iterable

from tests.aws_proof.acts import Step
from tests.aws_proof.cleaning import by_hand, clean_up
from tests.aws_proof.leftovers import look
from tests.aws_proof.stage import Stage


def perform(stage: Stage, acts: Iterable[Step], *, keep: bool = False) -> None:
    """All of it. Errors and Ctrl-C are written down and end the acts; then everything is removed, unless it is kept."""
    try:
        _perform(stage, acts)
    except KeyboardInterrupt:
        _stopped(stage, "Stopped by Ctrl-C or SIGTERM.")
    except Exception as error:  # noqa: BLE001  # whatever it is, what was created has to be removed
        _stopped(stage, f"{type(error).__name__}: {error}")
    if keep:
        stage.run.kept = by_hand(stage.names)
        return
    try:
        clean_up(stage)
    except BaseException as error:  # noqa: BLE001  # the last thing to do is to say what is left
        _stopped(stage, f"The cleaning was broken off. {type(error).__name__}: {error}")
        stage.run.leftovers = look(stage.account, stage.names)


def _perform(stage: Stage, acts: Iterable[Step]) -> None:
    for each in acts:
        stage.begin(each.title)
        try:
            each.do(stage)
        except BaseException:
            stage.end("FAILED")
            raise
        stage.end("ok")


def _stopped(stage: Stage, why: str) -> None:
    stage.run.stopped = f"{stage.run.stopped} {why}".strip()
    stage.say(f"\n{why}\n")
    stage.save(stage.run)
