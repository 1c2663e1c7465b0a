"""Who asks, in terms of IAM: the user or role behind the identity that STS tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

Kind = Literal["root", "user", "role", "federated", "other"]


@dataclass(frozen=True)
class Principal:
    """A user, a role, or what has no policies of its own. `arn` is IAM's, also where STS tells of a session."""

    kind: Kind
    name: str
    arn: str

    def __str__(self) -> str:
        return "the root user" if self.kind == "root" else f"{self.kind} {self.name}"


def principal(iam: Any, arn: str) -> Principal:
    """The principal behind an ARN, as `sts get-caller-identity` tells it or as IAM does.

    A session's ARN leaves the role's path out, so IAM is asked for it; where it may not be, the path is taken for `/`.
    """
    _, partition, service, _, account, resource = arn.split(":", 5)
    kind, _, rest = resource.partition("/")
    name = rest.rpartition("/")[2]
    if service == "sts" and kind == "assumed-role":
        role = rest.partition("/")[0]
        return Principal("role", role, _role_arn(iam, role, f"arn:{partition}:iam::{account}:role/{role}"))
    if service == "sts" and kind == "federated-user":
        return Principal("federated", rest, arn)
    if service == "iam" and resource == "root":
        return Principal("root", "root", arn)
    if service == "iam" and kind in ("user", "role"):
        return Principal("user" if kind == "user" else "role", name, arn)
    return Principal("other", resource, arn)


def _role_arn(iam: Any, role: str, otherwise: str) -> str:
    try:
        return str(iam.get_role(RoleName=role)["Role"]["Arn"])
    except ClientError:
        return otherwise
