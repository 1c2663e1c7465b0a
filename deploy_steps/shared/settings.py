"""What the installation tells its tasks, by environment variables, and what an execution's ARN tells besides."""

from __future__ import annotations

import os
from datetime import timedelta

from orchestrator.core.names import Installation
from orchestrator.core.placement import WATCHED, Watch

STEP_SECONDS = 110
"""How long Lambda lets a step run, also when the execution has ended that called it; state machines wait for longer."""


def longest_step() -> timedelta:
    """The same where the steps run; on the embedded cloud all waits are shorter."""
    return timedelta(seconds=float(os.environ.get("GLUECODE_STEP_SECONDS") or STEP_SECONDS))


def state_table() -> str:
    """The table of locks, records and history."""
    return os.environ["STATE_TABLE"]


def artifact_bucket() -> str:
    """The bucket of projects, configurations and packages."""
    return os.environ["ARTIFACT_BUCKET"]


def permissions_boundary() -> str | None:
    """The ARN of the policy that bounds every role of a twin, if the installation prescribes one."""
    return os.environ.get("PERMISSIONS_BOUNDARY") or None


def stack() -> str:
    """The orchestrator's own CloudFormation stack; empty where something else has put it into the account."""
    return os.environ.get("STACK_ID", "")


def twin_prefix() -> str:
    """How the name of every twin has to start that the installation may work on; empty if it may work on any."""
    return os.environ.get("TWIN_PREFIX", "")


def release() -> str:
    """What is installed: the version, and a digest of its code."""
    return os.environ.get("GLUECODE_RELEASE", "")


def watch() -> Watch:
    """How twins are watched. What is not said is as it is by WATCHED."""
    return Watch(
        alarms=os.environ.get("ALARMS", "true") == "true",
        dashboards=os.environ.get("DASHBOARDS", "true") == "true",
        topic_arn=os.environ.get("ALARM_TOPIC") or None,
        refused_per_minute=int(os.environ.get("REFUSED_PER_MINUTE") or WATCHED.refused_per_minute),
        requests_per_minute=int(os.environ.get("REQUESTS_PER_MINUTE") or WATCHED.requests_per_minute),
    )


def allow_loopback_http() -> bool:
    """Whether a remote cloud may be at http://127.0.0.1: on the embedded cloud only."""
    return os.environ.get("GLUECODE_ALLOW_LOOPBACK_HTTP") == "1"


def prefix() -> str:
    """What the names of the installation start with."""
    return os.environ.get("INSTALLATION_PREFIX", "gluecode")


def deploy_machine() -> str:
    """The ARN of the deploy machine, for the task that starts it."""
    return os.environ["DEPLOY_MACHINE"]


def requests_queue() -> str:
    """The URL of the queue of deployments that events ask for, for the task that works it off."""
    return os.environ["REQUESTS_QUEUE"]


def undelivered_queue() -> str:
    """The URL of the queue of events that started nothing, for the same task."""
    return os.environ["UNDELIVERED_QUEUE"]


def quiet_seconds() -> float:
    """How long nothing of a project may have changed before an event deploys it."""
    return float(os.environ["QUIET_SECONDS"])


def of_plans() -> list[str]:
    """Everything of the installation that a plan depends on beside the project."""
    names = ("FUNCTIONS_KEY", "FUNCTIONS_SHA256", "DEPENDENCIES_LAYER", "RUNTIME", "ARCHITECTURE", "ARTIFACT_BUCKET")
    told = [os.environ.get(name, "") for name in (*names, "INSTALLATION_PREFIX")]
    return [*told, release(), twin_prefix(), permissions_boundary() or "", str(watch()), str(allow_loopback_http())]


def installation(execution_arn: str) -> Installation:
    """The installation that an execution belongs to: its ARN names partition, region and account, at no extra call."""
    _, partition, _, region, account, *_ = execution_arn.split(":")
    return Installation(prefix(), partition, region, account)
