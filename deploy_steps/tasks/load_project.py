"""Reads what was asked for and the project's files, and answers the plan that flows through the deploy machine.

Whatever is wrong with a project is found here, before anything is created.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.errors import InvalidProject
from deploy_steps.task import journal
from deploy_steps.tasks import settings, state_table
from deploy_steps.tasks.record import known, ours
from deploy_steps.tasks.request import read_deploy
from deploy_steps.tasks.stored_project import read_files, read_stored
from orchestrator.config import Project
from orchestrator.plan import Code, PlanTooLarge, Request, plan

KIND = "project"
ACTIONS = (
    "s3:ListBucket",
    "s3:GetObject",
    "s3:PutObject",
    "secretsmanager:DescribeSecret",
    "dynamodb:GetItem",
)


def load(s3: Any, secrets: Any, dynamodb: Any, event: Mapping[str, Any]) -> dict[str, Any]:
    """The plan. Event: run, execution, request (whatever was typed).

    Raises InvalidInput for the request and InvalidProject with every fault of the project's files.
    """
    request = read_deploy(event["request"])
    bucket = settings.artifact_bucket()
    files = read_files(s3, bucket, request["source"])
    if not files:
        raise InvalidProject(
            f"There is no project at s3://{bucket}/{request['source']}. Bring it there first: "
            f"`gluecode deploy {request['project']}`, or "
            f"`aws s3 sync {request['project']} s3://{bucket}/projects/{request['project']}`."
        )
    project = read_stored(secrets, files)
    drain_seconds = request.pop("drain_seconds")
    record = state_table.read(dynamodb, settings.state_table(), project.twin, state_table.RECORD)
    try:
        made = plan(
            project,
            settings.installation(event["execution"]),
            _code(bucket),
            known(record, "deploy"),
            Request(run=event["run"], **request),
            ours(record),
            settings.watch(),
        )
    except PlanTooLarge as error:
        raise InvalidProject(str(error)) from None
    if not request["dry_run"]:
        _keep_configuration(s3, project, made["configuration_layer"]["content"])
    # What has departed is worked out once more under the lock; here it would only take room.
    flowing = {name: value for name, value in made.items() if not name.startswith("departed_")}
    return _bounded({**flowing, "drain_seconds": drain_seconds}, settings.permissions_boundary())


def _code(bucket: str) -> Code:
    return Code(
        bucket=bucket,
        key=os.environ["FUNCTIONS_KEY"],
        sha256=os.environ["FUNCTIONS_SHA256"],
        layers=(os.environ["DEPENDENCIES_LAYER"],) if os.environ.get("DEPENDENCIES_LAYER") else (),
        runtime=os.environ["RUNTIME"],
        architecture=os.environ["ARCHITECTURE"],
    )


def _keep_configuration(s3: Any, project: Project, content: Mapping[str, str]) -> None:
    """Put the twin's configuration document where the layer's step finds it; named by its content, once is enough."""
    where = {"Bucket": content["bucket"], "Prefix": content["key"], "MaxKeys": 1}
    if not s3.list_objects_v2(**where).get("KeyCount"):
        s3.put_object(
            Bucket=content["bucket"],
            Key=content["key"],
            Body=project.configuration,
            ContentType="application/json",
        )


def _bounded(made: dict[str, Any], boundary: str | None) -> dict[str, Any]:
    """The plan with the installation's permissions boundary on every role."""
    for role in (made["iot_role"], *(component["role"] for component in made["functions"].values())):
        role["permissions_boundary"] = boundary
    return made


def load_task(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Handler of `load`. Its journal line says how many steps are to be expected."""
    with journal(event, KIND, "load") as note, aws.translated():
        made = load(aws.client("s3"), aws.client("secretsmanager"), aws.client("dynamodb"), event)
        note(Result(KIND, made["project"], "present"), expected_steps=made["expected_steps"])
    return made
