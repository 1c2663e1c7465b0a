"""What was done to each twin, when, and how it went: the runs that the state table keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from deploy_steps.state.state_table import unpacked
from orchestrator.core.errors import not_installed
from orchestrator.core.names import Installation

LIMIT = 20
_RUN = "run#"
_RUNNING = "running"
_FORGOTTEN = "broken off"  # Step Functions forgets an execution ninety days after its end


@dataclass(frozen=True)
class Entry:
    """One run of `deploy` or `destroy`. `outcome` is `deployed`, `destroyed`, `rolled back`, `failed`, `running`, or
    where it was broken off, how: `aborted`, `timed out`. `summary` counts the steps by their outcome.
    """

    twin: str
    verb: str
    outcome: str
    started: datetime
    execution: str
    digest: str = ""
    ended: datetime | None = None
    summary: Mapping[str, int] = field(default_factory=dict)
    error: str = ""
    cause: str = ""

    @property
    def run(self) -> str:
        """The name of the execution."""
        return self.execution.rpartition(":")[2]

    @property
    def took(self) -> timedelta | None:
        """From start to end, if it has ended in the ordinary way."""
        return self.ended - self.started if self.ended else None


def history(aws: Any, installation: Installation, twin: str, limit: int = LIMIT) -> list[Entry]:
    """The runs of a twin, the newest first. Those of a twin that was destroyed are kept."""
    client = aws.client("dynamodb")
    pages = client.get_paginator("query").paginate(
        TableName=installation.state_table,
        KeyConditionExpression="#twin = :twin AND begins_with(#item, :run)",
        ExpressionAttributeNames={"#twin": "twin", "#item": "item"},
        ExpressionAttributeValues={":twin": {"S": twin}, ":run": {"S": _RUN}},
        ScanIndexForward=False,
        ConsistentRead=True,
        PaginationConfig={"MaxItems": limit},
    )
    return [_settled(aws, _entry(item)) for item in _items(client, installation, pages)]


def latest(aws: Any, installation: Installation) -> list[Entry]:
    """The last run of each twin that the installation has ever worked on, the newest first."""
    client = aws.client("dynamodb")
    pages = client.get_paginator("scan").paginate(
        TableName=installation.state_table,
        FilterExpression="begins_with(#item, :run)",
        ExpressionAttributeNames={"#item": "item"},
        ExpressionAttributeValues={":run": {"S": _RUN}},
    )
    last: dict[str, Mapping[str, Any]] = {}
    for item in _items(client, installation, pages):
        if item["twin"] not in last or item["item"] > last[item["twin"]]["item"]:
            last[item["twin"]] = item
    newest_first = sorted(last.values(), key=lambda item: str(item["item"]), reverse=True)
    return [_settled(aws, _entry(item)) for item in newest_first]


def _items(client: Any, installation: Installation, pages: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    try:
        for page in pages:
            yield from map(unpacked, page.get("Items", []))
    except client.exceptions.ResourceNotFoundException as error:
        raise not_installed(installation) from error


def _entry(item: Mapping[str, Any]) -> Entry:
    return Entry(
        twin=item["twin"],
        verb=item["verb"],
        outcome=item["outcome"],
        started=datetime.fromisoformat(item["started"]),
        execution=item["execution"],
        digest=item.get("digest", ""),
        ended=datetime.fromisoformat(item["ended"]) if "ended" in item else None,
        summary={outcome: int(number) for outcome, number in item.get("summary", {}).items()},
        error=item.get("error", ""),
        cause=item.get("error_cause", ""),
    )


def _settled(aws: Any, entry: Entry) -> Entry:
    """The entry as it is: a run that was broken off from outside could not write down how it ended."""
    if entry.outcome != _RUNNING:
        return entry
    states = aws.client("stepfunctions")
    try:
        told = states.describe_execution(executionArn=entry.execution)
    except states.exceptions.ExecutionDoesNotExist:
        return replace(entry, outcome=_FORGOTTEN)
    if told["status"] in ("RUNNING", "PENDING_REDRIVE"):
        return entry
    outcome = told["status"].lower().replace("_", " ")
    return replace(entry, outcome=outcome, ended=told.get("stopDate"), error=told.get("error", ""))
