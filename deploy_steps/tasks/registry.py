"""Every task that is not a kind of resource, as the template installs it."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from deploy_steps.tasks import (
    announce,
    check_permissions,
    comparison,
    deployed_twins,
    drain,
    findings,
    load_project,
    load_rollback,
    load_twin,
    lock,
    processor_package,
    prove_url,
    record,
    start_deployment,
    write_report,
)


@dataclass(frozen=True)
class Task:
    """One task: `handler` is the path that Lambda takes, `actions` the IAM actions it needs, `purpose` one sentence.

    `needs_pydantic` says that it reads project files, and so needs the layer with pydantic.
    """

    name: str
    handler: str
    actions: tuple[str, ...]
    purpose: str
    needs_pydantic: bool = False


def _task(
    name: str, module: ModuleType, handler: str, actions: tuple[str, ...], *, needs_pydantic: bool = False
) -> Task:
    purpose = (module.__doc__ or "").split("\n")[0]
    return Task(name, f"{module.__name__}.{handler}", actions, purpose, needs_pydantic)


TASKS = (
    _task("load-project", load_project, "load_task", load_project.ACTIONS, needs_pydantic=True),
    _task("load-twin", load_twin, "load_task", load_twin.ACTIONS),
    _task("load-rollback", load_rollback, "load_task", load_rollback.ACTIONS),
    _task(check_permissions.NAME, check_permissions, "check_task", check_permissions.ACTIONS, needs_pydantic=True),
    _task("compare-twin", comparison, "compare_task", comparison.ACTIONS),
    _task("take-lock", lock, "take_task", lock.TAKE_ACTIONS),
    _task("release-lock", lock, "release_task", lock.RELEASE_ACTIONS),
    _task("record-start", record, "start_task", record.START_ACTIONS),
    _task("record-outcome", record, "outcome_task", record.OUTCOME_ACTIONS),
    _task(
        "build-processor-package",
        processor_package,
        "build_task",
        processor_package.ACTIONS,
        needs_pydantic=True,
    ),
    _task("prove-url", prove_url, "prove_task", prove_url.ACTIONS),
    _task("drain-function", drain, "drain_task", drain.ACTIONS),
    _task("write-report", write_report, "write_task", write_report.ACTIONS),
    _task("announce-result", announce, "result_task", announce.ACTIONS),
    _task("list-twins", deployed_twins, "list_task", deployed_twins.ACTIONS),
    _task("announce-drift", announce, "drift_task", announce.ACTIONS),
    _task("request-redeployment", announce, "redeploy_task", announce.ACTIONS),
    _task("list-findings", findings, "list_task", findings.ACTIONS),
)
"""All of them; their names in the state machines are these in camel case: `TakeLock`."""

START_DEPLOYMENT = _task(
    "start-deployment", start_deployment, "requests_task", start_deployment.ACTIONS, needs_pydantic=True
)
"""The task that no machine calls: it works off the queue of deployments that events ask for."""
