"""What deploying, planning, destroying and inspecting a twin consist of, for the command line and the demo alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from deploy_steps.contract import Result
from deploy_steps.shared import project_state
from deploy_steps.shared.project_state import ProjectState
from orchestrator.core.config import Project, ProjectFaults, read_folder, read_project, without_tokens
from orchestrator.core.config.connections import FILE as INTER_CLOUD
from orchestrator.core.names import Installation, draft_files, execution_name, project_files
from orchestrator.core.plan.prune import EVERY_CONNECTION
from orchestrator.core.specs import Owner
from orchestrator.operations import executions, tokens, twins
from orchestrator.operations.executions import Run
from orchestrator.operations.upload import Uploaded, digest, upload

# Stands in a draft for a token that the secret does not hold: its value stays on this machine until it is deployed.
_TOKEN_TO_COME = "held-back-until-deployment"  # noqa: S105  # not a token


@dataclass(frozen=True)
class Prepared:
    """A project without faults, ready to be uploaded: its files without the tokens, and the tokens."""

    project: Project
    files: Mapping[str, bytes]
    tokens: Mapping[str, str]

    @property
    def digest(self) -> str:
        """The same for the same files (hexadecimal SHA-256)."""
        return digest(self.files)


@dataclass(frozen=True)
class Options:
    """What a deployment can be told beside its project."""

    on_failure: Literal["keep", "rollback"] = "keep"
    retain_data: bool = True
    adopt: bool = False
    check_permissions: bool = True

    def request(self, project: str) -> dict[str, Any]:
        """The input of the deploy machine; what is at its default stays out of it."""
        chosen = {name: value for name, value in vars(self).items() if value != getattr(Options(), name)}
        return {"project": project, **chosen}


def check(folder: Path, *, allow_loopback_http: bool) -> Prepared:
    """Read and validate a project's folder, offline. Raises ProjectFaults with everything that is wrong."""
    files = read_folder(folder)
    return _prepared(files, read_project(files, allow_loopback_http=allow_loopback_http))


def prepare(connect: Callable[[], Any], folder: Path, *, allow_loopback_http: bool) -> Prepared:
    """Like `check`, but a token that is missing in the files may lie in Secrets Manager from before.

    `connect` gives the AWS to ask; it is called only when nothing else is wrong. Raises ProjectFaults.
    """
    files = read_folder(folder)
    try:
        return _prepared(files, read_project(files, allow_loopback_http=allow_loopback_http))
    except ProjectFaults:
        try:
            almost = read_project(files, allow_loopback_http=allow_loopback_http, tokens_known=EVERY_CONNECTION)
        except ProjectFaults:
            pass
        else:
            known = tokens.known(connect(), almost.twin, [each.id for each in almost.connections])
            return _prepared(files, read_project(files, allow_loopback_http=allow_loopback_http, tokens_known=known))
        raise


def deploy(
    aws: Any, installation: Installation, prepared: Prepared, options: Options
) -> tuple[dict[str, Result], Uploaded, Run]:
    """Bring tokens and files up, then start the deployment, or join the same one if it is under way."""
    twin = prepared.project.twin
    kept = _keep_tokens(aws, installation, prepared, options)
    uploaded = upload(aws, installation, prepared.files, project_files(twin))
    name = execution_name(twin, _state(aws, installation, twin).digest)
    return kept, uploaded, executions.start(aws, installation, "deploy", name, options.request(twin), once=True)


def plan(aws: Any, installation: Installation, prepared: Prepared, options: Options) -> Run:
    """Run the deploy machine without letting it write, on a copy of the project whose arrival starts nothing."""
    twin = prepared.project.twin
    to_come = _keep_tokens(aws, installation, prepared, options, dry_run=True)
    missing = {connection_id for connection_id, result in to_come.items() if result.outcome != "unchanged"}
    draft = draft_files(twin, prepared.digest)
    upload(aws, installation, _with_tokens_to_come(prepared, missing), draft)
    request = {**options.request(twin), "dry_run": True, "source": draft}
    return executions.start(aws, installation, "deploy", f"plan-{execution_name(twin, prepared.digest)}", request)


def _keep_tokens(
    aws: Any, installation: Installation, prepared: Prepared, options: Options, *, dry_run: bool = False
) -> dict[str, Result]:
    owner = Owner(prepared.project.twin, adopt=options.adopt, installation=installation.scope)
    record = partial(twins.record_if_any, aws, installation, prepared.project.twin)
    return tokens.keep(aws, prepared.project, prepared.tokens, owner, record=record, dry_run=dry_run)


def destroy(aws: Any, installation: Installation, twin: str, *, retain_data: bool) -> Run:
    """Start taking a twin down, or join the run that does."""
    request = {"twin": twin, "retain_data": retain_data}
    return executions.start(aws, installation, "destroy", execution_name(twin, "destroy"), request)


def inspect(aws: Any, installation: Installation, twin: str) -> Run:
    """Start comparing a twin with what its last deployment wanted."""
    stem = execution_name(twin, "inspect")
    return executions.start(aws, installation, "inspect", stem, {"twin": twin}, join=False)


def _state(aws: Any, installation: Installation, twin: str) -> ProjectState:
    bucket = {"Bucket": installation.bucket, "ExpectedBucketOwner": installation.account}
    return project_state.read(aws.client("s3"), project_files(twin), **bucket)


def _prepared(files: Mapping[str, bytes], project: Project) -> Prepared:
    kept, taken = without_tokens(files)
    return Prepared(project, kept, taken)


def _with_tokens_to_come(prepared: Prepared, connections: Collection[str]) -> Mapping[str, bytes]:
    """The files, with a stand-in for each token that a deployment would put into Secrets Manager."""
    if not connections:
        return prepared.files
    document = json.loads(prepared.files[INTER_CLOUD])
    document["connections"] |= {
        key: {**entry, "token": _TOKEN_TO_COME}
        for key, entry in document["connections"].items()
        if key.replace("google_", "gcp_") in connections
    }
    return {**prepared.files, INTER_CLOUD: json.dumps(document).encode()}
