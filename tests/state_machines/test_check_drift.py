"""Every twin is inspected, and what has drifted is announced and, if that is wanted, asked to be deployed again."""

from __future__ import annotations

from typing import Any

import pytest

from deploy_steps.contract import Change, Result
from deploy_steps.errors import InvalidInput
from deploy_steps.shared.execution_input import read_check_drift
from tests.state_machines.engines import Engine
from tests.state_machines.example import TWIN, Steps, planned
from tests.state_machines.recorder import Call, Recorder, StepFails

DRIFTED = Result("hot-table", f"{TWIN}-hot-iot-data", "drifted", (Change("billing_mode", "PROVISIONED", "x"),))


def steps(*drifted: Result) -> Steps:
    """Steps of a twin with storage only, in which this has drifted."""
    made = Steps(planned(("gcp", "gcp", "aws")))
    made.amiss = list(drifted)
    return made


def asked(recorder: Recorder) -> list[str]:
    """What was done beside inspecting."""
    about = ("list-twins", "announce-drift", "request-redeployment")
    return [told for told in recorder.told() if told.startswith(about)]


@pytest.mark.parametrize(
    ("repair", "then"),
    [(False, [f"announce-drift {TWIN}"]), (True, [f"announce-drift {TWIN}", f"request-redeployment {TWIN}"])],
    ids=["tell", "repair"],
)
def test_a_twin_that_has_drifted_is_announced_and_repaired_if_wanted(
    engine: Engine, recorder: Recorder, repair: bool, then: list[str]
) -> None:
    recorder.start_over(steps(DRIFTED))

    ended = engine.run("check-drift", {"repair": repair})

    assert ended.status == "SUCCEEDED", ended.cause
    assert asked(recorder) == ["list-twins", *then]
    [found] = ended.output["twins"]
    assert (found["twin"], found["outcome"]) == (TWIN, "drifted")
    announced = next(call.event for call in recorder.calls if call.task == "announce-drift")
    assert [each["problem"] for each in announced["inspection"]["findings"]] == ["drifted"]


def test_a_twin_as_it_was_deployed_is_left_alone(engine: Engine, recorder: Recorder) -> None:
    recorder.start_over(steps())

    ended = engine.run("check-drift", {"repair": True})

    assert (ended.status, asked(recorder)) == ("SUCCEEDED", ["list-twins"])
    assert ended.output["twins"][0]["outcome"] == "as deployed"


def test_a_twin_that_cannot_be_inspected_does_not_fail_the_others(embedded: Engine, recorder: Recorder) -> None:
    well = steps(DRIFTED)
    answers = iter(["fails"])

    def answer(call: Call) -> Any:
        if call.task == "list-twins":
            return {**well(call), "twins": [{"twin": name, "project": name} for name in (TWIN, TWIN)]}
        if call.task == "load-twin" and next(answers, ""):
            raise StepFails("InvalidInput", "There is nothing to compare the twin with.")
        return well(call)

    recorder.start_over(answer)

    ended = embedded.run("check-drift", {"repair": False})

    assert ended.status == "SUCCEEDED", ended.cause
    assert sorted(found["outcome"] for found in ended.output["twins"]) == ["drifted", "not inspected"]


def test_a_malformed_input_ends_by_saying_what_to_type(engine: Engine, recorder: Recorder) -> None:
    def reading(call: Call) -> Any:
        try:
            return read_check_drift(call.event["request"])
        except InvalidInput as error:
            raise StepFails("InvalidInput", str(error)) from error

    recorder.start_over(reading)

    ended = engine.run("check-drift", {"repare": True})

    assert (ended.status, ended.error) == ("FAILED", "InvalidInput")
    assert 'did you mean repair. Type for example {"repair": false}.' in ended.cause
