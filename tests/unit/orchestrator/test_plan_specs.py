"""The plan's JSON: what each function is told, its settings, and that every spec is one the steps can read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from deploy_steps.registry import KINDS
from orchestrator.core.config import Project
from orchestrator.core.names import Installation
from orchestrator.core.plan import (
    FUNCTIONS,
    Code,
    Footprint,
    FunctionComponent,
    PlanTooLarge,
    Request,
    configuration,
    connection_outputs,
    device_component,
    plan,
)
from orchestrator.core.spec_json import as_json, read_spec
from orchestrator.core.specs import StoredObject
from tests.state_machines.decision_table import ALARMS, SINGLES, marked
from tests.unit.orchestrator.projects import ALL_AWS, EVENTS, MAPPINGS, OWN_CODE, batching, connections, project

AWS = Installation("gluecode", "aws", "eu-central-1", "123456789012")
LAYER = "arn:aws:lambda:eu-central-1:123456789012:layer:gluecode-functions:1"
CODE = Code("artifacts", "code/functions-ab.zip", "q83vEg==", layers=(LAYER,))
REQUEST = Request("run-1", "factory", "projects/factory/")
PACKAGE = StoredObject("artifacts", "packages/factory-twin/press-1/x.zip", "AAAA")
QUEUE_URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/factory-twin-failures"
KINDS_OF_PARTS = {
    "role": "iam-role",
    "function": "function",
    "permissions": "permissions",
    "invoke_config": "invoke-config",
    "url": "function-url",
    "event_source": "event-source",
}
KINDS_OF_SHARED = {
    "alarms": "alarms",
    "iot_role": "iam-role",
    "iot_rule": "iot-rule",
    **{component: single.kind for component, single in SINGLES.items()},
}


def planned(mapping: Sequence[str] = ALL_AWS, deployed: Footprint | None = None, **options: Any) -> dict[str, Any]:
    request = Request("run-1", "factory", "projects/factory/", **options)
    return plan(project(mapping), AWS, CODE, deployed or Footprint(), request).as_json()


def device_json(device: str, package: StoredObject, template: dict[str, Any]) -> dict[str, Any]:
    """The component of a device's own processor."""
    read, name = read_spec(FunctionComponent, template), f"factory-twin-{device}-processor"
    made: dict[str, Any] = as_json(device_component(device, name, package, read))
    return made


def environment(mapping: Sequence[str], function: str) -> dict[str, str]:
    """What a function is told, without what every function is."""
    told: dict[str, str] = planned(mapping)["functions"][function]["function"]["environment"]
    return {key: value for key, value in told.items() if not key.startswith("POWERTOOLS_")}


def specs(made: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every spec in the plan, by the name of its kind."""
    for part, kind in KINDS_OF_SHARED.items():
        yield kind, made[part]
    for secret in made["secrets"]:
        yield "secret", secret
    if "outbox" in made:
        yield "outbox", made["outbox"]
    for component in made["functions"].values():
        for part, kind in KINDS_OF_PARTS.items():
            if part in component:
                yield kind, component[part]


@pytest.mark.parametrize("mapping", MAPPINGS, ids="/".join)
def test_every_spec_is_one_that_its_step_can_read(mapping: tuple[str, str, str]) -> None:
    made = json.loads(json.dumps(planned(mapping, adopt=True)))

    read: list[Any] = [read_spec(KINDS[kind].spec, spec) for kind, spec in specs(made)]

    assert [spec.name for spec in read] == [spec["name"] for _, spec in specs(made)]


@pytest.mark.parametrize("mapping", MAPPINGS, ids="/".join)
def test_every_identity_is_one_that_its_step_can_read(mapping: tuple[str, str, str]) -> None:
    deployed = Footprint(devices=("press-1", "gone-1"), connections=("gcp_l1_to_aws_l2", "aws_l2_to_gcp_l3"))
    made = json.loads(json.dumps(planned(mapping, deployed)))
    functions = [{"name": part["name"], "owner": part["owner"]} for part in made["functions"].values()]

    for kind in ("function", "function-url", "permissions", "invoke-config", "iam-role"):
        for identity in functions:
            assert read_spec(KINDS[kind].identity, identity).name == identity["name"]


def test_the_kinds_that_the_plan_fills_are_all_that_there_are() -> None:
    assert {*KINDS_OF_PARTS.values(), *KINDS_OF_SHARED.values(), "secret", "outbox"} == set(KINDS)


@pytest.mark.parametrize("mapping", MAPPINGS, ids="/".join)
def test_every_mappings_plan_has_the_same_shape(mapping: tuple[str, str, str]) -> None:
    made = planned(mapping)

    assert list(made) == [
        *("run", "project", "source", "twin", "dry_run", "on_failure", "retain_data", "digest"),
        *("providers", "event_checking", "watch"),
        *(part for part in made if part in KINDS_OF_SHARED),
        *("secrets", "scope", "functions", "device_processors", "results"),
    ]
    assert {*KINDS_OF_SHARED} <= {*made}
    assert tuple(made["functions"]) == FUNCTIONS
    assert {name for name, part in made["functions"].items() if "url" in part} == {"ingestion", "writer"}
    assert {name for name, part in made["functions"].items() if "invoke_config" not in part} == {"ingestion", "writer"}


def test_the_request_and_the_project_stand_at_the_top() -> None:
    made = plan(
        project(("gcp", "aws", "aws")),
        AWS,
        CODE,
        Footprint(),
        Request("run-7", "factory", "drafts/factory/d1/", dry_run=True, on_failure="rollback", retain_data=False),
    ).as_json()

    top = {key: value for key, value in made.items() if not isinstance(value, dict | list | int) or key == "providers"}
    assert top == {
        "run": "run-7",
        "project": "factory",
        "source": "drafts/factory/d1/",
        "twin": "factory-twin",
        "on_failure": "rollback",
        "digest": project(("gcp", "aws", "aws")).digest,
        "scope": "gluecode/eu-central-1",
        "providers": {"layer_1_provider": "gcp", "layer_2_provider": "aws", "layer_3_hot_provider": "aws"},
    }
    assert (made["dry_run"], made["retain_data"], made["event_checking"], made["results"]) == (True, False, True, {})


@pytest.mark.parametrize(
    ("function", "mapping", "told"),
    [
        ("dispatcher", ("aws", "aws", "aws"), {"PROCESSOR_LAMBDA_NAME": "factory-twin-processor"}),
        ("dispatcher", ("aws", "gcp", "aws"), {"CONNECTOR_LAMBDA_NAME": "factory-twin-connector"}),
        (
            "connector",
            ("aws", "gcp", "gcp"),
            {
                "REMOTE_INGESTION_URL": "https://gcp.example/l2",
                "INTER_CLOUD_TOKEN_SECRET": AWS.secret_arn("factory-twin/aws_l1_to_gcp_l2"),
            },
        ),
        ("processor", ("aws", "aws", "aws"), {"PERSISTER_LAMBDA_NAME": "factory-twin-persister"}),
        (
            "persister",
            ("aws", "aws", "aws"),
            {
                "DYNAMODB_TABLE_NAME": "factory-twin-hot-iot-data",
                "USE_EVENT_CHECKING": "true",
                "EVENT_CHECKER_LAMBDA_NAME": "factory-twin-event-checker",
            },
        ),
        (
            "persister",
            ("aws", "aws", "azure"),
            {
                "REMOTE_WRITER_URL": "https://azure.example/l3",
                "INTER_CLOUD_TOKEN_SECRET": AWS.secret_arn("factory-twin/aws_l2_to_azure_l3"),
                "USE_EVENT_CHECKING": "true",
                "EVENT_CHECKER_LAMBDA_NAME": "factory-twin-event-checker",
            },
        ),
        ("event_checker", ("aws", "aws", "aws"), {}),
    ],
)
def test_an_asynchronous_function_is_told_where_to_pass_events_and_where_failures_go(
    function: str, mapping: tuple[str, str, str], told: dict[str, str]
) -> None:
    assert environment(mapping, function) == {"FAILURE_QUEUE_URL": QUEUE_URL, **told}


@pytest.mark.parametrize(
    ("function", "mapping", "told"),
    [
        (
            "ingestion",
            ("gcp", "aws", "aws"),
            {
                "PROCESSOR_LAMBDA_NAME": "factory-twin-processor",
                "INTER_CLOUD_TOKEN_SECRET": AWS.secret_arn("factory-twin/gcp_l1_to_aws_l2"),
            },
        ),
        (
            "writer",
            ("aws", "azure", "aws"),
            {
                "DYNAMODB_TABLE_NAME": "factory-twin-hot-iot-data",
                "INTER_CLOUD_TOKEN_SECRET": AWS.secret_arn("factory-twin/azure_l2_to_aws_l3"),
            },
        ),
    ],
)
def test_a_public_function_is_told_whose_token_to_expect(
    function: str, mapping: tuple[str, str, str], told: dict[str, str]
) -> None:
    assert environment(mapping, function) == told


def test_without_event_checking_the_persister_knows_no_checker() -> None:
    quiet = plan(project(config_optimization=None), AWS, CODE, Footprint(), REQUEST).as_json()

    told = quiet["functions"]["persister"]["function"]["environment"]

    assert told["USE_EVENT_CHECKING"] == "false"
    assert "EVENT_CHECKER_LAMBDA_NAME" not in told


def test_every_function_reports_under_its_role_in_the_twin_and_the_twins_own_namespace() -> None:
    told = planned()["functions"]["event_checker"]["function"]["environment"]

    assert {key: value for key, value in told.items() if key.startswith("POWERTOOLS_")} == {
        "POWERTOOLS_SERVICE_NAME": "event_checker",
        "POWERTOOLS_METRICS_NAMESPACE": "gluecode/factory-twin",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


@pytest.mark.parametrize(("mode", "level", "days"), [("DEBUG", "DEBUG", 7), ("PRODUCTION", "INFO", 90)])
def test_the_mode_decides_how_much_is_logged_and_for_how_long(mode: str, level: str, days: int) -> None:
    settings = {**project().settings.model_dump(), "mode": mode}

    made = plan(project(config=settings), AWS, CODE, Footprint(), REQUEST).as_json()

    assert made["functions"]["writer"]["function"]["environment"]["POWERTOOLS_LOG_LEVEL"] == level
    assert made["log_group"]["retention_days"] == days


def test_a_signed_connection_switches_signing_on_for_its_function_only() -> None:
    given = connections(("aws", "gcp", "aws"))
    given["aws_l1_to_gcp_l2"] = {**given["aws_l1_to_gcp_l2"], "signing": True}  # type: ignore[dict-item]  # as in JSON

    made = plan(
        project(("aws", "gcp", "aws"), config_inter_cloud={"connections": given}), AWS, CODE, Footprint(), REQUEST
    ).as_json()

    signing = [
        name
        for name, component in made["functions"].items()
        if component["function"]["environment"].get("INTER_CLOUD_SIGNING") == "true"
    ]
    assert signing == ["connector"]


def planned_batching(mapping: Sequence[str]) -> dict[str, Any]:
    """The plan of a project that sends in batches."""
    wanted = project(mapping, config_inter_cloud={"connections": batching(mapping)})
    return plan(wanted, AWS, CODE, Footprint(), REQUEST).as_json()


def told(made: dict[str, Any], function: str) -> dict[str, str]:
    """What a function's environment says about queues, senders and attempts."""
    environment: dict[str, str] = made["functions"][function]["function"]["environment"]
    kept = ("CONNECTOR_", "PERSISTER_", "OUTGOING_")
    return {name: value for name, value in environment.items() if name.startswith(kept)}


def rights(made: dict[str, Any], function: str) -> dict[str, tuple[list[str], list[str]]]:
    """What a function may do, by the statement's name."""
    statements = made["functions"][function]["role"]["policy"]["Statement"]
    return {each["Sid"]: (each["Action"], each["Resource"]) for each in statements}


@pytest.mark.parametrize(
    ("mapping", "sender", "feeder", "layer"),
    [
        (("aws", "gcp", "aws"), "connector", "dispatcher", "L1"),
        (("gcp", "aws", "azure"), "persister", "processor", "L2"),
    ],
)
def test_with_batching_a_queue_stands_between_a_sender_and_what_hands_over_to_it(
    mapping: tuple[str, ...], sender: str, feeder: str, layer: str
) -> None:
    made = planned_batching(mapping)

    name, queue = f"factory-twin-{sender}", f"arn:aws:sqs:eu-central-1:123456789012:factory-twin-{sender}"
    url = f"https://sqs.eu-central-1.amazonaws.com/123456789012/{name}"
    assert made["outbox"] == {
        "name": name,
        "owner": {"twin": "factory-twin", "layer": layer, "installation": AWS.scope},
        "url": url,
        "retention_seconds": 345_600,
        "encrypted": True,
        "visibility_seconds": 360,
        "failure_queue_arn": "arn:aws:sqs:eu-central-1:123456789012:factory-twin-failures",
        "attempts": 5,
    }
    assert told(made, feeder) == {f"{sender.upper()}_LAMBDA_NAME": name, f"{sender.upper()}_QUEUE_URL": url}
    assert told(made, sender) == {"OUTGOING_ATTEMPTS": "5"}
    assert rights(made, feeder)["Gather"] == (["sqs:SendMessage"], [queue])
    assert "Invoke" not in rights(made, feeder)
    assert rights(made, sender)["WorkOffQueue"] == (
        ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        [queue],
    )
    sources = {component: part.get("event_source") for component, part in made["functions"].items()}
    assert sources == {
        **dict.fromkeys(FUNCTIONS),
        sender: {
            "name": name,
            "owner": {"twin": "factory-twin", "layer": layer, "installation": AWS.scope},
            "queue_arn": queue,
        },
    }
    assert [read_spec(KINDS[kind].spec, spec) for kind, spec in specs(json.loads(json.dumps(made)))]


def test_a_devices_own_processor_hands_over_to_the_queue_as_the_default_one_does() -> None:
    template = planned_batching(("gcp", "aws", "azure"))["functions"]["processor"]

    own = device_json("press-1", PACKAGE, template)

    assert "PERSISTER_QUEUE_URL" in own["function"]["environment"]
    assert "Gather" in [each["Sid"] for each in own["role"]["policy"]["Statement"]]


@pytest.mark.parametrize("mapping", MAPPINGS, ids="/".join)
def test_without_batching_a_plan_has_nothing_of_it(mapping: tuple[str, ...]) -> None:
    assert not {"outbox", "event_source"} & set(json.dumps(planned(mapping)).split('"'))


def test_a_function_is_described_as_lambda_wants_it() -> None:
    made = planned()["functions"]["connector"]["function"]

    del made["environment"]
    assert made == {
        "name": "factory-twin-connector",
        "owner": {"twin": "factory-twin", "layer": "L1", "installation": AWS.scope},
        "role_arn": "arn:aws:iam::123456789012:role/gluecode/gluecode/eu-central-1/"
        "factory-twin-connector-eu-central-1-gluecode",
        "handler": "lambda_functions.connector.handler.lambda_handler",
        "code": {"bucket": "artifacts", "key": "code/functions-ab.zip", "sha256": "q83vEg=="},
        "layers": [LAYER],
        "configuration_layer": None,
        "memory_mb": 256,
        "timeout_seconds": 60,
        "runtime": "python3.13",
        "architecture": "arm64",
        "log_group": "/gluecode/factory-twin",
        "description": "Sends telemetry to the Ingestion function on another cloud.",
    }


def test_an_asynchronous_function_gives_up_into_the_failure_queue() -> None:
    assert planned()["functions"]["processor"]["invoke_config"] == {
        "name": "factory-twin-processor",
        "owner": {"twin": "factory-twin", "layer": "L2", "installation": AWS.scope},
        "max_retries": 2,
        "max_event_age_seconds": 21_600,
        "on_failure_arn": "arn:aws:sqs:eu-central-1:123456789012:factory-twin-failures",
    }


@pytest.mark.parametrize("function", ["ingestion", "writer"])
def test_a_public_url_has_both_statements_and_the_second_is_limited_to_the_url(function: str) -> None:
    assert planned()["functions"][function]["permissions"]["statements"] == [
        {
            "id": "gluecode-url",
            "principal": "*",
            "action": "lambda:InvokeFunctionUrl",
            "function_url_auth_type": "NONE",
        },
        {
            "id": "gluecode-url-invoke",
            "principal": "*",
            "action": "lambda:InvokeFunction",
            "invoked_via_function_url": True,
        },
    ]


def test_only_the_twins_own_rule_may_call_the_dispatcher_and_nobody_the_inner_functions() -> None:
    functions = planned()["functions"]

    assert functions["dispatcher"]["permissions"]["statements"] == [
        {
            "id": "gluecode-iot-rule",
            "principal": "iot.amazonaws.com",
            "action": "lambda:InvokeFunction",
            "source_arn": AWS.rule_arn(planned()["iot_rule"]["name"]),
        }
    ]
    inner = ("connector", "processor", "persister", "event_checker")
    assert [functions[name]["permissions"]["statements"] for name in inner] == [[], [], [], []]


def test_the_rule_brings_the_twins_topic_to_the_dispatcher_and_its_errors_to_the_failure_queue() -> None:
    made = planned()["iot_rule"]

    assert made["sql"] == "SELECT * FROM 'factory-twin/iot-data'"
    assert made["function_arn"] == AWS.function_arn("factory-twin-dispatcher")
    assert made["error_queue_url"] == QUEUE_URL
    assert made["error_role_arn"] == AWS.twin_role_arn("factory-twin-trigger")


def test_the_configuration_layer_is_named_by_the_documents_content() -> None:
    read = project()
    content = configuration(read, "artifacts")

    assert planned()["configuration_layer"]["content"] == as_json(content)
    assert content.key == f"builds/factory-twin/{content.sha256}.zip"
    assert configuration(project(config_events=EVENTS[:1]), "artifacts") != content


def test_a_receiving_sides_token_may_be_made_up_and_a_sending_sides_not() -> None:
    made = planned(("gcp", "aws", "azure"))

    assert made["secrets"] == [
        {
            "name": "factory-twin/gcp_l1_to_aws_l2",
            "owner": {"twin": "factory-twin", "layer": "shared", "installation": AWS.scope},
            "generate": True,
            "source": None,
        },
        {
            "name": "factory-twin/aws_l2_to_azure_l3",
            "owner": {"twin": "factory-twin", "layer": "shared", "installation": AWS.scope},
            "generate": False,
            "source": {
                "bucket": "artifacts",
                "key": "projects/factory/config_inter_cloud.json",
                "connection": "aws_l2_to_azure_l3",
            },
        },
    ]


def test_no_token_stands_in_a_plan() -> None:
    assert "token-of-azure" not in json.dumps(planned(("aws", "azure", "aws")))


def test_a_public_function_names_the_secret_that_its_url_is_proven_with_where_it_is_needed() -> None:
    assert planned(("gcp", "aws", "aws"))["functions"]["ingestion"]["secret_name"] == "factory-twin/gcp_l1_to_aws_l2"
    assert planned(("aws", "gcp", "aws"))["functions"]["writer"]["secret_name"] == "factory-twin/gcp_l2_to_aws_l3"
    assert "secret_name" not in planned(ALL_AWS)["functions"]["ingestion"]


def test_adoption_is_for_what_the_mapping_needs() -> None:
    made = planned(("aws", "gcp", "gcp"), Footprint(devices=("oven-1",)), adopt=True)

    adopting = {name for name, component in made["functions"].items() if component["owner"].get("adopt")}
    adopting |= {name for name in KINDS_OF_SHARED if made[name]["owner"].get("adopt")}

    assert adopting == {
        *(marked(("aws", "gcp", "gcp")) - ALARMS),
        *("alarms", "iot_role"),
    }


def test_what_the_last_deployment_left_is_marked_and_a_device_that_is_new_is_not() -> None:
    ours = Footprint(("processor", "configuration_layer"), ("press-1",), ("aws_l2_to_gcp_l3",))
    made = plan(project(("aws", "aws", "gcp")), AWS, CODE, ours, REQUEST, ours).as_json()
    [device] = made["device_processors"]
    [secret] = made["secrets"]

    new = device_json("belt-1", PACKAGE, made["functions"]["processor"])

    marked = {name for name, component in made["functions"].items() if component["owner"].get("recorded")}
    marked |= {name for name in KINDS_OF_SHARED if made[name]["owner"].get("recorded")}
    assert marked == {"processor"}  # a layer has no tags that could be stripped
    assert (device["recorded"], secret["owner"]["recorded"]) == (True, True)
    assert "recorded" not in json.dumps(new)


def test_a_devices_own_processor_is_the_default_one_with_another_name_and_package() -> None:
    template = planned()["functions"]["processor"]

    made = device_json("press-1", PACKAGE, template)

    assert made["function"]["code"] == as_json(PACKAGE)
    assert made["function"]["role_arn"] == AWS.twin_role_arn("factory-twin-press-1-processor")
    assert made["function"]["description"] == "Processes telemetry of press-1 with its own process.py."
    parts = [made, made["role"], made["function"], made["permissions"], made["invoke_config"]]
    assert {part["name"] for part in parts} == {"factory-twin-press-1-processor"}
    assert made["role"]["policy"] == template["role"]["policy"]
    assert template == planned()["functions"]["processor"]
    for part, kind in KINDS_OF_PARTS.items():
        if part in made:
            assert read_spec(KINDS[kind].spec, made[part]).name == "factory-twin-press-1-processor"


def test_a_devices_package_is_named_by_its_own_code_and_the_functions() -> None:
    def digest(read: Project, code: Code) -> str:
        (device,) = plan(read, AWS, code, Footprint(), REQUEST).device_processors
        return device.source_digest

    other_source = project(added={"processors/press-1/process.py": b"def process(event): return None\n"})
    other_functions = Code("artifacts", "code/functions-cd.zip", "AAAA", layers=(LAYER,))

    assert len({digest(project(), CODE), digest(other_source, CODE), digest(project(), other_functions)}) == 3


def test_the_other_clouds_get_the_address_and_the_secrets_name_of_each_receiving_side() -> None:
    made = planned(("gcp", "aws", "aws"))

    assert connection_outputs(made, {"ingestion": "https://x.lambda-url.example/"}) == {
        "gcp_l1_to_aws_l2": {
            "url": "https://x.lambda-url.example/",
            "token_secret": "factory-twin/gcp_l1_to_aws_l2",
        }
    }


def test_a_mapping_with_two_receiving_sides_has_an_output_for_each() -> None:
    made = planned(("aws", "azure", "aws"))

    assert connection_outputs(made, {"writer": "https://w.example/"}) == {
        "azure_l2_to_aws_l3": {"url": "https://w.example/", "token_secret": "factory-twin/azure_l2_to_aws_l3"}
    }


@pytest.mark.parametrize("mapping", [ALL_AWS, ("aws", "azure", "gcp"), ("gcp", "gcp", "gcp")], ids="/".join)
def test_a_mapping_that_receives_nothing_has_no_outputs(mapping: tuple[str, str, str]) -> None:
    assert connection_outputs(planned(mapping), {}) == {}


def many(devices: int, own: int) -> Project:
    documents = [{"id": f"sensor-{n}", "properties": [{"name": "v", "dataType": "DOUBLE"}]} for n in range(devices)]
    added = {f"processors/sensor-{n}/process.py": OWN_CODE for n in range(own)}
    return project(config_iot_devices=[{"id": "press-1", "properties": []}, *documents], config_events=[], added=added)


def test_a_plan_does_not_grow_with_devices_that_have_no_code_of_their_own() -> None:
    sizes = {len(json.dumps(plan(many(n, 0), AWS, CODE, Footprint(), REQUEST).as_json())) for n in (1, 10_000)}

    assert len(sizes) == 1


def test_three_hundred_devices_with_code_of_their_own_fit_a_state_machine_also_when_as_many_depart() -> None:
    gone = Footprint(devices=tuple(f"gone-{n}" for n in range(300)))

    made = plan(many(10_000, 300), AWS, CODE, gone, REQUEST).as_json()

    assert len(made["device_processors"]) == 301
    assert len(json.dumps(made)) < 200_000


def test_a_plan_that_no_state_machine_could_carry_is_refused_with_what_to_take_away() -> None:
    with pytest.raises(PlanTooLarge, match=r"2001 devices have a process\.py of their own"):
        plan(many(2_000, 2_000), AWS, CODE, Footprint(), REQUEST)
