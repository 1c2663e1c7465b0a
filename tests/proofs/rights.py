"""Proves that no function lacks a right that it needs while a mapping or batching changes, though rights come late.

After each writing call of a deployment, every function that was there before it and still is has, in what its role
effectively allows, the rights that its environment needs: the environment that it has now, and the one that it had at
the start until the narrowing begins. A change of a policy, also a narrowing one, takes effect some AWS calls later.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from botocore.awsrequest import AWSResponse
from ministack.services import iam, lambda_svc

from tests.harness.account import Account
from tests.harness.calls import Call
from tests.harness.faults import Faults, Send
from tests.harness.picture import differences
from tests.proofs.projects import MAPPINGS, TWIN, Project, name_of
from tests.proofs.projects import Mapping as Layers
from tests.proofs.reconcile import fresh_picture
from tests.proofs.report import Outcome, Report, options, spread

LATE = 3
"""How many AWS calls later a change of a policy takes effect."""

Environment = Mapping[str, str]


@dataclass(frozen=True)
class Change:
    """From one mapping to another, with or without batching."""

    before: Project
    after: Project

    @property
    def title(self) -> str:
        """`aws/aws/aws -> aws/azure/aws, batching`."""
        shown = (
            f"{name_of(each.mapping)}{', batching' if each.batching else ''}" for each in (self.before, self.after)
        )
        return " -> ".join(shown)


class LateRights(Faults):
    """Looks at every function after each writing call."""

    def __init__(self) -> None:
        self.missing: dict[str, None] = {}
        self.checked = 0
        self._calls = 0
        self._before = {name: _environment(name) for name in lambda_svc._functions if name.startswith(TWIN)}
        self._policies: dict[str, list[tuple[int, Any]]] = {
            name: [(-LATE, json.loads(role["InlinePolicies"].get("gluecode", "{}")))]
            for name, role in iam._roles.items()
        }
        self._narrowing = False

    def meet(self, call: Call, send: Send) -> AWSResponse:
        """Send the call, and look."""
        answer = send()
        self._calls += 1
        if call.operation == "PutRolePolicy":
            self._narrowing |= call.task.endswith("create-iam-role") and self._is_narrower(call)
            versions = self._policies.setdefault(call.params["RoleName"], [])
            versions.append((self._calls if versions else -LATE, json.loads(call.params["PolicyDocument"])))
        if call.writes and not call.of_the_orchestrator:
            self._look()
        return answer

    def _is_narrower(self, call: Call) -> bool:
        *_, (_, held) = self._policies.get(call.params["RoleName"]) or [(0, {})]
        return len(json.loads(call.params["PolicyDocument"])["Statement"]) < len(held.get("Statement", []))

    def _look(self) -> None:
        for name, environment in self._before.items():
            function = lambda_svc._functions.get(name)
            if function is None:
                continue
            policy = self._effective(function["config"]["Role"].rpartition("/")[2])
            needed = {*_needs(_environment(name)), *(() if self._narrowing else _needs(environment))}
            for action, resource in sorted(needed):
                self.checked += 1
                if not _allowed(policy, action, resource):
                    self.missing[f"{name} may not {action} on {resource}"] = None

    def _effective(self, role: str) -> Any:
        versions = self._policies.get(role, [(0, {})])
        return next(policy for since, policy in reversed(versions) if since <= self._calls - LATE)


def _environment(function: str) -> Environment:
    found: Environment = lambda_svc._functions[function]["config"]["Environment"]["Variables"]
    return dict(found)


def _needs(environment: Environment) -> Iterator[tuple[str, str]]:
    """What a function does with its variables, written down by hand."""
    for name, value in environment.items():
        target = name.removesuffix("_LAMBDA_NAME")
        if target != name and f"{target}_QUEUE_URL" not in environment:
            yield "lambda:InvokeFunction", f"arn:aws:lambda:us-east-1:000000000000:function:{value}"
        if name.endswith("_QUEUE_URL"):
            yield "sqs:SendMessage", f"arn:aws:sqs:us-east-1:000000000000:{value.rpartition('/')[2]}"
        if name == "DYNAMODB_TABLE_NAME":
            yield "dynamodb:PutItem", f"arn:aws:dynamodb:us-east-1:000000000000:table/{value}"
        if name == "INTER_CLOUD_TOKEN_SECRET":
            yield "secretsmanager:GetSecretValue", f"{value}-AbCdEf"


def _allowed(policy: Any, action: str, resource: str) -> bool:
    return any(
        action in statement["Action"] and any(fnmatchcase(resource, pattern) for pattern in statement["Resource"])
        for statement in policy.get("Statement", [])
    )


def check(account: Account, change: Change) -> Outcome:
    """Deploy one, then the other, and look all the time."""
    outcome = Outcome()
    fresh = fresh_picture(account, change.after.mapping) if not change.after.batching else None
    account.clear()
    account.upload(TWIN, change.before.files)
    account.run("deploy", {"project": TWIN})
    account.upload(TWIN, change.after.files)
    rights = LateRights()

    done = account.run("deploy", {"project": TWIN, "retain_data": False}, faults=rights)

    outcome.counts["changes"] += 1
    outcome.counts["rights of functions looked at"] += rights.checked
    outcome.expect(done.succeeded, f"{change.title}: {done.error} {done.cause[:300]}")
    outcome.failures += [f"{change.title}: {line}" for line in rights.missing]
    if fresh is not None:
        outcome.failures += [f"{change.title}: {line}" for line in differences(fresh, account.picture())]
    return outcome


def changes() -> list[Change]:
    """Every change of mapping, and batching switched on and off, between which some function stays."""
    plain = [
        Change(Project(one), Project(other)) for one, other in itertools.permutations(MAPPINGS, 2) if _stays(one, other)
    ]
    crossing = [mapping for mapping in MAPPINGS if mapping[:2].count("aws") == 1 or mapping[1:].count("aws") == 1]
    batched = [(Project(mapping), replace(Project(mapping), batching=True)) for mapping in crossing if _sends(mapping)]
    return [*plain, *(Change(*pair) for pair in batched), *(Change(on, off) for off, on in batched)]


def _stays(one: Layers, other: Layers) -> bool:
    return any(before == after == "aws" for before, after in zip(one, other, strict=True))


def _sends(mapping: Layers) -> bool:
    return any(one == "aws" != other for one, other in itertools.pairwise(mapping))


def main() -> int:
    """Run all of it and print the counts."""
    jobs = options(__doc__).parse_args().jobs
    all_of_them = changes()
    report = Report(f"Rights proof: {len(all_of_them)} changes under rights that come late")
    spread(all_of_them, check, jobs, report)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
