"""Reads what was asked for and the project's files, and answers the plan that flows through the deploy machine.

The only task that needs pydantic: whatever is wrong with a project is found here, before anything is created.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.errors import AccessDenied, InvalidProject
from deploy_steps.kinds.config_layer import packed
from deploy_steps.shared import settings
from deploy_steps.shared.execution_input import read_deploy
from deploy_steps.shared.stored_project import read_marked, read_stored
from deploy_steps.state import state_table, stored_plan
from deploy_steps.state.record import may_exist, ours, run_start
from deploy_steps.task import journal
from orchestrator.core.config import Project
from orchestrator.core.expected_steps import expected_steps
from orchestrator.core.plan import Code, PlanTooLarge, Request, configuration, plan
from orchestrator.core.plan.prune import wanted

KIND = "project"
ACTIONS = (
    "s3:ListBucket",
    "s3:GetObject",
    "s3:PutObject",
    "secretsmanager:DescribeSecret",
    "dynamodb:BatchGetItem",
)
NEEDS_PYDANTIC = True

_THERE = {"PreconditionFailed", "ConditionalRequestConflict"}  # the object is there, or somebody is just putting it


def load(s3: Any, secrets: Any, dynamodb: Any, event: Mapping[str, Any]) -> dict[str, Any]:
    """The plan, and whether exactly that was deployed before (`unchanged_since_deploy`): then a comparison may suffice.

    Event: run, execution, request (whatever was typed). Raises InvalidInput for the request, InvalidProject with every
    fault of the project's files, and AccessDenied for a twin that the installation may not work on.
    """
    request = read_deploy(event["request"])
    drain_seconds = request.pop("drain_seconds")
    installation = settings.installation(event["execution"])
    bucket, about = settings.artifact_bucket(), Request(run=event["run"], **request)
    files, basis, items = _found(s3, dynamodb, bucket, about)
    last = _last(items, basis)
    if last and not about.adopt:
        again = {**stored_plan.replanned(last, about), "unchanged_since_deploy": True}
        return _flowing(again, drain_seconds, items.get(state_table.RECORD), installation.scope)
    if not files:
        raise InvalidProject(
            f"There is no project at s3://{bucket}/{about.source}. Bring it there first: "
            f"`gluecode deploy {about.project}`, or "
            f"`aws s3 sync {about.project} s3://{bucket}/projects/{about.project}`."
        )
    project = read_stored(secrets, files)
    _ensure_allowed(project.twin)
    items = _items(s3, dynamodb, project, about, items)
    record = items.get(state_table.RECORD)
    try:
        made = plan(
            project,
            installation,
            _code(bucket),
            may_exist(record, "deploy"),
            about,
            ours(record),
            settings.watch(),
            settings.permissions_boundary(),
        )
    except PlanTooLarge as error:
        raise InvalidProject(str(error)) from None
    flowing = {**made.as_json(), "unchanged_since_deploy": False, "basis": basis}
    flowing["changing_roles"] = _changing_roles(flowing, stored_plan.unpacked(items.get(stored_plan.ITEM)))
    return _flowing(flowing, drain_seconds, record, installation.scope)


def _changing_roles(made: Mapping[str, Any], last: Mapping[str, Any] | None) -> list[str]:
    """The names of the roles whose policy was another in the last deployment."""
    before, now = (
        {
            role["name"]: role["policy"]
            for role in (*(each["role"] for each in of["functions"].values()), of["iot_role"])
        }
        for of in (last or made, made)
    )
    return [name for name, policy in now.items() if before.get(name, policy) != policy]


def _roles(of: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*(function["role"] for function in of["functions"].values()), of["iot_role"]]


def _flowing(made: dict[str, Any], drain_seconds: int, record: Mapping[str, Any] | None, scope: str) -> dict[str, Any]:
    """A plan with what only its run needs. What is obsolete is worked out under the lock; here it is only counted."""
    scopes = may_exist(record, "deploy").scopes
    more = {"drain_seconds": drain_seconds, "deployed_by": _deployed_by(record), "scopes": list(scopes)}
    steps = expected_steps("deploy", {**made, **more, "previous": run_start(made, record, "deploy", scope)})
    return {**made, **more, "expected_steps": steps}


def _found(
    s3: Any, dynamodb: Any, bucket: str, about: Request
) -> tuple[dict[str, bytes], str, dict[str, dict[str, Any]]]:
    """The project's files, the digest of all that a plan depends on, and what the state table holds of the twin.

    All of it at once: a twin mostly has its project's name.
    """
    with ThreadPoolExecutor(1) as calls:
        items = calls.submit(_remembered, dynamodb, about.project)
        files, marks = read_marked(
            s3, bucket, about.source, known=lambda marks: _last(items.result(), _basis(marks)) is not None
        )
    return files, _basis(marks), items.result()


def _basis(marks: Mapping[str, str]) -> str:
    """The same only where the same files are read, by the same release with the same settings (hexadecimal SHA-256)."""
    return hashlib.sha256(json.dumps([sorted(marks.items()), settings.of_plans()]).encode()).hexdigest()


def _remembered(dynamodb: Any, twin: str) -> dict[str, dict[str, Any]]:
    items = (state_table.RECORD, state_table.LOCK, stored_plan.ITEM)
    return state_table.read_together(dynamodb, settings.state_table(), twin, *items)


def _last(items: Mapping[str, dict[str, Any]], basis: str) -> dict[str, Any] | None:
    """The plan of the last deployment, if it was of exactly this, came to its end, and nothing was begun since."""
    last, record = stored_plan.unpacked(items.get(stored_plan.ITEM)), items.get(state_table.RECORD)
    if last is None or last["basis"] != basis or state_table.LOCK in items:
        return None
    return last if may_exist(record, "deploy") == wanted(last) else None


def _items(
    s3: Any, dynamodb: Any, project: Project, about: Request, items: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """What the state table holds of the twin; meanwhile its configuration is put where the layer's step finds it."""
    with ThreadPoolExecutor(1) as calls:
        kept = None if about.dry_run else calls.submit(_keep_configuration, s3, project)
        found = items if project.twin == about.project else _remembered(dynamodb, project.twin)
        if kept:
            kept.result()
    return found


def _deployed_by(record: Mapping[str, Any] | None) -> str:
    """The execution that deployed the twin last: the plan holds for as long as it is the last (`record.start`)."""
    return str((record or {}).get("execution", ""))


def _ensure_allowed(twin: str) -> None:
    prefix = settings.twin_prefix()
    if not twin.startswith(prefix):
        raise AccessDenied(
            f"This installation works on twins whose names start with '{prefix}' only, so its steps may not touch "
            f"'{twin}'. Name the twin so, or change it with `gluecode install --twin-prefix`."
        )


def _code(bucket: str) -> Code:
    return Code(
        bucket=bucket,
        key=os.environ["FUNCTIONS_KEY"],
        sha256=os.environ["FUNCTIONS_SHA256"],
        layers=(os.environ["DEPENDENCIES_LAYER"],) if os.environ.get("DEPENDENCIES_LAYER") else (),
        runtime=os.environ["RUNTIME"],
        architecture=os.environ["ARCHITECTURE"],
    )


def _keep_configuration(s3: Any, project: Project) -> None:
    """Put the configuration layer's zip into the bucket; named by its content, it has to be put there once."""
    bucket = settings.artifact_bucket()
    try:
        s3.put_object(
            Bucket=bucket,
            Key=configuration(project, bucket).key,
            Body=packed(project.configuration),
            ContentType="application/zip",
            IfNoneMatch="*",
        )
    except ClientError as error:
        if aws.error_code(error) not in _THERE:
            raise


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Handler of `load`. Its journal line says how many steps are to be expected."""
    with journal(event, KIND, "load") as note, aws.translated():
        made = load(aws.client("s3"), aws.client("secretsmanager"), aws.client("dynamodb"), event)
        note(Result(KIND, made["project"], "present"), expected_steps=made["expected_steps"])
    return made
