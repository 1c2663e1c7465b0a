"""Has parliament, an independent linter, read every IAM policy that we write: `make check` wants nothing above low."""

from __future__ import annotations

import itertools
import json
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from deploy_steps.registry import Task, all_tasks
from orchestrator.core.names import Installation
from orchestrator.core.plan import Code as FunctionCode
from orchestrator.core.plan import Footprint, Request, plan
from orchestrator.install import iam, template
from orchestrator.install.machines import machines
from orchestrator.install.template import Code
from state_machines import placeholder
from tests.install.resolved import HERE, resolved
from tests.unit.orchestrator.projects import MAPPINGS, batching, project
from tests.unit.orchestrator.projects import connections as one_by_one

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # parliament uses pkg_resources, which says that it is deprecated
    import parliament

Policy = dict[str, Any]

_GIVEN = {**HERE, "KmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"}
_BAD = ("MEDIUM", "HIGH", "CRITICAL")
_BAD_ALTHOUGH_LOW = ("UNKNOWN_ACTION", "UNKNOWN_PREFIX")  # a right that is misspelt is none


def policies() -> Iterator[tuple[str, Policy]]:
    """Every policy with its name: of the template's roles, the boundary of twins, and the roles of twins' functions."""
    known = tuple(all_tasks())
    for task in known:
        yield f"task {task.name}", _document(iam.task_statements(task.name, task.actions))
    made = template.orchestrator(known, machines(), Code("", "", "", "", ""), "")
    for name, resource in made["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role" and not _is_of_task(name, known):
            for policy in resource["Properties"]["Policies"]:
                yield f"role {name}", _document(policy["PolicyDocument"]["Statement"])
    yield "boundary of twins", _document(iam.boundary())
    yield from _of_twins()


def findings(policy: Policy) -> list[str]:
    """What parliament finds in a policy that is worse than low, and actions that it does not know."""
    found = map(parliament.enhance_finding, parliament.analyze_policy_string(json.dumps(policy)).findings)
    return [
        f"{each.severity} {each.issue}: {each.title} {each.detail}"
        for each in found
        if each.severity in _BAD or each.issue in _BAD_ALTHOUGH_LOW
    ]


def _is_of_task(role: str, known: tuple[Task, ...]) -> bool:
    return role in {f"{placeholder(task.name)}Role" for task in known}


def _document(statements: list[iam.Statement]) -> Policy:
    return {"Version": "2012-10-17", "Statement": resolved(statements, _GIVEN)}


def _of_twins() -> Iterator[tuple[str, Policy]]:
    here = Installation("gluecode", "aws", "eu-central-1", "123456789012")
    code = FunctionCode("bucket", "code/functions.zip", "c2hhMjU2")
    seen: set[str] = set()
    for mapping, connections in itertools.product(MAPPINGS, (one_by_one, batching)):
        wanted = project(mapping, config_inter_cloud={"connections": connections(mapping)})
        made = plan(wanted, here, code, Footprint(), Request("run", "factory", "projects/factory/")).as_json()
        for role in itertools.chain([made["iot_role"]], (part["role"] for part in made["functions"].values())):
            text = json.dumps(role["policy"])
            if text not in seen:
                seen.add(text)
                yield f"{role['name']} on {'/'.join(mapping)}", role["policy"]


def _an_execution_is_of_one_type() -> None:
    """Put parliament right: DescribeExecution is for a standard *or* an express execution, not for both at once."""
    for service in parliament.iam_definition:
        for privilege in service["privileges"] if service["prefix"] == "states" else ():
            if privilege["privilege"] == "DescribeExecution":
                for each in privilege["resource_types"]:
                    each["resource_type"] = each["resource_type"].replace("express*", "express")


_an_execution_is_of_one_type()


def main() -> int:
    """Print what is found."""
    checked = dict(policies())
    wrong = [f"{name}: {finding}" for name, policy in checked.items() for finding in findings(policy)]
    print("\n".join([*wrong, f"parliament has read {len(checked)} IAM policies: {len(wrong)} findings above low."]))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
