"""The closed list of errors a step can raise; a state machine retries or catches them by class name."""

# No name ends in `Error`: graphs and the cause of a Fail state show them, and there they say what is wrong.

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy_steps.contract import Result


class StepError(Exception):
    """Base of every error a step raises on purpose. Its text says what to do."""


class InvalidInput(StepError):
    """The task was called with something it cannot read. Never retried."""


class InvalidProject(StepError):
    """The project's files have faults. The text lists every one: file, field, fix. Never retried."""


class ForeignResource(StepError):
    """Something of that name exists and is not this twin's. It is neither changed nor deleted."""


class MissingToken(StepError):
    """A connection to another cloud has no token, so nothing could authenticate on it."""


class Locked(StepError):
    """Another execution is deploying or destroying the same twin."""


class AccessDenied(StepError):
    """The task's role may not make the call. The text names the action."""


class NotReady(StepError):
    """AWS has not caught up yet (a new role, a table being created). Retried by the state machine.

    `achieved` is what the step has done all the same. The retry will find it done and answer `unchanged`, so the
    journal tells it at the first attempt.
    """

    def __init__(self, message: str, achieved: Result | None = None) -> None:
        super().__init__(message)
        self.achieved = achieved


class Conflict(StepError):
    """Another change to the same resource is under way. Retried by the state machine."""


class Throttled(StepError):
    """AWS asked for fewer calls. Retried by the state machine, more slowly."""


class ServiceUnavailable(StepError):
    """AWS answered with a 5xx, or not at all. Retried by the state machine."""


class QuotaExceeded(StepError):
    """An account limit is reached. The text names it; raise it or remove something."""


class ProofFailed(StepError):
    """A deployed public URL does not answer as the inter-cloud contract says."""


class Rejected(StepError):
    """AWS refused the call as invalid, or its SDK is too old for it. The text carries AWS's own message."""


RETRYABLE: tuple[type[StepError], ...] = (NotReady, Conflict, Throttled, ServiceUnavailable)
