"""What a check has in hand: it sends requests as a right or a wrong sender would, and expects answers."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Collection, Sequence
from typing import Any

from orchestrator.operations.conformance import messages
from orchestrator.operations.conformance.messages import TOKEN_HEADER, Messages
from orchestrator.operations.conformance.wire import Answer, Endpoint, Header, shown

LONGEST_ANSWER_SECONDS = 10.0
"""A sender waits no longer for an answer."""

_REASON = re.compile(r"[a-z0-9_]{1,64}")
_MOST_WAITS = 3
_LONGEST_WAIT_SECONDS = 30.0


class Deviation(Exception):  # what is found, not a failure of ours
    """The endpoint does not do what the contract says. The text says what it did instead."""


class Probe:
    """Sends the requests of one check. `log` holds what was sent and answered; the token is not in it."""

    def __init__(self, endpoint: Endpoint, token: str, made: Messages, *, signing: bool) -> None:
        self._endpoint = endpoint
        self.token = token
        self.messages = made
        self.signing = signing
        self.log: list[str] = []
        self.accepted: list[dict[str, Any]] = []

    def post(
        self,
        body: bytes,
        *,
        token: str | None = None,
        headers: Sequence[Header] | None = None,
        signed: Sequence[Header] | None = None,
        trace_id: str = "",
    ) -> Answer:
        """Send a body. As the right sender would, but for what is given.

        `token` replaces the token; `headers` replaces the header with it altogether; `signed` replaces the signature.
        """
        authentication = ((TOKEN_HEADER, self.token if token is None else token),) if headers is None else headers
        if signed is None:
            signed = messages.signature(self.token if token is None else token, body) if self.signing else ()
        tracing = (messages.traceparent(trace_id),) if trace_id else ()
        return self._patiently(body, (("Content-Type", "application/json"), *authentication, *signed, *tracing))

    def refused(self, answer: Answer, status: int, reasons: Collection[str], what: str, *, trace_id: str = "") -> None:
        """Expect a refusal with that status and one of these reasons."""
        self._status(answer, status, what)
        document = self._document(answer, {"reason", "trace_id"})
        reason = document.get("reason")
        if not isinstance(reason, str) or not _REASON.fullmatch(reason):
            raise Deviation(f"{what} was answered {status} without a machine-readable reason: {_cut(answer.body)}.")
        if reasons and reason not in reasons:
            raise Deviation(f"{what} was refused with the reason '{reason}' instead of {_either(reasons)}.")
        self._trace_id(document, trace_id, what)

    def results(self, answer: Answer, sent: Sequence[dict[str, Any]], what: str) -> list[tuple[int, str]] | None:
        """Expect a result for each envelope of a batch, in order. Returns the statuses and the reasons.

        None when the endpoint takes no batches: it refuses them with 400.
        """
        if answer.status == 400:
            self.refused(answer, 400, (), what)
            return None
        self._status(answer, 200, what)
        document = self._document(answer, {"trace_id", "results"})
        self._trace_id(document, "", what)
        listed = document.get("results")
        if not isinstance(listed, list) or len(listed) != len(sent):
            raise Deviation(
                f"{what} was answered without a result for each of its {len(sent)} events: {_cut(answer.body)}."
            )
        return [
            self._result(each, message, f"{what}, event {n}")
            for n, (each, message) in enumerate(zip(listed, sent, strict=True), 1)
        ]

    def _result(self, result: Any, message: dict[str, Any], what: str) -> tuple[int, str]:
        if not isinstance(result, dict):
            raise Deviation(f"{what} has a result that is no object: {result!r}.")
        self._no_more(result, {"trace_id", "status", "reason"})
        self._trace_id(result, message["trace_id"], what)
        status, reason = result.get("status"), result.get("reason", "")
        if status == 200:
            self.accepted.append(messages.key(message["payload"]))
        elif not isinstance(reason, str) or not _REASON.fullmatch(reason):
            raise Deviation(f"{what} has the status {status!r} without a machine-readable reason.")
        if not isinstance(status, int) or isinstance(status, bool):
            raise Deviation(f"{what} has a status that is no number: {status!r}.")
        return status, reason

    def taken(self, answer: Answer, event: dict[str, Any], what: str, *, trace_id: str = "") -> str:
        """Expect that the event was accepted. Returns the trace id in the answer."""
        self._status(answer, 200, what)
        self.accepted.append(messages.key(event))
        return self._trace_id(self._document(answer, {"trace_id"}), trace_id, what)

    def _patiently(self, body: bytes, headers: Sequence[Header]) -> Answer:
        """The answer; while the endpoint throttles, the one it gives after the wait that it asks for."""
        for _ in range(_MOST_WAITS):
            answer = self._endpoint.post(body, headers)
            self._note(body, headers, answer)
            if answer.status != 429:
                break
            time.sleep(min(_seconds(answer.headers.get("retry-after", "1")), _LONGEST_WAIT_SECONDS))
        return answer

    def _note(self, body: bytes, headers: Sequence[Header], answer: Answer) -> None:
        said = ", ".join(shown(headers, self.token))
        self.log.append(f"POST {len(body)} bytes {_cut(body)} ({said})")
        told = f"{answer.status} {_cut(answer.body)}" if answer.status else answer.failure
        self.log.append(f"  -> {told} after {answer.seconds:.2f} s")

    def _status(self, answer: Answer, status: int, what: str) -> None:
        if answer.status == 0:
            raise Deviation(f"{what} was not answered: {answer.failure}.")
        if answer.status != status:
            reason = f" ({_cut(answer.body)})" if answer.body else ""
            raise Deviation(f"{what} was answered {answer.status}{reason} instead of {status}.")
        if answer.seconds > LONGEST_ANSWER_SECONDS:
            raise Deviation(f"{what} was answered after {answer.seconds:.0f} s; a sender waits 10 s.")

    def _document(self, answer: Answer, fields: Collection[str]) -> dict[str, Any]:
        if not answer.headers.get("content-type", "").lower().startswith("application/json"):
            raise Deviation(
                f"The answer's Content-Type is {answer.headers.get('content-type')!r}, not application/json."
            )
        try:
            document = json.loads(answer.body)
        except ValueError:
            raise Deviation(f"The answer's body is not JSON: {_cut(answer.body)}.") from None
        if not isinstance(document, dict):
            raise Deviation(f"The answer's body is no object: {_cut(answer.body)}.")
        self._no_more(document, fields)
        return document

    def _no_more(self, document: dict[str, Any], fields: Collection[str]) -> None:
        more = sorted(set(document) - set(fields))
        if more:
            raise Deviation(f"The answer says more than it should: {', '.join(more)}.")

    def _trace_id(self, document: dict[str, Any], expected: str, what: str) -> str:
        found = document.get("trace_id")
        try:
            given = str(uuid.UUID(found))
        except (ValueError, TypeError, AttributeError):
            raise Deviation(f"The answer to {what} has no trace id: {found!r}.") from None
        if expected and given != str(uuid.UUID(expected)):
            raise Deviation(f"The answer to {what} has another trace id than the request: {given}, not {expected}.")
        return given


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return 1.0


def _either(reasons: Collection[str]) -> str:
    return " or ".join(f"'{reason}'" for reason in sorted(reasons))


def _cut(body: bytes, longest: int = 160) -> str:
    text = body.decode("utf-8", "backslashreplace").replace("\n", " ")
    return text if len(text) <= longest else f"{text[:longest]}…"
