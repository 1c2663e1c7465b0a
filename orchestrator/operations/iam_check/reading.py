"""Reads every policy that a user or role has, as far as IAM lets the caller."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from orchestrator.operations.iam_check.evaluation import Policies, Policy
from orchestrator.operations.iam_check.principal import Principal


@dataclass(frozen=True)
class Read:
    """The policies that could be read, and what could not, in words."""

    policies: Policies
    unread: tuple[str, ...] = ()


def read(iam: Any, principal: Principal) -> Read:
    """The policies of a user (with its groups') or of a role. What is refused is noted, not raised."""
    reader = _Reader(iam)
    if principal.kind == "user":
        granting = [*reader.of("user", principal.name), *reader.of_groups(principal.name)]
    else:
        granting = list(reader.of("role", principal.name))
    boundary = reader.boundary(principal)
    return Read(Policies(tuple(granting), boundary), tuple(reader.unread))


@dataclass
class _Reader:
    iam: Any
    unread: list[str] = field(default_factory=list)

    def of(self, kind: str, name: str) -> Iterator[Policy]:
        """The inline and the attached policies of a user, group or role."""
        named, whose = {f"{kind.capitalize()}Name": name}, f"of {kind} {name}"
        for policy in self._pages(f"list_{kind}_policies", "PolicyNames", named, f"the inline policies {whose}"):
            yield from self._inline(kind, {**named, "PolicyName": policy}, f"inline policy {policy} {whose}")
        attached = self._pages(
            f"list_attached_{kind}_policies", "AttachedPolicies", named, f"the attached policies {whose}"
        )
        for each in attached:
            yield from self._managed(each["PolicyArn"], f"policy {each['PolicyName']} {whose}")

    def of_groups(self, user: str) -> Iterator[Policy]:
        """The policies of all groups that a user is in."""
        for group in self._pages("list_groups_for_user", "Groups", {"UserName": user}, f"the groups of user {user}"):
            yield from self.of("group", group["GroupName"])

    def boundary(self, principal: Principal) -> Policy | None:
        """The permissions boundary, if there is one."""
        kind = principal.kind
        named = {f"{kind.capitalize()}Name": principal.name}
        what = f"permissions boundary of {principal}"
        found = self._try(lambda: getattr(self.iam, f"get_{kind}")(**named), f"the {what}")
        arn = (found or {}).get(kind.capitalize(), {}).get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return next(self._managed(arn, what), None) if arn else None

    def _inline(self, kind: str, named: Mapping[str, str], what: str) -> Iterator[Policy]:
        got = self._try(lambda: getattr(self.iam, f"get_{kind}_policy")(**named), what)
        if got:
            yield Policy(what, _document(got["PolicyDocument"]))

    def _managed(self, arn: str, what: str) -> Iterator[Policy]:
        policy = self._try(lambda: self.iam.get_policy(PolicyArn=arn)["Policy"], what)
        if policy:
            version = policy["DefaultVersionId"]
            got = self._try(lambda: self.iam.get_policy_version(PolicyArn=arn, VersionId=version), what)
            if got:
                yield Policy(what, _document(got["PolicyVersion"]["Document"]))

    def _pages(self, operation: str, key: str, named: Mapping[str, str], what: str) -> list[Any]:
        def collect() -> list[Any]:
            return [each for page in self.iam.get_paginator(operation).paginate(**named) for each in page[key]]

        return self._try(collect, what) or []

    def _try(self, ask: Callable[[], Any], what: str) -> Any:
        try:
            return ask()
        except ClientError as error:
            self.unread.append(f"{what} ({error.response['Error']['Code']})")
            return None


def _document(value: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(unquote(value)) if isinstance(value, str) else value
    return document
