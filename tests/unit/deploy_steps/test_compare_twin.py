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
from tests.harness.account import Account
from tests.proofs.drifts import DRIFTS, Drift
from tests.proofs.projects import SCENARIOS, TWIN, Mapping, Project, name_of

DEPLOY = {"project": TWIN}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with Account() as opened:
        yield opened


def deployed(account: Account, mapping: Mapping, *, batching: bool = False) -> None:
    """Deploy a mapping on an empty account."""
    account.clear()
    account.upload(TWIN, Project(mapping, batching=batching).files)
    ended = account.run("deploy", DEPLOY)
    assert ended.succeeded, ended.cause


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

    assert steps(account, "compare", dry_run=True) == ["comparison drifted"]


def test_a_device_whose_package_is_gone_is_deployed_in_the_usual_way(account: Account) -> None:
    deployed(account, ("aws", "aws", "aws"))
    s3, bucket = account.client("s3"), account.installation.bucket
    [package] = s3.list_objects_v2(Bucket=bucket, Prefix="packages/")["Contents"]
    s3.delete_object(Bucket=bucket, Key=package["Key"])

    assert steps(account, "compare") == ["comparison drifted"]
    assert steps(account, "compare")[0] == "comparison unchanged"


def test_three_hundred_devices_are_told_in_short() -> None:
    results = [Result(kind, "d", "unchanged") for kind in ("iam-role", "function", "invoke-config")]

    told = compare_twin._in_short(results)

    assert len(json.dumps(told)) < 120
