"""A comparison says that a twin is as planned only if every single thing of it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from deploy_steps.contract import Result
from deploy_steps.tasks import compare_twin
from deploy_steps.tasks.compare_twin import SINGLE
from orchestrator.core.catalogue import ALARMS, COMPONENTS, FUNCTIONS, QUEUES
from tests.harness.account import Account, Saved
from tests.proofs.drifts import DRIFTS, Drift
from tests.proofs.projects import SCENARIOS, TWIN, Mapping, Project, name_of

DEPLOY = {"project": TWIN}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with Account() as opened:
        yield opened


_SAVED: dict[tuple[Account, Mapping, bool], Saved] = {}  # each mapping is deployed once for all tests


def deployed(account: Account, mapping: Mapping, *, batching: bool = False) -> None:
    """Deploy a mapping on an empty account."""
    if saved := _SAVED.get((account, mapping, batching)):
        account.restore(saved)
        return
    account.clear()
    account.upload(TWIN, Project(mapping, batching=batching).files)
    ended = account.run("deploy", DEPLOY)
    assert ended.succeeded, ended.cause
    _SAVED[account, mapping, batching] = account.save()


def steps(account: Account, verb: str, **request: Any) -> list[str]:
    """Run the deployment once more; which steps of that verb it took."""
    ended = account.run("deploy", {**DEPLOY, **request})
    assert ended.succeeded, ended.cause
    return [f"{line['step']} {line['outcome']}" for line in ended.journal if line["verb"] == verb]


def test_every_component_of_a_twin_is_compared() -> None:
    assert {*COMPONENTS} - {*SINGLE, *ALARMS, *FUNCTIONS, *QUEUES} == set()


@pytest.mark.parametrize("batching", [False, True], ids=["one by one", "batching"])
@pytest.mark.parametrize("mapping", SCENARIOS.values(), ids=name_of)
def test_what_nobody_touched_is_compared_by_one_call_for_each_thing_and_written_nowhere(
    account: Account, mapping: Mapping, batching: bool
) -> None:
    deployed(account, mapping, batching=batching)

    again = account.run("deploy", DEPLOY)

    assert again.succeeded
    assert again.writes == []
    assert [line["step"] for line in again.journal if line["verb"] in ("take", "start", "create")] == []
    seen = [str(call) for call in again.calls if not call.of_the_orchestrator]
    assert sorted(set(seen)) == sorted(seen), "something was read twice"


def test_each_thing_is_told_as_unchanged(account: Account) -> None:
    deployed(account, ("aws", "aws", "aws"))

    again = account.run("deploy", DEPLOY)

    told = [f"{line['step']} {line['name']}" for line in again.journal if line["verb"] == "compare"]
    assert f"function {TWIN}-press-processor" in told
    assert again.output["summary"] == {"unchanged": len(told) - 1}  # the comparison itself is no thing
    assert again.output["outcome"] == "deployed"


def test_the_addresses_are_told_again(account: Account) -> None:
    deployed(account, ("gcp", "aws", "gcp"))

    again = account.run("deploy", DEPLOY)

    assert list(again.output["urls"]) == ["ingestion"]
    assert again.output["connections"]["gcp_l1_to_aws_l2"]["url"] == again.output["urls"]["ingestion"]


@pytest.mark.parametrize("by_hand", DRIFTS, ids=lambda by_hand: str(by_hand.title))
def test_no_drift_passes_a_comparison(account: Account, by_hand: Drift) -> None:
    deployed(account, by_hand.mapping, batching=by_hand.batching)
    by_hand.do(account.client)

    assert steps(account, "compare", dry_run=True) == ["twin drifted"]


def test_a_device_whose_package_is_gone_is_deployed_in_the_usual_way(account: Account) -> None:
    deployed(account, ("aws", "aws", "aws"))
    s3, bucket = account.client("s3"), account.installation.bucket
    [package] = s3.list_objects_v2(Bucket=bucket, Prefix="packages/")["Contents"]
    s3.delete_object(Bucket=bucket, Key=package["Key"])

    assert steps(account, "compare") == ["twin drifted"]
    assert steps(account, "compare")[0] == "twin unchanged"


@pytest.mark.parametrize("batching", [False, True], ids=["one by one", "batching"])
@pytest.mark.parametrize("mapping", SCENARIOS.values(), ids=name_of)
def test_an_inspection_checks_every_resource_that_a_deployment_makes(
    account: Account, mapping: Mapping, batching: bool
) -> None:
    account.clear()
    account.upload(TWIN, Project(mapping, batching=batching).files)
    made = {
        f"{line['step']} {line['name']}" for line in account.run("deploy", DEPLOY).journal if line["verb"] == "create"
    }

    inspected = account.run("inspect", {"twin": TWIN})

    checked = {f"{line['step']} {line['name']}" for line in inspected.journal if line["verb"] == "compare"}
    assert checked - {f"twin {TWIN}"} == made
    assert inspected.output["outcome"] == "as deployed"
    assert inspected.writes == []


def test_an_inspection_goes_on_after_the_first_difference(account: Account) -> None:
    deployed(account, ("aws", "aws", "aws"))
    account.client("logs").delete_log_group(logGroupName=f"/gluecode/{TWIN}")
    account.client("lambda").delete_function(FunctionName=f"{TWIN}-press-processor")

    found = account.run("inspect", {"twin": TWIN}).output["findings"]

    assert {(each["kind"], each["name"], each["problem"]) for each in found} == {
        ("log-group", f"/gluecode/{TWIN}", "missing"),
        ("function", f"{TWIN}-press-processor", "missing"),
        ("invoke-config", f"{TWIN}-press-processor", "missing"),
    }


def test_an_inspection_takes_a_package_that_is_gone_for_a_finding(account: Account) -> None:
    deployed(account, ("aws", "aws", "aws"))
    s3, bucket = account.client("s3"), account.installation.bucket
    [package] = s3.list_objects_v2(Bucket=bucket, Prefix="packages/")["Contents"]
    s3.delete_object(Bucket=bucket, Key=package["Key"])

    found = account.run("inspect", {"twin": TWIN}).output["findings"]

    assert [(each["kind"], each["problem"]) for each in found] == [("processor-package", "missing")]


def test_three_hundred_devices_are_told_in_short() -> None:
    results = [Result(kind, "d", "unchanged") for kind in ("iam-role", "function", "invoke-config")]

    told = compare_twin._in_short(results)

    assert len(json.dumps(told)) < 120
