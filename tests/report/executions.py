"""Executions as their journals tell them: one that went well, one that failed, one that was rolled back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from orchestrator.core.names import TwinNames
from orchestrator.report import Attempt, Facts

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
TWIN = TwinNames("factory-twin")
ARN = "arn:aws:states:eu-central-1:123456789012:execution:gluecode-deploy:factory-twin-1a2b-3c4d"

SHARED = [
    ("load", "project", "factory-twin", "present"),
    ("check", "permissions", "gluecode", "unchanged"),
    ("take", "lock", "factory-twin", "created"),
    ("record", "start", "factory-twin", "updated"),
    ("create", "failure-queue", TWIN.failure_queue, "created"),
    ("create", "log-group", TWIN.log_group, "created"),
    ("create", "config-layer", TWIN.configuration_layer, "created"),
]
LAST = [
    ("record", "outcome", "factory-twin", "updated"),
    ("release", "lock", "factory-twin", "deleted"),
    ("announce", "result", "Deployment succeeded", "created"),
]
TOP_LEVEL = frozenset(
    {
        "Read what is wanted",
        "Was exactly this deployed before?",
        "Take the twin's lock",
        "Record the start",
        "Reconcile the twin",
        "Remove obsolete rights and data",
        "Is an older configuration left over?",
        "Record the outcome",
        "Release the lock",
        "Was it a dry run?",
        "Announce the result",
        "Is the twin up to date?",
    }
)

Line = tuple[str, str, str, str]


def function(component: str, outcome: str = "created", *, name: str = "") -> list[Line]:
    """The lines of one function that is deployed."""
    called = name or TWIN.function(component)
    return [("create", kind, called, outcome) for kind in ("iam-role", "function", "invoke-config")]


def attempts(lines: Iterable[Line], **last: Any) -> tuple[Attempt, ...]:
    """The lines one after the other, half a second each; `last` changes the last one."""
    told = list(lines)
    made = []
    for number, (verb, kind, name, outcome) in enumerate(told):
        more = last if number == len(told) - 1 else {}
        begun = START.timestamp() + number * 0.5
        made.append(Attempt(kind, verb, name, outcome, begun, 0.4, calls=3, writes=1, new=outcome == "created", **more))
    return tuple(made)


def facts(told: tuple[Attempt, ...], *entered: str, status: str = "SUCCEEDED", **more: Any) -> Facts:
    """An execution of `deploy` with these attempts; `entered` are the states that not every deployment enters."""
    return Facts(
        name=ARN.rpartition(":")[2],
        arn=ARN,
        machine="deploy",
        status=status,
        started=START,
        stopped=datetime.fromtimestamp(max((each.started for each in told), default=0.0) + 1, UTC),
        input={"project": "factory-twin"},
        attempts=told,
        entered=TOP_LEVEL | set(entered),
        **more,
    )


def deployed() -> Facts:
    """Everything on AWS, a device with its own processor, no event checking."""
    lines = [
        *SHARED,
        ("create", "hot-table", TWIN.hot_table, "created"),
        *function("persister"),
        *function("processor"),
        ("build", "processor-package", TWIN.device_processor("oven-1"), "created"),
        *function("", name=TWIN.device_processor("oven-1")),
        *function("dispatcher"),
        ("create", "permissions", TWIN.function("dispatcher"), "created"),
        ("create", "iam-role", TWIN.iot_role, "created"),
        ("create", "iot-rule", TWIN.iot_rule, "created"),
        *LAST,
    ]
    output = {
        "twin": "factory-twin",
        "outcome": "deployed",
        "says": "The twin 'factory-twin' is as its project says: 19 created.",
        "urls": {},
        "connections": {"gcp_l1_to_aws_l2": {"url": "https://x.lambda-url.aws/", "token_secret": "factory-twin/gcp"}},
        "next": "gluecode send factory-twin EVENT",
    }
    return facts(attempts(lines), "Remove what cannot be brought back", "The twin is up to date", output=output)


def failed() -> Facts:
    """A function of the ingestion's name belongs to somebody else."""
    theirs = ("create", "function", TWIN.function("ingestion"), "failed")
    told = attempts([*SHARED, ("create", "hot-table", TWIN.hot_table, "unchanged"), *function("persister"), theirs])
    told = (*told[:-1], _with(told[-1], error="ForeignResource", message="it is <not> ours"))
    end = attempts(LAST)
    late = tuple(_with(each, started=each.started + 60) for each in end)
    return facts(
        (*told, *late),
        "Is a rollback wanted?",
        "The deployment failed",
        status="FAILED",
        error="ForeignResource",
        cause="create function 'factory-twin-ingestion': it is <not> ours. Start again.",
    )


def rolled_back() -> Facts:
    """Event checking was switched on, its function was refused, and what was made is removed again."""
    checker = TWIN.function("event_checker")
    lines = [
        *SHARED,
        ("create", "hot-table", TWIN.hot_table, "unchanged"),
        ("create", "iam-role", checker, "created"),
        ("create", "function", checker, "failed"),
        ("load", "rollback", "factory-twin", "present"),
        ("destroy", "iam-role", checker, "deleted"),
        ("destroy", "function", checker, "absent"),
        *LAST,
    ]
    told = tuple(
        _with(each, error="QuotaExceeded", message="code storage") if each.outcome == "failed" else each
        for each in attempts(lines)
    )
    return facts(
        told,
        "Is a rollback wanted?",
        "Load the plan to go back to",
        "The deployment was rolled back",
        status="FAILED",
        error="RolledBack",
        cause="The deployment failed and was rolled back to what was deployed before.",
    )


def _with(attempt: Attempt, **changes: Any) -> Attempt:
    return Attempt(**{**vars(attempt), **changes})
