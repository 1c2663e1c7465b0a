"""Installs the orchestrator into an account, upgrades it in place, and takes it out again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.core.errors import GluecodeError
from orchestrator.core.names import Installation
from orchestrator.install import contents, desired, layers, protection, template
from orchestrator.install.desired import Options
from orchestrator.install.layers import Target
from orchestrator.install.release import release
from orchestrator.install.stack_model import Change, Desired, Outcome, Progress
from orchestrator.install.stacks import Stacks
from orchestrator.operations import twins

__all__ = [
    "Options",
    "install",
    "installation_from",
    "installed_release",
    "preview",
    "release",
    "template_only",
    "uninstall",
]

_LAYERS = ("functions", "pydantic")
_STATE_TABLE = "StateTable"  # its id in the template
_LOCAL_POLL_SECONDS = 0.05
_AWS_POLL_SECONDS = 2.0


@dataclass(frozen=True)
class Installed:
    """What an installation came to. `before` is the release that was there, empty if there was none."""

    installation: Installation
    outcome: Outcome
    release: str
    before: str
    outputs: Mapping[str, str]


@dataclass(frozen=True)
class Uninstalled:
    """What was removed: how many versions of objects in the bucket, and how many versions of layers."""

    installation: Installation
    outcome: Outcome
    objects: int
    layer_versions: int


class TwinsExist(GluecodeError):
    """The orchestrator is still needed: without it, nobody could take the twins down."""


def installation_from(aws: Any, prefix: str = "gluecode") -> Installation:
    """The installation of that prefix where `aws` points to, whether it is there or not."""
    return Installation(prefix, aws.partition, aws.region, aws.account)


def installed_release(aws: Any, prefix: str = "gluecode") -> str:
    """The release that is installed: equal to `release()` if this gluecode installed it, empty if there is none."""
    return _stacks(aws).read(prefix).outputs.get("Release", "")


def install(aws: Any, options: Options, progress: Progress) -> Installed:
    """Install or upgrade. Repeatable: what is current is left alone and reported as `unchanged`.

    Raises StackFailed when CloudFormation had to roll back, GluecodeError when Lambda's packages cannot be had.
    """
    installation, stacks = installation_from(aws, options.prefix), _stacks(aws)
    bucket = stacks.bring_to(_artifacts(aws, stacks, options), progress)
    installed = stacks.read(options.prefix)
    wanted = desired.orchestrator(aws, installation, options, installed, progress)
    outcome = stacks.bring_to(wanted, progress)
    outputs = stacks.read(options.prefix).outputs
    return Installed(
        installation=installation,
        outcome="updated" if (outcome, bucket) == ("unchanged", "updated") else outcome,
        release=outputs["Release"],
        before=installed.outputs.get("Release", ""),
        outputs=outputs,
    )


def preview(aws: Any, options: Options, progress: Progress) -> tuple[Change, ...]:
    """What `install` would do to each resource. It uploads code to a bucket that is there, and changes nothing else."""
    installation, stacks = installation_from(aws, options.prefix), _stacks(aws)
    artifacts = _artifacts(aws, stacks, options)
    changes = stacks.changes(artifacts)
    if not stacks.read(artifacts.name).exists:
        return (*changes, *_additions())
    wanted = desired.orchestrator(aws, installation, options, stacks.read(options.prefix), progress)
    return (*changes, *stacks.changes(wanted))


def _additions() -> tuple[Change, ...]:
    """Every resource of the large template: without a bucket, there is no place to put it before CloudFormation."""
    resources = desired.orchestrator_template(desired.build(layers.host()))["Resources"]
    return tuple(Change("Add", name, resource["Type"]) for name, resource in resources.items())


def uninstall(aws: Any, prefix: str, progress: Progress) -> Uninstalled:
    """Remove the orchestrator with its bucket, state table, journal and layers. Repeatable; touches nobody else's.

    Raises TwinsExist while twins are deployed, StackFailed when CloudFormation could not remove something.
    """
    installation, stacks = installation_from(aws, prefix), _stacks(aws)
    artifacts = desired.artifacts_stack(prefix)
    if not (stacks.read(prefix).exists or stacks.read(artifacts).exists):
        return Uninstalled(installation, "absent", 0, 0)
    if stacks.holds(prefix, _STATE_TABLE):
        _ensure_no_twins(aws, installation)
    stacks.delete(prefix, progress)
    versions = sum(contents.remove_layer(aws.client("lambda"), f"{prefix}-{layer}") for layer in _LAYERS)
    objects = contents.empty(aws.client("s3"), installation.bucket) if stacks.holds(artifacts, "Bucket") else 0
    stacks.delete(artifacts, progress)
    return Uninstalled(installation, "deleted", objects, versions)


def _ensure_no_twins(aws: Any, installation: Installation) -> None:
    remaining = twins.deployed(aws, installation)
    if remaining:
        raise TwinsExist(
            f"The orchestrator '{installation.prefix}' is still needed for its twins: {', '.join(remaining)}.",
            "Destroy them first: " + "; ".join(f"`gluecode destroy {twin}`" for twin in remaining) + ".",
        )


def template_only(folder: Path, architecture: str = layers.ARCHITECTURES[0]) -> list[Path]:
    """Write both templates, and under `code/` the packages they name, for those who deploy with their own pipeline.

    The packages go into the artifact bucket under the same keys between the two stacks. Returns the files written.
    """
    built = desired.build(Target(layers.AWS_RUNTIME, architecture))
    files = {
        "artifacts.template.json": template.text(template.artifacts()).encode(),
        "gluecode.template.json": template.text(desired.orchestrator_template(built)).encode(),
        **{package.key: package.content for package in built.all},
    }
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return [folder / path for path in files]


def _artifacts(aws: Any, stacks: Stacks, options: Options) -> Desired:
    return desired.artifacts(aws, options, stacks.read(desired.artifacts_stack(options.prefix)))


def _stacks(aws: Any) -> Stacks:
    def release(stack: str) -> None:
        if stacks.holds(stack, _STATE_TABLE):
            protection.take_off(aws.client("dynamodb"), installation_from(aws, stack).state_table)

    stacks = Stacks(aws.client("cloudformation"), _LOCAL_POLL_SECONDS if aws.local else _AWS_POLL_SECONDS, release)
    return stacks
