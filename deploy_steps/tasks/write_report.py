"""Writes the report of a deployment into the artifact bucket, for runs that nobody watched: those that events start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.shared import settings
from deploy_steps.task import task
from orchestrator import report
from orchestrator.core.names import report_key
from orchestrator.report import Facts
from state_machines import definition, walk

ACTIONS = (
    "states:DescribeExecution",
    "states:GetExecutionHistory",
    "logs:FilterLogEvents",
    "s3:PutObject",
)


@task
def handler(event: Mapping[str, Any]) -> tuple[Result, str]:
    """Handler. Event: run, execution, outcome (of `outcome.outcome`). Answers the report's address: `s3://…`.

    The execution is about to end, so how it ends is taken from its outcome. What the last steps wrote into the journal
    may not be readable yet; `gluecode report` makes the same report anew at any time.
    """
    found = report.read(aws, settings.installation(event["execution"]), event["execution"])
    facts = _ended(found, event["outcome"])
    bucket, key = settings.artifact_bucket(), report_key(facts.twin, facts.name)
    content = report.render(facts).encode()
    aws.client("s3").put_object(Bucket=bucket, Key=key, Body=content, ContentType="text/html; charset=utf-8")
    return Result("report", facts.twin, "created"), f"s3://{bucket}/{key}"


def _ended(facts: Facts, outcome: Mapping[str, Any]) -> Facts:
    return replace(
        facts,
        status="SUCCEEDED" if outcome["outcome"] == "deployed" else "FAILED",
        stopped=datetime.now(UTC),
        output=outcome,
        error=outcome.get("error", ""),
        cause=outcome.get("cause", ""),
        entered=facts.entered | closing(outcome["outcome"]),
    )


def closing(outcome: str) -> set[str]:
    """The states that a deployment goes through after the one that writes its report."""
    deploy = definition("deploy")
    announcing = next(state["Next"] for _, state in walk(deploy) if state.get("Resource") == "${WriteReport}")
    decision, rules = next(
        (name, state)
        for name, state in deploy["States"].items()
        if any(rule.get("Variable") == "$.outcome.outcome" for rule in state.get("Choices", ()))
    )
    ends = {rule["StringEquals"]: rule["Next"] for rule in rules["Choices"]}
    return {announcing, decision, ends.get(outcome, rules["Default"])}
