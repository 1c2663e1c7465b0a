"""A steady flow of events into a twin, and which of those that were accepted have not arrived."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from orchestrator.core.names import TwinNames
from orchestrator.local.remote_client import envelope
from tests.local.functions import eventually
from tests.upgrade import twins
from tests.upgrade.account import Account
from tests.upgrade.twins import BATCHED, PUBLIC, Mapping, Others

_PATIENCE_SECONDS = 120.0


class Flow:
    """The events that entered one twin. `accepted` are the keys of those that IoT or the ingestion has taken."""

    def __init__(self, account: Account, clouds: Others, mapping: Mapping, twin: str) -> None:
        self._account, self._clouds, self._mapping, self._twin = account, clouds, mapping, twin
        self.accepted: list[tuple[str, str]] = []
        if mapping is PUBLIC:
            self._url = twins.url(account, twin, "ingestion")
            self._token = twins.token(account, twin, twins.FROM_GCP)

    def enter(self) -> None:
        """Send one event by the twin's entrance."""
        sent = twins.event()
        if self._mapping is PUBLIC:
            if not self._clouds.gcp.send(self._url, self._token, envelope("gcp", "L2", sent)).accepted:
                return
        else:
            topic = TwinNames(self._twin).topic
            self._account.client("iot-data").publish(topic=topic, qos=1, payload=json.dumps(sent))
        self.accepted.append(twins.key(sent))

    def lost(self) -> list[tuple[str, str]]:
        """Those that were accepted, and have not arrived however long one waits."""
        missing = set(self.accepted)

        def all_there() -> Any:
            missing.difference_update(self._arrived())
            return True if not missing else None

        with suppress(AssertionError):
            eventually(all_there, seconds=_PATIENCE_SECONDS)
        return sorted(missing)

    def _arrived(self) -> set[tuple[str, str]]:
        if self._mapping is PUBLIC:
            return set(self._clouds.gcp.kept)
        if self._mapping is BATCHED:
            return set(self._clouds.azure.kept)
        return self._account.stored(TwinNames(self._twin).hot_table)


@contextmanager
def flowing(account: Account, clouds: Others, mapping: Mapping, twin: str, per_second: int) -> Iterator[Flow]:
    """Events enter as long as the block lasts."""
    flow, ended = Flow(account, clouds, mapping, twin), threading.Event()

    def run() -> None:
        while not ended.wait(1 / per_second):
            flow.enter()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    time.sleep(1)
    try:
        yield flow
        time.sleep(1)
    finally:
        ended.set()
        thread.join(timeout=60)
