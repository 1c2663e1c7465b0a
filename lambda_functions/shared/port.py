"""The port: the six things that a function asks of the cloud it runs on, and what it is given for one invocation.

`Cloud` is five of them: hand an event on, keep a failure, store, read a secret, publish feedback. A function takes it
as an argument. `Observer` is the sixth: log lines, metrics and traces. It is bound once, by `observability.use`.

An adapter is one module for each of the two, with plain functions (`lambda_functions.aws`). The errors of its cloud's
SDK pass through the core unchanged; `is_throttle` and `describe` read them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Remaining = Callable[[], float]
"""Answers the seconds that an invocation has left."""

Unit = Literal["Count", "Milliseconds", "None"]
Annotate = Callable[[str, str], None]
"""Puts a key and its value on a trace segment."""


@dataclass(frozen=True)
class Invocation:
    """One run of a function: the function's own name, the cloud's id of the run (if any), and the time that is left."""

    function: str
    request_id: str | None
    remaining: Remaining


class Cloud(Protocol):
    """What a function asks of its cloud. What returns without an error is durable."""

    @property
    def name(self) -> str:
        """The cloud, as envelopes and the provider mapping name it: `aws`, `azure` or `gcp`."""

    def hand_on(self, component: str, document: Mapping[str, Any], /) -> tuple[str, bool]:
        """Hand a document to the twin's `connector`, `processor`, `persister` or `event_checker`.

        Answers the function's name, and whether the event waits in an outbox in front of it. Raises ConfigurationError
        where the function is not configured.
        """

    def invoke(self, function: str, document: Mapping[str, Any], /) -> None:
        """Run any function asynchronously, by its name."""

    def keep_failure(self, document: Mapping[str, Any], /) -> bool:
        """Put a document into the twin's failure queue. False when there is none."""

    def store(self, event: Mapping[str, Any], /) -> str:
        """Store a telemetry event in the hot store: one item for each device and moment. Answers the store's name.

        Raises Refused for an event that can never be stored.
        """

    def read_secret(self, secret: str, /, *, previous: bool) -> tuple[str, ...]:
        """The secret's current value, and the previous one if wanted. Values that are absent or blank are left out."""

    def publish_feedback(self, topic: str, payload: bytes, /) -> None:
        """Send a message to a device, on `{twin}/{device}/feedback`."""

    def is_throttle(self, error: Exception, /) -> bool:
        """Whether the error means that the cloud takes no more calls at the moment."""


class Observer(Protocol):
    """Where log lines, metrics and trace segments go."""

    def log(self, level: int, message: str, fields: Mapping[str, Any], /) -> None:
        """Write one line with these fields. Those that are None are left out."""

    def metric(self, name: str, unit: Unit, value: float, service: str, reason: str = "", /) -> None:
        """Report a value under the dimension `service`, or under `service` and `reason`."""

    def flush(self, service: str, /) -> None:
        """Write what was reported and is not written yet."""

    def segment(self, name: str, /) -> AbstractContextManager[Annotate | None]:
        """Open a trace segment. None where nothing is traced."""

    def describe(self, error: BaseException, /) -> str | None:
        """What may be logged of an error of the cloud's SDK: no value of an event. None for any other error."""
