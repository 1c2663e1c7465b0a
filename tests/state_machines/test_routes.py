"""The route of every mapping through the machines, measured by the decision table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import pytest

from deploy_steps.contract import Change, Result
from orchestrator.core.plan import COMPONENTS, Footprint, Watch
from tests.state_machines import decision_table
from tests.state_machines.decision_table import Group
from tests.state_machines.engines import Engine
from tests.state_machines.example import EVERYTHING, TWIN, Mapping3, Steps, planned
from tests.state_machines.recorder import Call, Recorder, StepFails

CLOUDS = ("aws", "azure", "gcp")
MAPPINGS = tuple(product(CLOUDS, CLOUDS, CLOUDS))
ONE_OF_EACH_KIND = tuple(product(("aws", "gcp"), ("aws", "azure"), ("aws", "gcp")))
SCENARIOS = (("aws", "aws", "aws"), ("aws", "azure", "aws"), ("gcp", "aws", "gcp"), ("gcp", "azure", "gcp"))
BEFORE = ["check-permissions", "load-project", f"take-lock {TWIN}", "record-start"]
AFTER = ["record-outcome", f"release-lock {TWIN}", "announce-result"]


def name(mapping: Mapping3) -> str:
    """`aws-azure-gcp`."""
    return "-".join(mapping)


@pytest.mark.parametrize("mapping", MAPPINGS, ids=name)
def test_a_deployment_over_everything_brings_up_its_mapping_and_removes_the_rest(
    embedded: Engine, recorder: Recorder, mapping: Mapping3
) -> None:
    check_change(embedded, recorder, mapping)


@pytest.mark.parametrize("mapping", SCENARIOS, ids=name)
def test_every_engine_takes_the_same_route(engine: Engine, recorder: Recorder, mapping: Mapping3) -> None:
    check_change(engine, recorder, mapping)


@pytest.mark.parametrize("mapping", [("aws", "azure", "aws"), ("gcp", "aws", "gcp")], ids=name)
def test_what_is_sent_in_batches_waits_in_a_queue_on_every_engine(
    engine: Engine, recorder: Recorder, mapping: Mapping3
) -> None:
    check_change(engine, recorder, mapping, batching=True)


@pytest.mark.parametrize("mapping", [("aws", "azure", "aws"), ("gcp", "aws", "gcp")], ids=name)
def test_a_queue_in_which_events_still_wait_stays_with_its_sender(
    engine: Engine, recorder: Recorder, mapping: Mapping3
) -> None:
    steps, sender = Steps(planned(mapping), EVERYTHING), decision_table.batcher(mapping)

    def answer(call: Call) -> Any:
        waits = str(call) == f"destroy-outbox {TWIN}-{sender}"
        return {**steps(call), "outcome": "retained"} if waits else steps(call)

    recorder.start_over(answer)

    ended = engine.run("deploy", {"project": TWIN})

    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.output["retained"] == [f"outbox {TWIN}-{sender}"]
    assert f"destroy-event-source {TWIN}-{sender}" not in recorder.told()
    (role,) = [call.event["spec"] for call in recorder.calls if str(call) == f"create-iam-role {TWIN}-{sender}"]
    assert role["policy"]["Statement"][-1]["Sid"] == "WorkOffQueue"


@pytest.mark.parametrize("mapping", [("aws", "azure", "aws"), ("gcp", "aws", "gcp")], ids=name)
def test_inspect_compares_a_queue_and_its_event_source(embedded: Engine, recorder: Recorder, mapping: Mapping3) -> None:
    steps = Steps(planned(mapping, batching=True), EVERYTHING)
    recorder.start_over(steps)

    ended = embedded.run("inspect", {"twin": TWIN})

    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "as deployed")
    assert sorted(recorder.told()) == sorted(decision_table.inspected(mapping, connections_of(steps), batching=True))


def test_nothing_is_removed_that_was_never_there(embedded: Engine, recorder: Recorder) -> None:
    recorder.start_over(Steps(planned(("aws", "gcp", "aws"))))

    ended = embedded.run("deploy", {"project": TWIN})

    assert ended.status == "SUCCEEDED", ended.cause
    assert [told for told in recorder.told() if told.startswith(("destroy", "drain"))] == []


@pytest.mark.parametrize("mapping", SCENARIOS[:3], ids=name)
def test_a_first_deployment_makes_every_function_at_once_and_opens_the_entrance_last(
    engine: Engine, recorder: Recorder, mapping: Mapping3
) -> None:
    steps = Steps(planned(mapping))
    recorder.start_over(steps)

    ended = engine.run("deploy", {"project": TWIN})

    assert ended.status == "SUCCEEDED", ended.cause
    between = recorder.told()[len(BEFORE) : -len(AFTER)]
    check_order(between, decision_table.up(mapping, connections_of(steps), in_use=False))
    assert not any(call.event["may_exist"] for call in recorder.calls if call.task == "create-iam-role")


def test_an_event_checker_comes_before_a_persister_that_is_in_use(embedded: Engine, recorder: Recorder) -> None:
    before = Footprint(tuple(part for part in COMPONENTS if part != "event_checker"), ("press",))
    recorder.start_over(Steps(planned(("aws", "aws", "aws")), before))

    embedded.run("deploy", {"project": TWIN})

    told = recorder.told()
    assert told.index(f"create-invoke-config {TWIN}-event-checker") < told.index(f"create-function {TWIN}-persister")


def test_what_was_deployed_before_is_compared_at_once_and_recorded_without_a_lock(
    engine: Engine, recorder: Recorder
) -> None:
    recorder.start_over(Steps({**planned(("aws", "aws", "aws")), "unchanged_since_deploy": True}, EVERYTHING))

    ended = engine.run("deploy", {"project": TWIN})

    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "deployed")
    assert ended.output["summary"] == {"unchanged": 3}
    told = recorder.told()
    assert [*sorted(told[:2]), *told[2:]] == [
        *("check-permissions", "load-project", "compare-twin", "record-outcome", "announce-result")
    ]


@pytest.mark.parametrize("reason", ["drift", "an error"])
def test_where_the_comparison_finds_something_or_fails_the_deployment_takes_its_usual_way(
    engine: Engine, recorder: Recorder, reason: str
) -> None:
    steps = Steps({**planned(("aws", "gcp", "gcp")), "unchanged_since_deploy": True}, EVERYTHING)

    def answer(call: Call) -> Any:
        if call.task != "compare-twin":
            return steps(call)
        if reason == "drift":
            return {"up_to_date": False, "steps": {}}
        raise StepFails("AccessDenied", "not allowed to look")

    recorder.start_over(answer)

    ended = engine.run("deploy", {"project": TWIN})

    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "deployed")
    assert recorder.told()[2:5] == ["compare-twin", f"take-lock {TWIN}", "record-start"]
    assert f"create-function {TWIN}-dispatcher" in recorder.told()


def test_a_configuration_that_was_published_twice_is_left_once(engine: Engine, recorder: Recorder) -> None:
    class Again(Steps):
        def create_config_layer(self, event: Mapping[str, Any]) -> Any:
            """The answer to the first publication was lost."""
            answer = self._answer("config-layer", event["spec"]["name"], "created")
            return {**answer, "outputs": {"arn": "arn:layer:11"}}

    recorder.start_over(Again(planned(("aws", "gcp", "aws"))))

    ended = engine.run("deploy", {"project": TWIN})

    assert ended.status == "SUCCEEDED", ended.cause
    assert f"destroy-config-layer {TWIN}-configuration" in recorder.told()


def test_without_event_checking_the_event_checker_goes(embedded: Engine, recorder: Recorder) -> None:
    recorder.start_over(Steps(planned(("aws", "aws", "aws"), event_checking=False), EVERYTHING))

    ended = embedded.run("deploy", {"project": TWIN})

    assert ended.status == "SUCCEEDED", ended.cause
    assert [told for told in recorder.told() if told.endswith("-event-checker")] == [
        f"drain-function {TWIN}-event-checker",
        *(
            f"destroy-{kind} {TWIN}-event-checker"
            for kind in ("function-url", "permissions", "invoke-config", "function", "iam-role")
        ),
    ]


def test_in_an_installation_that_watches_nothing_alarms_and_dashboard_go(embedded: Engine, recorder: Recorder) -> None:
    unwatched = Watch(alarms=False, dashboards=False)
    recorder.start_over(Steps(planned(("aws", "aws", "aws"), watch=unwatched), EVERYTHING))

    deployed = embedded.run("deploy", {"project": TWIN})
    told = [each for each in recorder.told() if "alarms" in each or "dashboard" in each]
    recorder.start_over(Steps(planned(("aws", "aws", "aws"), watch=unwatched), EVERYTHING))
    inspected = embedded.run("inspect", {"twin": TWIN})
    looked_for = [each for each in recorder.told() if "alarms" in each or "dashboard" in each]

    assert (deployed.status, inspected.status) == ("SUCCEEDED", "SUCCEEDED")
    assert told == [f"destroy-alarms {TWIN}", f"destroy-dashboard {TWIN}-dashboard"]
    assert sorted(looked_for) == told
    assert [call.event["identity"]["alarms"] for call in recorder.calls if call.task == "destroy-alarms"] == [
        ["failed-events", "refused-requests", "url-requests"]
    ]


def test_a_plan_takes_the_deployments_route_with_every_step_dry(engine: Engine, recorder: Recorder) -> None:
    recorder.start_over(Steps(planned(("gcp", "aws", "gcp"), dry_run=True), EVERYTHING))
    dry = engine.run("deploy", {"project": TWIN, "dry_run": True})
    reading = ("load-project", "check-permissions")  # they learn it from the request
    route, events = recorder.told(), [call.event for call in recorder.calls if call.task not in reading]

    recorder.start_over(Steps(planned(("gcp", "aws", "gcp")), EVERYTHING))
    engine.run("deploy", {"project": TWIN})

    assert (dry.status, dry.output["outcome"]) == ("SUCCEEDED", "planned")
    drained = [told for told in recorder.told() if told.startswith("drain-function")]  # a dry run waits for nothing
    assert sorted(recorder.told()) == sorted([*route, *drained, "announce-result"])
    assert drained
    assert all(event["dry_run"] for event in events)


def test_the_output_tells_the_addresses_and_what_the_other_clouds_need(embedded: Engine, recorder: Recorder) -> None:
    recorder.start_over(Steps(planned(("azure", "aws", "aws"))))

    ended = embedded.run("deploy", {"project": TWIN})

    url = f"https://{TWIN}-ingestion.example.com/"
    assert ended.output["urls"] == {"ingestion": url}
    assert ended.output["connections"] == {
        "azure_l1_to_aws_l2": {"url": url, "token_secret": f"{TWIN}/azure_l1_to_aws_l2"}
    }
    up = decision_table.up(("azure", "aws", "aws"), ["azure_l1_to_aws_l2"])
    created = [step for group in up for step in group if step.startswith("create-")]
    assert ended.output["summary"] == {"created": len(created), "present": 1}


def test_every_function_gets_the_configuration_and_the_role_that_were_just_made(
    engine: Engine, recorder: Recorder
) -> None:
    recorder.start_over(Steps(planned(("aws", "aws", "aws"))))

    engine.run("deploy", {"project": TWIN})

    told = {call.name: call.event["resolved"] for call in recorder.calls if call.task == "create-function"}
    assert [each["configuration_layer"] for each in told.values()] == [f"arn:{TWIN}-configuration:1"] * 5
    assert [name for name, each in told.items() if {"arn": f"arn:{name}", "id": f"AROA-{name}"} in each["roles"]] == [
        *told
    ]
    assert len(told[f"{TWIN}-press-processor"]["roles"]) == 1


def test_destroy_removes_all_there_can_be_the_other_way_round(engine: Engine, recorder: Recorder) -> None:
    recorder.start_over(Steps({}, EVERYTHING))

    ended = engine.run("destroy", {"twin": TWIN})

    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "destroyed")
    told = recorder.told()
    assert told[:3] == ["load-twin", f"take-lock {TWIN}", "record-start"]
    assert told[-2:] == ["record-outcome", f"release-lock {TWIN}"]
    check_order(told[3:-2], decision_table.down(("gcp", "gcp", "gcp"), EVERYTHING.connections))


@pytest.mark.parametrize("mapping", ONE_OF_EACH_KIND, ids=name)
def test_inspect_compares_what_is_needed_and_looks_for_the_rest(
    embedded: Engine, recorder: Recorder, mapping: Mapping3
) -> None:
    steps = Steps(planned(mapping), EVERYTHING)
    recorder.start_over(steps)

    ended = embedded.run("inspect", {"twin": TWIN})

    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.output["outcome"] == "as deployed"
    assert sorted(recorder.told()) == sorted(decision_table.inspected(mapping, connections_of(steps)))
    assert all(call.event["dry_run"] for call in recorder.calls if call.task.startswith("destroy"))


def test_inspect_reports_what_is_missing_drifted_and_left_over(engine: Engine, recorder: Recorder) -> None:
    steps = Steps(planned(("aws", "aws", "aws")), EVERYTHING)
    steps.amiss = [
        Result("iot-rule", f"{TWIN}_trigger_dispatcher", "absent"),
        Result("function", f"{TWIN}-persister", "drifted", (Change("memory_mb", 128, 256),)),
    ]

    def answer(call: Call) -> Any:
        said = "deleted" if str(call) == f"destroy-function {TWIN}-writer" else None
        return {**steps(call), "outcome": said} if said else steps(call)

    recorder.start_over(answer)

    ended = engine.run("inspect", {"twin": TWIN})

    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.output["outcome"] == "drifted"
    assert {(found["name"], found["problem"]) for found in ended.output["findings"]} == {
        (f"{TWIN}_trigger_dispatcher", "missing"),
        (f"{TWIN}-persister", "drifted"),
        (f"{TWIN}-writer", "left over"),
    }
    drifted = next(found for found in ended.output["findings"] if found["problem"] == "drifted")
    assert drifted["changes"] == [{"field": "memory_mb", "before": 128, "after": 256}]


def check_change(engine: Engine, recorder: Recorder, mapping: Mapping3, *, batching: bool = False) -> None:
    """Deploy a mapping where everything that a twin can have may be left over, and measure the route."""
    steps = Steps(planned(mapping, batching=batching), EVERYTHING)
    recorder.start_over(steps)

    ended = engine.run("deploy", {"project": TWIN})

    assert ended.status == "SUCCEEDED", ended.cause
    told = recorder.told()
    assert [*sorted(told[:2]), *told[2 : len(BEFORE)]] == BEFORE
    assert [told[-3], *sorted(told[-2:], reverse=True)] == AFTER
    connections = connections_of(steps)
    leaving = set(EVERYTHING.connections) - set(connections)
    steps_between = told[len(BEFORE) : -len(AFTER)]
    up = decision_table.up(mapping, connections, batching=batching)
    check_order(steps_between, [*up, *decision_table.down(mapping, leaving, batching=batching)])


def connections_of(steps: Steps) -> list[str]:
    """The connections of a plan."""
    return [secret["name"].removeprefix(f"{TWIN}/") for secret in steps.plan["secrets"]]


def check_order(told: Sequence[str], groups: Sequence[Group]) -> None:
    """The steps are those of the groups, and each group's come after all of the group before."""
    assert sorted(told) == sorted(step for group in groups for step in group)
    rest = list(told)
    for group in groups:
        assert set(rest[: len(group)]) == group
        del rest[: len(group)]


def test_a_report_is_written_before_the_result_is_told_if_the_input_wants_one(
    engine: Engine, recorder: Recorder
) -> None:
    recorder.start_over(Steps(planned(("azure", "azure", "aws")), EVERYTHING))

    ended = engine.run("deploy", {"project": TWIN, "report": True})

    # The lock is given back meanwhile.
    assert [told for told in recorder.told()[-3:] if not told.startswith("release-lock")] == [
        "write-report",
        "announce-result",
    ]
    address = ended.output["report"]
    assert address.startswith(f"s3://bucket/reports/{TWIN}/")
    assert [call.event["outcome"]["report"] for call in recorder.calls if call.task == "announce-result"] == [address]
