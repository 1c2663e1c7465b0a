"""Makes sure that the roles of the steps may do what a deployment asks of them, before it changes anything.

A permissions boundary, or a policy edited by hand, can take from a role what the template gave it. The simulation of
all roles takes some eighty calls, so its verdict is remembered for a day, for all twins, as long as the installation
stays as it is: then it is a single read. It is asked for while the project is being read, so nobody waits for it. What
cannot be asked is let pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Outcome, Result
from deploy_steps.errors import RETRYABLE, AccessDenied, StepError
from deploy_steps.shared import settings
from deploy_steps.shared.simulation import NOT_GRANTED, Access, Decision, simulate
from deploy_steps.state import state_table
from deploy_steps.task import journal
from orchestrator.core.iam_resources import UNDER_A_CONDITION, of_task
from orchestrator.core.iam_scope import Scope
from orchestrator.core.names import Installation, TwinNames
from state_machines import placeholder

KIND = "permissions"
ACTIONS = (
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "cloudformation:ListStackResources",
    "iam:SimulatePrincipalPolicy",
)
NEEDS_PYDANTIC = True

_VERBS = ("create", "destroy")
_NOT_OF_A_DEPLOYMENT = ("check-permissions", "start-deployment")  # they come before it
_ANY_TWIN = "twin"  # the roles' policies know twins by the start of their names alone, so one stands for all
_INSTALLATION = "#installation"  # stands in the state table where a twin's name would; none can begin so
_ITEM = "permissions"
_GOOD_FOR = timedelta(days=1)
_ASKERS = 4  # roles that are asked about side by side
_LONGEST = 5  # roles that an error tells of in full


@dataclass(frozen=True)
class MissingAction:
    """An action that the role of a task lacks, on which resource, and why."""

    task: str
    role: str
    action: str
    resource: str
    why: str


def check(client: Callable[[str], Any], event: Mapping[str, Any]) -> Outcome:
    """`present` when all roles were found good, `unchanged` when they were a short time ago, `absent` when not asked.

    `client` gives the client of a service. Event: execution (ARN), request (whatever was typed: with dry_run, the
    verdict is not kept, and one that is no object is left for the project's task to refuse). Raises AccessDenied,
    naming roles and actions.
    """
    stack, request = settings.stack(), event["request"]
    if not stack or not isinstance(request, Mapping) or request.get("check_permissions") is False:
        return "absent"
    if _remembered(client("dynamodb")):
        return "unchanged"
    lacking = _lacking(client, settings.installation(event["execution"]), stack)
    if lacking:
        raise AccessDenied(_told(lacking))
    if request.get("dry_run") is not True:
        _remember(client("dynamodb"))
    return "absent" if lacking is None else "present"


def _lacking(client: Callable[[str], Any], installation: Installation, stack: str) -> tuple[MissingAction, ...] | None:
    """What the roles lack; None where this role may not ask, or where AWS has no simulator."""
    try:
        with aws.translated():
            twin = settings.twin_prefix() + _ANY_TWIN
            return missing_actions(client("iam"), installation, twin, roles(client("cloudformation"), stack))
    except RETRYABLE:
        raise
    except StepError:
        return None


def roles(cloudformation: Any, stack: str) -> dict[str, str]:
    """The name of each task's role, by the task's name, as the orchestrator's stack made them."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    made = {each["LogicalResourceId"]: each for page in pages for each in page.get("StackResourceSummaries", [])}
    logical = {task: placeholder(task) for task in _actions()}
    return {task: made[f"{name}Role"]["PhysicalResourceId"] for task, name in logical.items() if f"{name}Role" in made}


def missing_actions(
    iam: Any, installation: Installation, twin: str, role_of: Mapping[str, str]
) -> tuple[MissingAction, ...]:
    """What the tasks' roles may not do for a twin. Raises ClientError when IAM may not be asked."""
    scope = Scope(installation, TwinNames(twin))

    def lacking(task: str) -> list[MissingAction]:
        wanted = [(action, of_task(scope, task, action).example) for action in _actions()[task]]
        decided = _asked(iam, installation.role_arn(role_of[task]), wanted)
        return [
            MissingAction(task, role_of[task], *ask, said.why) for ask, said in decided.items() if _denied(ask, said)
        ]

    with ThreadPoolExecutor(_ASKERS) as askers:
        return tuple(lack for found in askers.map(lacking, role_of) for lack in found)


def _asked(iam: Any, role_arn: str, wanted: Iterable[Access]) -> dict[Access, Decision]:
    try:
        return simulate(iam, role_arn, wanted)
    except iam.exceptions.NoSuchEntityException:
        return dict.fromkeys(wanted, Decision("missing", "the role does not exist"))


def _denied(ask: Access, decision: Decision) -> bool:
    """Whether it is certain. What a role has under a condition, the simulator may take for not granted."""
    action, _ = ask
    return decision.verdict == "missing" and (action not in UNDER_A_CONDITION or decision.why != NOT_GRANTED.why)


def _actions() -> dict[str, tuple[str, ...]]:
    """The actions of every task that a deployment can come to."""
    # Not at the top: the registry imports this module, and the modules of all tasks, which a remembered verdict spares.
    from deploy_steps.registry import KINDS, tasks

    of_kinds = {f"{verb}-{kind.name}": kind.actions.of(verb) for kind in KINDS.values() for verb in _VERBS}
    return of_kinds | {task.name: task.actions for task in tasks() if task.name not in _NOT_OF_A_DEPLOYMENT}


def _told(lacking: Iterable[MissingAction]) -> str:
    by_task: dict[str, list[MissingAction]] = {}
    for lack in lacking:
        by_task.setdefault(lack.task, []).append(lack)
    lines = [_line(found) for found in list(by_task.values())[:_LONGEST]]
    if len(by_task) > _LONGEST:
        lines.append(f"- and {len(by_task) - _LONGEST} more: `gluecode check-permissions` shows all.")
    return "\n".join(
        [
            "The roles of the steps may not do all that deploying a twin takes, so nothing was changed:",
            *lines,
            "`gluecode install --repair` puts back into the roles' policies what was taken out by hand; "
            "if a permissions boundary or the installation's twin prefix withholds them, change that. To deploy "
            'without this check, start with "check_permissions": false (`gluecode deploy --skip-permissions-check`).',
        ]
    )


def _line(found: list[MissingAction]) -> str:
    actions = ", ".join(sorted({lack.action for lack in found}))
    reasons = "; ".join(sorted({lack.why for lack in found}))
    return f"- {found[0].task} (role {found[0].role}): {actions} on {found[0].resource} ({reasons})"


def _remembered(dynamodb: Any) -> bool:
    item = state_table.read(dynamodb, settings.state_table(), _INSTALLATION, _ITEM)
    if item is None or item["installed"] != _installed():
        return False
    return datetime.fromisoformat(item["checked_at"]) > datetime.now(UTC) - _GOOD_FOR


def _remember(dynamodb: Any) -> None:
    values = {"installed": _installed(), "checked_at": datetime.now(UTC).isoformat(timespec="seconds")}
    state_table.write(dynamodb, settings.state_table(), _INSTALLATION, _ITEM, values)


def _installed() -> str:
    """What a verdict holds for: the release, and what else decides about the policies of its roles."""
    return " ".join((settings.release(), settings.twin_prefix(), settings.permissions_boundary() or ""))


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Handler of `check`. Event: as of `check`, and run."""
    with journal(event, KIND, "check") as note, aws.translated():
        result = Result(KIND, settings.installation(event["execution"]).prefix, check(aws.client, event))
        note(result)
    return result.as_dict()
