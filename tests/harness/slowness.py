"""Everything that AWS takes its time for, as one thing between a task's call and the emulator."""

from __future__ import annotations

import copy
from typing import Any

from botocore.awsrequest import AWSResponse

from tests.harness.calls import Call
from tests.harness.dying_queues import DyingQueues
from tests.harness.faults import Send
from tests.harness.lag import Lag
from tests.harness.passing_mappings import PassingMappings
from tests.harness.restored_secrets import RestoredSecrets


class Slowness:
    """What is under way in the account. It belongs to the account's memory, and is saved and restored with it."""

    def __init__(self) -> None:
        self.functions = Lag()
        self._queues, self._mappings, self._secrets = DyingQueues(), PassingMappings(), RestoredSecrets()

    def meet(self, call: Call, send: Send) -> AWSResponse:
        """Answer a call as AWS does while something is under way."""
        for each in (self._secrets, self._mappings, self._queues, self.functions):
            send = _through(each, call, send)
        return send()

    def settle(self) -> None:
        """Time passes, and nothing is under way any more: for a person who waits."""
        self._queues, self._mappings, self._secrets = DyingQueues(), PassingMappings(), RestoredSecrets()

    def save(self) -> dict[str, Any]:
        """A copy of all that is under way."""
        parts = (self.functions.save(), self._queues.dying, self._mappings.passing, self._secrets.refused)
        return copy.deepcopy(dict(zip(("functions", "queues", "mappings", "secrets"), parts, strict=True)))

    def restore(self, saved: dict[str, Any]) -> None:
        """Go back to what was saved; `{}` forgets all of it."""
        saved = copy.deepcopy(saved)
        self.functions.restore(saved.get("functions", {}))
        self._queues.dying = saved.get("queues", {})
        self._mappings.passing = saved.get("mappings", {})
        self._secrets.refused = saved.get("secrets", {})


def _through(each: Any, call: Call, send: Send) -> Send:
    return lambda: each.meet(call, send)
