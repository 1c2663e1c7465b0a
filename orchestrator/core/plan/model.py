"""What a plan has several of: its functions with what hangs on them, and devices' own processors."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from orchestrator.core import specs
from orchestrator.core.names import role_arn_beside
from orchestrator.core.specs import LEFT_OUT, Identity, Owner


@dataclass(frozen=True)
class FunctionComponent(Identity):
    """A function and what hangs on it; all have its name and its owner. With the token in the secret of `secret_name`
    its URL is proven from outside.
    """

    role: specs.RoleSpec
    function: specs.FunctionSpec
    permissions: specs.PermissionsSpec
    event_source: specs.EventSourceSpec | None = field(default=None, metadata=LEFT_OUT)
    invoke_config: specs.InvokeConfigSpec | None = field(default=None, metadata=LEFT_OUT)
    url: specs.FunctionUrlSpec | None = field(default=None, metadata=LEFT_OUT)
    secret_name: str | None = field(default=None, metadata=LEFT_OUT)

    def identified(self, name: str, owner: Owner) -> FunctionComponent:
        """The same under another name, or of another owner."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        parts: dict[str, Any] = {
            part: replace(spec, name=name, owner=owner) for part, spec in values.items() if isinstance(spec, Identity)
        }
        return replace(self, name=name, owner=owner, **parts)


@dataclass(frozen=True)
class DeviceProcessor:
    """A device's own processor. Small, because there can be hundreds: the rest is the default processor's.

    `source_digest` names its package. `may_exist`: an earlier deployment may have left it there; `recorded`: the last
    successful one did.
    """

    device: str
    name: str
    source_digest: str
    may_exist: bool = False
    recorded: bool = field(default=False, metadata=LEFT_OUT)


def device_component(
    device: str, name: str, package: specs.StoredObject, template: FunctionComponent, *, recorded: bool = False
) -> FunctionComponent:
    """The component of a device's own processor: the default processor's, with a name and a package of its own.

    `package` is the device's zip, with its base64 SHA-256. `template` is the default processor's component.
    `recorded`: the last successful deployment left it there, whatever it did about the default one.
    """
    made = template.identified(name, replace(template.owner, recorded=recorded))
    function = replace(
        made.function,
        role_arn=role_arn_beside(made.function.role_arn, name, made.owner.installation),
        code=package,
        description=f"Processes telemetry of {device} with its own process.py.",
    )
    return replace(made, function=function)
