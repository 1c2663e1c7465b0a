"""Runs the checks against one endpoint, and says how it went."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from orchestrator.core.errors import GluecodeError
from orchestrator.operations.conformance import messages
from orchestrator.operations.conformance.checks import CHECKS, Check
from orchestrator.operations.conformance.messages import Layer, Messages
from orchestrator.operations.conformance.probe import Deviation, Probe
from orchestrator.operations.conformance.wire import Answer, Endpoint

Outcome = Literal["passed", "failed"]


@dataclass(frozen=True)
class Result:
    """How one check went. `detail` says what the endpoint did instead; `log` what was sent and answered."""

    check: Check
    outcome: Outcome
    seconds: float
    detail: str = ""
    log: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """How all of them went. `accepted` are the events that the endpoint took: they may be in its store now."""

    url: str
    layer: Layer
    results: tuple[Result, ...]
    accepted: tuple[dict[str, Any], ...] = field(default=())

    @property
    def failed(self) -> tuple[Result, ...]:
        """The checks that did not pass."""
        return tuple(result for result in self.results if result.outcome != "passed")

    @property
    def conforms(self) -> bool:
        """Whether every check passed."""
        return not self.failed


def run(
    url: str,
    token: str,
    *,
    layer: Layer | None = None,
    device: str = "conformance",
    signing: bool = False,
    progress: Callable[[Result], None] = lambda _: None,
) -> Report:
    """Hold the endpoint against the contract. Without a layer, the endpoint is asked which one it is.

    `device` is one that the twin has. Raises UsageError for an invalid address, GluecodeError when nothing answers.
    """
    endpoint = Endpoint(url)
    made, results, accepted = Messages(layer or "L2", device), [], []
    if layer is None:
        accepted += _ask_for_layer(endpoint, token, made, signing=signing)
    chosen = made.layer
    for check in CHECKS:
        if chosen in check.layers and (signing or not check.signing):
            result, taken = _run(check, Probe(endpoint, token, made, signing=signing))
            results.append(result)
            accepted += taken
            progress(result)
    return Report(url, chosen, tuple(results), tuple(accepted))


def _run(check: Check, probe: Probe) -> tuple[Result, list[dict[str, Any]]]:
    started = time.monotonic()
    try:
        check.test(probe)
        outcome, detail = "passed", ""
    except Deviation as deviation:
        outcome, detail = "failed", str(deviation)
    seconds = time.monotonic() - started
    return Result(check, outcome, seconds, detail, tuple(probe.log)), probe.accepted  # type: ignore[arg-type]  # literals


def _ask_for_layer(endpoint: Endpoint, token: str, made: Messages, *, signing: bool) -> list[dict[str, Any]]:
    """Set the layer to L2 if the endpoint takes an envelope for that, else to L3. Returns the event that it took."""
    answers: list[Answer] = []
    layers: tuple[Layer, ...] = ("L2", "L3")
    for made.layer in layers:
        document = made.envelope()
        answers.append(Probe(endpoint, token, made, signing=signing).post(messages.encoded(document)))
        if answers[-1].status == 200:
            return [messages.key(document["payload"])]
    raise GluecodeError(
        _why(answers, made.device), "Say which one it is with --layer L2 or --layer L3 to see every check."
    )


def _why(answers: list[Answer], device: str) -> str:
    last = answers[-1]
    if last.status == 0:
        return f"The endpoint does not answer. {last.failure}"
    if b"unknown_device" in last.body + answers[0].body:
        return f"The endpoint knows no device '{device}': name one that its twin has with --device."
    if last.status == 403:
        return "The endpoint refuses the token (403)."
    return f"The endpoint takes an envelope neither for L2 ({answers[0].status}) nor for L3 ({last.status})."
