"""One request and the answer that the contract demands, as `checks.json` lists them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.operations.conformance.messages import encoded, without
from orchestrator.operations.conformance.probe import Probe
from orchestrator.operations.conformance.wire import Header

_TRACE_ID = re.compile(rb'"trace_id": "([0-9a-f-]{36})"')


@dataclass(frozen=True)
class Exchange:
    """A valid request but for what is given. With `reasons` it is refused, with `status` and one of them.

    `body` is sent as it is. Else the body is an envelope, or a `bare` event: `envelope` and `event` replace fields,
    `without` and `event_without` take some away, `insert` stands in for the text `"?"` unquoted (Latin-1), and `size`
    pads to so many bytes. `{token}` in `token` and `headers` is the connection's token.
    """

    what: str
    body: str | None = None
    bare: bool = False
    envelope: Mapping[str, Any] = field(default_factory=dict)
    event: Mapping[str, Any] = field(default_factory=dict)
    without: Sequence[str] = ()
    event_without: Sequence[str] = ()
    insert: str = '"?"'
    size: int = 0
    token: str = "{token}"  # noqa: S105  # it stands for one
    headers: Sequence[Header] | None = None
    status: int = 400
    reasons: Collection[str] = ()

    def run(self, probe: Probe) -> None:
        """Send the request and expect its answer. Raises Deviation."""
        document = self._document(probe)
        body = self._encoded(document) if self.body is None else self.body.encode()
        # A refused body is sent with the trace id of its envelope, which the refusal has to carry.
        trace_id = _trace_id(body) if self.reasons and self.status != 403 else ""
        token = self.token.replace("{token}", probe.token)
        headers = self.headers and [(name, value.replace("{token}", probe.token)) for name, value in self.headers]
        answer = probe.post(body, token=token, headers=headers, trace_id=trace_id)
        if self.reasons:
            probe.refused(answer, self.status, self.reasons, self.what, trace_id=trace_id)
        else:
            probe.taken(answer, document.get("payload", document), self.what)

    def _document(self, probe: Probe) -> dict[str, Any]:
        event = without(probe.messages.event(**self.event), *self.event_without)
        return event if self.bare else without({**probe.messages.envelope(event), **self.envelope}, *self.without)

    def _encoded(self, document: dict[str, Any]) -> bytes:
        if self.size:
            document = {**document, "padding": "x" * (self.size - len(encoded({**document, "padding": ""})))}
        return encoded(document).replace(b'"?"', self.insert.encode("latin-1"))


def _trace_id(body: bytes) -> str:
    found = _TRACE_ID.search(body)
    return found[1].decode() if found else str(uuid.uuid4())
