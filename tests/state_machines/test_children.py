"""The machines that others start, run by themselves: the order of their steps and what they answer."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from deploy_steps.shared import summary
from tests.state_machines.engines import Engine
from tests.state_machines.example import TWIN, Steps, planned
from tests.state_machines.recorder import Recorder

MADE = [{"arn": f"arn:role/{TWIN}-{name}", "id": f"AROA-{name}"} for name in ("persister", "processor")]
LAYER = "arn:aws:lambda:eu-central-1:123456789012:layer:factory-configuration:7"


def given(component: str, mapping: tuple[str, str, str] = ("azure", "aws", "aws")) -> dict[str, Any]:
    """The input with which a function of a twin is deployed or inspected."""
    made = planned(mapping)["functions"][component]
    told = {"run": "a-run", "dry_run": False, "role_is_made": False, "may_exist": False}
    return {**told, "component": made, "configuration_layer": LAYER}


@pytest.mark.parametrize(
    ("component", "calls"),
    [
        ("ingestion", [{"create-function-url", "create-permissions"}, {"prove-url"}]),
        ("processor", [{"create-invoke-config"}]),
        ("dispatcher", [{"create-invoke-config", "create-permissions"}]),
    ],
)
def test_a_function_is_made_before_the_ways_to_call_it(
    engine: Engine, recorder: Recorder, component: str, calls: list[set[str]]
) -> None:
    steps = Steps(planned(("azure", "aws", "aws")))
    recorder.start_over(steps)

    ended = engine.run("deploy-function", given(component))

    assert ended.status == "SUCCEEDED", ended.cause
    told = recorder.told()
    groups: list[set[str]] = [{"create-iam-role"}, {"create-function"}, *calls]
    for group in groups:
        assert set(told[: len(group)]) == {f"{task} {TWIN}-{component}" for task in group}
        del told[: len(group)]
    assert told == []
    assert Counter(step["outcome"] for step in summary.steps(ended.output)) == {
        "created": sum(map(len, groups)) - ({"prove-url"} in calls),
        **({"present": 1} if {"prove-url"} in calls else {}),
    }


def test_a_function_whose_role_was_prepared_does_not_make_it_again(embedded: Engine, recorder: Recorder) -> None:
    recorder.start_over(Steps(planned(("azure", "aws", "aws"))))

    embedded.run("deploy-function", {**given("processor"), "role_is_made": True, "steps": {"role": {"made": MADE}}})

    assert recorder.told() == [f"create-function {TWIN}-processor", f"create-invoke-config {TWIN}-processor"]
    assert recorder.calls[0].event["resolved"] == {"configuration_layer": LAYER, "roles": MADE}


def test_a_function_that_is_to_have_its_role_made_learns_which_one_it_is(engine: Engine, recorder: Recorder) -> None:
    recorder.start_over(Steps(planned(("azure", "aws", "aws"))))

    engine.run("deploy-function", given("processor"))

    role = {"arn": f"arn:{TWIN}-processor", "id": f"AROA-{TWIN}-processor"}
    assert recorder.calls[1].event["resolved"] == {"configuration_layer": LAYER, "roles": [role]}


def test_a_function_of_a_deployment_that_began_before_an_upgrade_makes_its_role_again(
    embedded: Engine, recorder: Recorder
) -> None:
    recorder.start_over(Steps(planned(("azure", "aws", "aws"))))

    embedded.run("deploy-function", {**given("processor"), "role_is_made": True})

    assert recorder.told()[0] == f"create-iam-role {TWIN}-processor"


@pytest.mark.parametrize("component", ["ingestion", "processor", "dispatcher"])
def test_what_hangs_on_a_function_learns_whether_that_was_there(
    engine: Engine, recorder: Recorder, component: str
) -> None:
    steps = Steps(planned(("azure", "aws", "aws")))
    updated = {"outcome": "updated", "may_exist": True}
    recorder.start_over(lambda call: {**steps(call), **(updated if call.task == "create-function" else {})})

    engine.run("deploy-function", given(component))

    told = {call.task: call.event["may_exist"] for call in recorder.calls if "may_exist" in call.event}
    assert {told.pop("create-iam-role"), told.pop("create-function")} == {False}
    assert set(told.values()) == {True}


def test_the_proof_is_told_the_address_and_the_secret(engine: Engine, recorder: Recorder) -> None:
    recorder.start_over(Steps(planned(("azure", "aws", "aws"))))

    engine.run("deploy-function", given("ingestion"))

    assert recorder.calls[-1].event == {
        "run": "a-run",
        "dry_run": False,
        "name": f"{TWIN}-ingestion",
        "secret_name": f"{TWIN}/azure_l1_to_aws_l2",
        "url": f"https://{TWIN}-ingestion.example.com/",
    }


def test_a_function_goes_before_its_role_and_after_the_ways_to_call_it(engine: Engine, recorder: Recorder) -> None:
    recorder.start_over(Steps({}))
    identity = {"name": f"{TWIN}-writer", "owner": {"twin": TWIN}}

    ended = engine.run("remove-function", {"run": "a-run", "dry_run": False, "identity": identity})

    kinds = ["function-url", "permissions", "invoke-config", "function", "iam-role"]
    assert recorder.told() == [f"destroy-{kind} {TWIN}-writer" for kind in kinds]
    assert [step["kind"] for step in ended.output.values()] == kinds
