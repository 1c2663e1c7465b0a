"""What the machines do when a step fails, the lock is held, or the input makes no sense."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from deploy_steps.errors import InvalidInput
from deploy_steps.shared.execution_input import read_deploy, read_twin
from deploy_steps.tasks.load_rollback import rolled_back
from tests.state_machines.engines import Engine
from tests.state_machines.example import EVERYTHING, TWIN, Steps, planned
from tests.state_machines.recorder import Call, Recorder, StepFails

ALL_ON_AWS = ("aws", "aws", "aws")
GO_ON = 'start again with the same input: steps that are done answer "unchanged".'

pytestmark = [
    # A thread of moto's that still waits for a nested execution when another branch has failed ends in a TypeError.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]


class Failing:
    """Steps of which some fail: `task name` → the errors it raises, one at each call, before it succeeds."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.faults: dict[str, list[StepFails]] = {}

    def at(self, step: str, *errors: StepFails) -> Failing:
        """Have a step raise these, one after the other."""
        self.faults[step] = list(errors)
        return self

    def __call__(self, call: Call) -> Any:
        if self.faults.get(str(call)):
            raise self.faults[str(call)].pop(0)
        return self.steps(call)


def closed(told: list[str]) -> list[str]:
    """The last three steps; the last two of them come side by side."""
    return [told[-3], *sorted(told[-2:])]


def failing(step: str, *errors: StepFails, mapping: tuple[str, str, str] = ALL_ON_AWS, **request: Any) -> Failing:
    """A deployment in which one step fails."""
    return Failing(Steps(planned(mapping, **request))).at(step, *errors)


def test_a_failed_step_is_named_and_the_lock_is_free(engine: Engine, recorder: Recorder) -> None:
    said = f"create function '{TWIN}-persister': CreateFunction: not allowed (AccessDeniedException)"
    recorder.start_over(failing(f"create-function {TWIN}-persister", StepFails("AccessDenied", said)))

    ended = engine.run("deploy", {"project": TWIN})

    assert (ended.status, ended.error) == ("FAILED", "AccessDenied")
    assert ended.cause.startswith(said)
    assert ended.cause.endswith(GO_ON)
    assert closed(recorder.told()) == ["record-outcome", "announce-result", f"release-lock {TWIN}"]


def test_nothing_that_is_in_use_upstream_of_a_failed_step_is_changed(embedded: Engine, recorder: Recorder) -> None:
    steps = Failing(Steps(planned(ALL_ON_AWS), EVERYTHING))
    recorder.start_over(steps.at(f"create-function {TWIN}-persister", StepFails("QuotaExceeded")))

    embedded.run("deploy", {"project": TWIN})

    assert [told for told in recorder.told() if "dispatcher" in told] == [f"create-iam-role {TWIN}-dispatcher"]


def test_no_entrance_opens_on_what_failed(embedded: Engine, recorder: Recorder) -> None:
    recorder.start_over(failing(f"create-function {TWIN}-persister", StepFails("QuotaExceeded")))

    embedded.run("deploy", {"project": TWIN})

    assert [told for told in recorder.told() if told.startswith("create-iot-rule")] == []


def test_an_error_that_names_nothing_is_told_with_the_function_it_struck(embedded: Engine, recorder: Recorder) -> None:
    recorder.start_over(failing(f"create-function {TWIN}-processor", StepFails("KeyError", "'Arn'")))

    ended = embedded.run("deploy", {"project": TWIN})

    assert ended.error == "KeyError"
    assert ended.cause.startswith(f"{TWIN}-processor: 'Arn'")


@pytest.mark.parametrize("error", ["NotReady", "Conflict", "Throttled", "ServiceUnavailable", "Runtime.ExitError"])
def test_what_passes_is_waited_for(embedded: Engine, recorder: Recorder, error: str) -> None:
    step = f"create-function {TWIN}-dispatcher"
    recorder.start_over(failing(step, StepFails(error), StepFails(error)))

    ended = embedded.run("deploy", {"project": TWIN})

    assert ended.status == "SUCCEEDED", ended.cause
    assert recorder.told().count(step) == 3


def test_every_engine_retries(engine: Engine, recorder: Recorder) -> None:
    step = f"create-hot-table {TWIN}-hot-iot-data"
    recorder.start_over(failing(step, StepFails("Throttled")))

    ended = engine.run("deploy", {"project": TWIN})

    assert ended.status == "SUCCEEDED", ended.cause
    assert recorder.told().count(step) == 2


@pytest.mark.parametrize("error", ["AccessDenied", "ForeignResource", "QuotaExceeded", "Rejected", "MissingToken"])
def test_what_does_not_pass_is_not_tried_again(embedded: Engine, recorder: Recorder, error: str) -> None:
    step = f"create-hot-table {TWIN}-hot-iot-data"
    recorder.start_over(failing(step, StepFails(error)))

    ended = embedded.run("deploy", {"project": TWIN})

    assert (ended.status, ended.error) == ("FAILED", error)
    assert recorder.told().count(step) == 1


@pytest.mark.parametrize("machine", ["deploy", "destroy"])
def test_who_finds_the_twin_locked_is_told_by_whom_and_leaves_the_lock_alone(
    embedded: Engine, recorder: Recorder, machine: str
) -> None:
    said = f"The twin '{TWIN}' is being worked on by the execution other since 10:00."
    recorder.start_over(failing(f"take-lock {TWIN}", StepFails("Locked", said)))

    ended = embedded.run(machine, {"project": TWIN})

    assert (ended.status, ended.error, ended.cause) == ("FAILED", "Locked", said)
    after = [told for told in recorder.told() if "check" not in told and "announce" not in told][1:]
    assert after == [f"take-lock {TWIN}"]


def test_a_deployment_that_lacks_permissions_ends_before_it_takes_the_lock(engine: Engine, recorder: Recorder) -> None:
    said = "create-function-url (role gluecode-x): lambda:CreateFunctionUrlConfig"
    recorder.start_over(failing("check-permissions", StepFails("AccessDenied", said)))

    ended = engine.run("deploy", {"project": TWIN})

    assert (ended.status, ended.error, ended.cause) == ("FAILED", "AccessDenied", said)
    assert sorted(recorder.told()) == ["announce-result", "check-permissions", "load-project"]


def test_a_lock_of_which_nobody_knows_whether_it_was_taken_is_released(embedded: Engine, recorder: Recorder) -> None:
    recorder.start_over(failing(f"take-lock {TWIN}", StepFails("AccessDenied", "PutItem: not allowed")))

    ended = embedded.run("deploy", {"project": TWIN})

    assert (ended.status, ended.error) == ("FAILED", "AccessDenied")
    assert recorder.told()[2] == f"take-lock {TWIN}"
    assert closed(recorder.told()[3:]) == ["record-outcome", "announce-result", f"release-lock {TWIN}"]


def test_the_lock_is_released_when_the_outcome_cannot_be_recorded(engine: Engine, recorder: Recorder) -> None:
    recorder.start_over(failing("record-outcome", StepFails("AccessDenied", "PutItem: not allowed")))

    ended = engine.run("deploy", {"project": TWIN})

    assert (ended.status, ended.error) == ("FAILED", "NotRecorded")
    assert "PutItem: not allowed" in ended.cause
    assert sorted(recorder.told()[-2:]) == ["announce-result", f"release-lock {TWIN}"]


def test_a_lock_that_cannot_be_released_does_not_spoil_the_deployment(embedded: Engine, recorder: Recorder) -> None:
    recorder.start_over(failing(f"release-lock {TWIN}", StepFails("AccessDenied")))

    ended = embedded.run("deploy", {"project": TWIN})

    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "deployed")


@pytest.mark.parametrize(
    ("step", "outcome"),
    [
        pytest.param("load-project", "failed", id="the project cannot be loaded"),
        pytest.param(f"take-lock {TWIN}", "failed", id="the twin is locked"),
        pytest.param(f"create-hot-table {TWIN}-hot-iot-data", "failed", id="a step fails"),
        pytest.param("record-outcome", "failed", id="the outcome cannot be recorded"),
        pytest.param("nothing", "deployed", id="all goes well"),
    ],
)
def test_the_result_is_announced_on_every_path(engine: Engine, recorder: Recorder, step: str, outcome: str) -> None:
    recorder.start_over(failing(step, StepFails("Locked", "said")))

    engine.run("deploy", {"project": TWIN})

    announced = [call.event for call in recorder.calls if call.task == "announce-result"]
    assert [(event["outcome"]["outcome"], event["request"]) for event in announced] == [(outcome, {"project": TWIN})]


@pytest.mark.parametrize("step", ["load-project", "nothing"])
def test_a_result_that_cannot_be_announced_stays_what_it_is(engine: Engine, recorder: Recorder, step: str) -> None:
    denied = StepFails("AccessDenied", "PutEvents: not allowed")
    recorder.start_over(failing(step, StepFails("InvalidProject", "faults")).at("announce-result", denied))

    ended = engine.run("deploy", {"project": TWIN})

    assert (ended.status, ended.error) == (
        ("FAILED", "InvalidProject") if step == "load-project" else ("SUCCEEDED", "")
    )


def test_destroying_names_the_failed_step_and_frees_the_lock(engine: Engine, recorder: Recorder) -> None:
    said = f"destroy iam-role '{TWIN}-writer': not ours"
    steps = Failing(Steps({}, EVERYTHING)).at(f"destroy-iam-role {TWIN}-writer", StepFails("ForeignResource", said))
    recorder.start_over(steps)

    ended = engine.run("destroy", {"twin": TWIN})

    assert (ended.status, ended.error) == ("FAILED", "ForeignResource")
    assert ended.cause.startswith(said)
    assert recorder.told()[-2:] == ["record-outcome", f"release-lock {TWIN}"]


def test_an_inspection_that_fails_says_so(engine: Engine, recorder: Recorder) -> None:
    said = f"compare twin '{TWIN}': GetFunction: not allowed"
    recorder.start_over(failing("compare-twin", StepFails("AccessDenied", said)))

    ended = engine.run("inspect", {"twin": TWIN})

    assert (ended.status, ended.error) == ("FAILED", "AccessDenied")
    assert ended.cause.startswith(said)


def test_what_failed_is_kept_unless_a_rollback_is_wanted(embedded: Engine, recorder: Recorder) -> None:
    recorder.start_over(failing(f"create-iot-rule {TWIN}_trigger_dispatcher", StepFails("Rejected")))

    embedded.run("deploy", {"project": TWIN})

    assert "load-rollback" not in " ".join(recorder.told())


def test_what_fails_past_the_point_of_no_return_is_not_rolled_back(engine: Engine, recorder: Recorder) -> None:
    steps = RollingBack(f"destroy-secret {TWIN}/{EVERYTHING.connections[0]}", last=planned(ALL_ON_AWS))
    recorder.start_over(steps)

    ended = engine.run("deploy", {"project": TWIN, "on_failure": "rollback"})

    assert (ended.status, ended.error) == ("FAILED", "Rejected")
    assert "All that the project wants is in place" in ended.cause
    assert "load-rollback" not in recorder.told()
    assert closed(recorder.told()) == ["record-outcome", "announce-result", f"release-lock {TWIN}"]


def test_a_rollback_goes_the_same_way_with_the_plan_that_succeeded_last(engine: Engine, recorder: Recorder) -> None:
    step = f"create-iot-rule {TWIN}_trigger_dispatcher"
    recorder.start_over(RollingBack(step, last=planned(("gcp", "aws", "aws"))))

    ended = engine.run("deploy", {"project": TWIN, "on_failure": "rollback"})

    assert (ended.status, ended.error) == ("FAILED", "RolledBack")
    assert "rolled back to what was deployed before. It had failed with Rejected: no such topic" in ended.cause
    told = recorder.told()
    assert Counter(told)["record-start"] == 2
    after = told[told.index("load-rollback") :]
    assert f"create-function-url {TWIN}-ingestion" in after
    assert f"destroy-function {TWIN}-dispatcher" in after
    assert closed(after) == ["record-outcome", "announce-result", f"release-lock {TWIN}"]


def test_a_rollback_with_nothing_to_go_back_to_removes_what_was_made(engine: Engine, recorder: Recorder) -> None:
    recorder.start_over(RollingBack(f"create-iot-rule {TWIN}_trigger_dispatcher", last=None))

    ended = engine.run("deploy", {"project": TWIN, "on_failure": "rollback"})

    assert (ended.status, ended.error) == ("FAILED", "RolledBack")
    assert "rolled back to nothing" in ended.cause
    after = recorder.told()[recorder.told().index("load-rollback") :]
    assert [told for told in after if told.startswith("create")] == []
    for function in ("dispatcher", "processor", "press-processor", "persister", "event-checker"):
        assert f"destroy-function {TWIN}-{function}" in after


def test_a_rollback_that_fails_tells_both_failures(embedded: Engine, recorder: Recorder) -> None:
    steps = RollingBack(f"create-iot-rule {TWIN}_trigger_dispatcher", last=planned(("gcp", "aws", "aws")))
    steps.at(f"create-function-url {TWIN}-ingestion", StepFails("QuotaExceeded", "too many"))
    recorder.start_over(steps)

    ended = embedded.run("deploy", {"project": TWIN, "on_failure": "rollback"})

    assert (ended.status, ended.error) == ("FAILED", "RollbackFailed")
    assert "failed with Rejected: no such topic" in ended.cause
    assert "Rolling it back failed too, with QuotaExceeded" in ended.cause
    assert sorted(recorder.told()[-2:]) == ["announce-result", f"release-lock {TWIN}"]


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (None, "The input is null, which is no JSON object."),
        ("factory", 'The input is "factory", which is no JSON object.'),
        ([], "The input is [], which is no JSON object."),
        ({}, "project is missing."),
        ({"Comment": "Insert your JSON here"}, "Comment is not known here."),
        ({"project": 7}, "project is 7; it has to be"),
        ({"project": TWIN, "dry_run": "yes"}, 'dry_run is "yes"; it has to be true or false.'),
        ({"project": TWIN, "on_failure": "panic"}, 'on_failure is "panic"; it has to be "keep" or "rollback".'),
        ({"projekt": TWIN}, "projekt is not known here; did you mean project."),
    ],
)
def test_a_malformed_input_ends_by_saying_what_to_type(
    embedded: Engine, recorder: Recorder, given: Any, fault: str
) -> None:
    recorder.start_over(Reading())

    ended = embedded.run("deploy", given)

    assert (ended.status, ended.error) == ("FAILED", "InvalidInput")
    assert fault in ended.cause
    assert 'Type for example {"project": "factory-twin"}.' in ended.cause
    assert sorted(recorder.told()) == ["announce-result", "check-permissions", "load-project"]


@pytest.mark.parametrize("given", [None, "factory", {"project": 7}])
def test_every_engine_can_end_on_a_malformed_input(engine: Engine, recorder: Recorder, given: Any) -> None:
    recorder.start_over(Reading())

    ended = engine.run("deploy", given)

    assert (ended.status, ended.error) == ("FAILED", "InvalidInput")
    assert ended.cause.split(" Known here")[0].endswith('Type for example {"project": "factory-twin"}.')


@pytest.mark.parametrize("machine", ["destroy", "inspect"])
def test_a_malformed_input_about_a_twin_ends_by_saying_what_to_type(
    embedded: Engine, recorder: Recorder, machine: str
) -> None:
    recorder.start_over(Reading())

    ended = embedded.run(machine, {"twin": ""})

    assert (ended.status, ended.error) == ("FAILED", "InvalidInput")
    assert 'Type for example {"twin": "factory-twin"}.' in ended.cause


class RollingBack(Failing):
    """A deployment over everything, whose given step fails at first; `last` is the plan that succeeded before."""

    def __init__(self, step: str, last: Mapping[str, Any] | None) -> None:
        super().__init__(Steps(planned(ALL_ON_AWS, on_failure="rollback"), EVERYTHING))
        self.at(step, StepFails("Rejected", "no such topic"))
        self.last = last

    def __call__(self, call: Call) -> Any:
        if call.task == "load-rollback":
            return {**rolled_back(call.event["state"], self.last), "steps_ended_by": "2026-11-01T00:00:00Z"}
        return super().__call__(call)


class Reading:
    """Reads the request as the real tasks do."""

    def __call__(self, call: Call) -> Any:
        if call.task == "check-permissions":
            return {}
        read = read_deploy if call.task == "load-project" else read_twin
        try:
            return read(call.event["request"])
        except InvalidInput as error:
            raise StepFails("InvalidInput", str(error)) from error


def test_a_report_that_cannot_be_written_changes_no_result(engine: Engine, recorder: Recorder) -> None:
    recorder.start_over(failing("write-report", StepFails("AccessDenied", "no"), mapping=("azure", "azure", "aws")))

    ended = engine.run("deploy", {"project": TWIN, "report": True})

    assert (ended.status, ended.output["outcome"], "report" in ended.output) == ("SUCCEEDED", "deployed", False)
    assert recorder.told()[-1] == "announce-result"
