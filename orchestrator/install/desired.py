"""The two stacks as they shall be: packages and templates built, uploaded, and the parameters chosen."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from deploy_steps.registry import all_tasks
from orchestrator.core.names import Installation
from orchestrator.install import contents, layers, packages, template
from orchestrator.install.layers import Target
from orchestrator.install.machines import machines
from orchestrator.install.packages import Package
from orchestrator.install.release import release
from orchestrator.install.stack_model import Desired, Event, Progress, Stack
from orchestrator.install.template import Code, Template


@dataclass(frozen=True)
class Options:
    """How to install. What is None stays as it is installed, or is the template's default on the first installation.

    `repair` has CloudFormation compare what is there with the templates, and undo what somebody changed by hand.
    """

    prefix: str = "gluecode"
    architecture: str | None = None
    twin_prefix: str | None = None
    log_retention_days: int | None = None
    permissions_boundary: str | None = None
    kms_key_arn: str | None = None
    schedule: str | None = None
    quiet_seconds: int | None = None
    alarms: bool | None = None
    dashboards: bool | None = None
    alarm_topic_arn: str | None = None
    refused_per_minute: int | None = None
    url_requests_per_minute: int | None = None
    repair: bool = False
    repair_drift: bool | None = None

    def parameters(self) -> dict[str, str]:
        """What was chosen, by the names that it has as a parameter of a template: `kms_key_arn` is `KmsKeyArn`."""
        chosen = {name: value for name, value in asdict(self).items() if value is not None}
        return {name.title().replace("_", ""): _as_parameter(value) for name, value in chosen.items()}


def _as_parameter(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class Built:
    """The packages an installation is made from."""

    tasks: Package
    functions: Package
    functions_layer: Package
    pydantic_layer: Package

    @property
    def all(self) -> tuple[Package, ...]:
        """All of them."""
        return (self.tasks, self.functions, self.functions_layer, self.pydantic_layer)


def artifacts(aws: Any, options: Options, installed: Stack) -> Desired:
    """The stack with the artifact bucket. Its template is small enough to travel in the request."""
    wanted = template.artifacts()
    return Desired(
        name=artifacts_stack(options.prefix),
        parameters=_parameters(wanted, options, installed) | {"TlsOnly": str(not aws.local).lower()},
        tags=_tags(options.prefix),
        template_body=template.text(wanted),
        repair=options.repair,
    )


def artifacts_stack(prefix: str) -> str:
    """The name of the stack with the artifact bucket. The other stack's name is the prefix."""
    return f"{prefix}-artifacts"


def orchestrator(
    aws: Any, installation: Installation, options: Options, installed: Stack, progress: Progress
) -> Desired:
    """The stack with everything else; its packages and its template are in the bucket when this returns."""
    target = _target(aws, options, installed)
    built = build(target)
    wanted = orchestrator_template(built)
    s3 = aws.client("s3")
    for key in contents.upload(s3, installation.bucket, built.all):
        progress(Event(installation.bucket, key, "Package", "UPLOADED", "", datetime.now(UTC)))
    made = {"ArtifactBucket": installation.bucket, "Architecture": target.architecture, "Runtime": target.runtime}
    return Desired(
        name=installation.prefix,
        parameters=_parameters(wanted, options, installed) | made,
        tags=_tags(installation.prefix),
        template_url=contents.upload_template(s3, installation.bucket, template.text(wanted)),
        repair=options.repair,
    )


def build(target: Target) -> Built:
    """Build every package for a target. Raises GluecodeError when Lambda's packages cannot be had."""
    functions_layer, pydantic_layer = layers.build(target)
    return Built(packages.tasks(), packages.functions(), functions_layer, pydantic_layer)


def orchestrator_template(built: Built) -> Template:
    """The large template, for these packages."""
    code = Code(
        tasks=built.tasks.key,
        functions=built.functions.key,
        functions_sha256=built.functions.sha256,
        functions_layer=built.functions_layer.key,
        pydantic_layer=built.pydantic_layer.key,
    )
    return template.orchestrator(all_tasks(), machines(), code, release())


def _target(aws: Any, options: Options, installed: Stack) -> Target:
    if aws.local:
        return layers.host()
    chosen = options.architecture or installed.parameters.get("Architecture") or layers.ARCHITECTURES[0]
    return Target(layers.AWS_RUNTIME, chosen)


def _parameters(wanted: Template, options: Options, installed: Stack) -> dict[str, str]:
    """What was chosen now, else what is installed, of the template's parameters; its defaults do the rest."""
    known = {**installed.parameters, **options.parameters()}
    return {name: value for name, value in known.items() if name in wanted["Parameters"]}


def _tags(prefix: str) -> dict[str, str]:
    # Not the tags of twins' resources: a step that meets one of the orchestrator's own takes it for a stranger's.
    return {"ManagedBy": "gluecode-install", "GluecodeInstallation": prefix}
