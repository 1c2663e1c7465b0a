"""Roles and dashboards are named by installation and region, and a twin of an earlier release is brought to that."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from moto import mock_aws

from deploy_steps.kinds import dashboard, iam_role
from deploy_steps.ownership import is_ours
from deploy_steps.state.stored_plan import scoped
from orchestrator.core.names import UNSCOPED
from orchestrator.core.plan import Footprint, Plan
from orchestrator.core.plan.prune import Removal, obsolete
from orchestrator.core.specs import GlobalIdentity, Owner
from tests.state_machines.example import TWIN, planned

SCOPE = "gluecode/eu-central-1"
OURS = {"DigitalTwin": "t", "ManagedBy": "multicloud-gluecode"}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.mark.parametrize(
    ("owner", "tags", "ours", "reason"),
    [
        (Owner("t", installation=SCOPE), {**OURS, "Installation": SCOPE}, True, "marked as this installation's"),
        (Owner("t", installation=SCOPE), {**OURS, "Installation": "b/eu-central-1"}, False, "another installation's"),
        (Owner("t", installation=SCOPE), OURS, False, "not marked, and nothing is known of it"),
        (Owner("t", installation=SCOPE, unmarked=True), OURS, True, "of a release that did not mark it"),
        (Owner("t", installation=SCOPE, recorded=True), OURS, True, "the record knows it"),
        (Owner("t", installation=SCOPE, unmarked=True), {}, False, "no release of ours makes anything without a mark"),
        (Owner("t", installation=SCOPE, adopt=True), {**OURS, "Installation": "b/x"}, True, "adopted"),
    ],
)
def test_whose_a_thing_is(owner: Owner, tags: dict[str, str], ours: bool, reason: str) -> None:
    assert is_ours(owner, tags) is ours, reason


def earlier(plan: Any) -> Any:
    """A plan as an earlier release stored it: without scope and installation, its roles without a path."""
    text = json.dumps({name: value for name, value in plan.items() if name != "scope"})
    text = text.replace(f', "installation": "{SCOPE}"', "")
    text = text.replace(":role/gluecode/gluecode/eu-central-1/", ":role/").replace("-eu-central-1-gluecode", "")
    return json.loads(text)


@pytest.mark.parametrize("mapping", [("aws", "aws", "aws"), ("gcp", "aws", "azure")], ids="/".join)
def test_a_rollback_to_an_earlier_release_uses_the_new_names(mapping: tuple[str, str, str]) -> None:
    today = planned(mapping)

    back = scoped(earlier(today), SCOPE)

    unmarked = json.loads(json.dumps(back).replace(', "unmarked": true', ""))
    assert Plan.from_json(unmarked) == Plan.from_json(today)


def test_what_has_other_names_is_removed_for_whatever_stays() -> None:
    now = Footprint(("dashboard", "dispatcher", "iot_rule"), ("press",), scopes=(SCOPE,))
    before = Footprint(("dashboard", "dispatcher"), ("press",), scopes=(UNSCOPED,))

    found = obsolete(TWIN, before - now, now, Footprint(), Removal(scope=SCOPE, before=before.scopes))

    (data,) = found["data"]
    owner = {"twin": TWIN, "installation": SCOPE, "unmarked": True}
    names = ("trigger", "dispatcher", "press-processor")
    assert data == {
        "roles": [{"name": f"{TWIN}-{name}", "owner": owner, "unscoped": True} for name in names],
        "dashboards": [{"name": f"{TWIN}-dashboard", "owner": owner, "unscoped": True}],
    }
    assert found["functions"] == []


@mock_aws
@pytest.mark.parametrize(("region", "outcome"), [("eu-central-1", "deleted"), ("us-east-1", "absent")])
def test_an_earlier_role_is_removed_by_the_region_it_was_written_for(region: str, outcome: str) -> None:
    iam = boto3.client("iam", region_name="us-east-1")
    tags: Any = [{"Key": key, "Value": value} for key, value in OURS.items()]
    iam.create_role(RoleName="t-writer", AssumeRolePolicyDocument=TRUST, Tags=tags)
    statement = {
        "Effect": "Allow",
        "Action": ["dynamodb:PutItem"],
        "Resource": [f"arn:aws:dynamodb:{region}:1:table/t"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="t-writer", PolicyName="gluecode", PolicyDocument=policy)
    owner = Owner("t", installation=SCOPE, unmarked=True)

    result = iam_role.kind.destroy(iam, GlobalIdentity("t-writer", owner, unscoped=True))

    assert result.outcome == outcome


@mock_aws
@pytest.mark.parametrize(("region", "outcome"), [("eu-central-1", "deleted"), ("us-east-1", "absent")])
def test_an_earlier_dashboard_is_removed_by_the_region_that_it_shows(region: str, outcome: str) -> None:
    cloudwatch = boto3.client("cloudwatch", region_name="us-east-1")
    marks = "DigitalTwin=t ManagedBy=multicloud-gluecode"
    heading = {"type": "text", "properties": {"markdown": f"# t\n\n{marks}"}}
    graph = {"type": "metric", "properties": {"title": "x", "region": region}}
    body = json.dumps({"widgets": [heading, graph]})
    cloudwatch.put_dashboard(DashboardName="t-dashboard", DashboardBody=body)
    owner = Owner("t", installation=SCOPE, unmarked=True)

    result = dashboard.kind.destroy(cloudwatch, GlobalIdentity("t-dashboard", owner, unscoped=True))

    assert result.outcome == outcome
