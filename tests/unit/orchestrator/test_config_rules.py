"""What a field may hold, file by file: each row breaks one rule of an otherwise valid project."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from orchestrator.core.config import Fault, ProjectFaults, read_project
from tests.unit.orchestrator.projects import DEVICES, EVENTS, SETTINGS, files, project, providers

REMOVED = object()
Row = tuple[tuple[str | int, ...], Any, str, str, str, str]


def changed(document: Any, at: tuple[str | int, ...], value: Any) -> Any:
    """A copy of the document with another value at a place, or without it."""
    made = copy.deepcopy(document)
    parent = made
    for part in at[:-1]:
        parent = parent[part]
    if value is REMOVED:
        del parent[at[-1]]
    else:
        parent[at[-1]] = value
    return made


def faults_of(**documents: Any) -> list[Fault]:
    with pytest.raises(ProjectFaults) as caught:
        read_project(files(**documents))
    return list(caught.value.faults)


SETTINGS_ROWS: list[Row] = [
    (("digital_twin_name",), REMOVED, "digital_twin_name", "is missing.", "Add it: the twin's name", "required"),
    (("digital_twin_name",), 7, "digital_twin_name", "is a number, not a text.", "Write the twin's name", "a number"),
    (("digital_twin_name",), "", "digital_twin_name", 'is "", which AWS would reject', "Use 1 to 100 letters", "empty"),
    (
        ("digital_twin_name",),
        "my twin",
        "digital_twin_name",
        'is "my twin", which AWS would',
        "Use 1 to 100",
        "a space",
    ),
    (("digital_twin_name",), "a" * 101, "digital_twin_name", 'is "aaaaaaaa', "Use 1 to 100", "too long to cut"),
    (
        ("digital_twin_name",),
        "steps",
        "digital_twin_name",
        "is 'steps', which the",
        "Choose another",
        "a log group's name",
    ),
    (("hot_storage_size_in_days",), REMOVED, "hot_storage_size_in_days", "is missing.", "Add it: a whole", "required"),
    (("hot_storage_size_in_days",), "30", "hot_storage_size_in_days", "is a text, not a", "Write a whole", "a text"),
    (
        ("hot_storage_size_in_days",),
        1.5,
        "hot_storage_size_in_days",
        "is a number, not a whole",
        "Write a whole",
        "half",
    ),
    (
        ("hot_storage_size_in_days",),
        True,
        "hot_storage_size_in_days",
        "is true or false, not",
        "Write a",
        "a truth value",
    ),
    (("hot_storage_size_in_days",), 0, "hot_storage_size_in_days", "is out of range: input", "from 1 to", "too short"),
    (
        ("cold_storage_size_in_days",),
        -1,
        "cold_storage_size_in_days",
        "is out of range: input",
        "from 0 to",
        "negative",
    ),
    (("cold_storage_size_in_days",), 10**6, "cold_storage_size_in_days", "is out of range", "to 36500", "a millennium"),
    (("mode",), "debug", "mode", 'is "debug".', 'Write "DEBUG" or "PRODUCTION".', "lower case"),
    (("mode",), None, "mode", "is null, not a text.", 'Write "DEBUG" or', "null is no choice"),
    (("Mode",), "DEBUG", "Mode", "is not a known field.", "Did you mean 'mode'? Known here: ", "a capital"),
    (("twin_name",), "x", "twin_name", "is not a known field.", "Did you mean 'digital_twin_name'?", "a part left out"),
    (("colour",), "red", "colour", "is not a known field.", "Known here: digital_twin_name, hot_", "nothing is near"),
]

DEVICE_ROWS: list[Row] = [
    ((0, "id"), REMOVED, "[0].id", "is missing.", "Add it: the device's id", "required"),
    ((0, "id"), "press 1", "[0].id", 'is "press 1", which AWS would reject', "Use 1 to 100 letters", "a space"),
    ((0, "id"), None, "[0].id", "is null, not a text.", "Write the device's id", "null"),
    ((0, "properties"), REMOVED, "[0].properties", "is missing.", "Add it: a list of", "required"),
    ((0, "properties"), {}, "[0].properties", "is an object, not a list.", "Write a list of", "an object"),
    (
        (0, "properties", 0),
        "force",
        "[0].properties[0]",
        "is a text, not an object.",
        'Write {"name": …',
        "only its name",
    ),
    (
        (0, "properties", 0, "name"),
        REMOVED,
        "[0].properties[0].name",
        "is missing.",
        "Add it: the property's",
        "required",
    ),
    ((0, "properties", 0, "name"), "a.b", "[0].properties[0].name", 'is "a.b", which no', "Use letters", "a dot"),
    ((0, "properties", 0, "name"), "", "[0].properties[0].name", 'is "", which no', "Use letters", "empty"),
    ((0, "properties", 0, "name"), "time", "[0].properties[0].name", "is 'time', which every", "another name", "a key"),
    ((0, "properties", 0, "name"), "id", "[0].properties[0].name", "is 'id', which every", "another name", "a key"),
    (
        (0, "properties", 0, "dataType"),
        "double",
        "[0].properties[0].dataType",
        'is "double"',
        "'DOUBLE'?",
        "lower case",
    ),
    ((0, "properties", 0, "dataType"), "WORD", "[0].properties[0].dataType", 'is "WORD"', "There are BOOL", "unknown"),
    (
        (0, "properties", 0, "unit"),
        "kN",
        "[0].properties[0].unit",
        "is not a known field.",
        "Known here: name",
        "unknown",
    ),
    (
        (1, "properties", 0, "initValue"),
        "hot",
        "[1].properties[0].initValue",
        'is "hot" (a',
        "Correct the",
        "no number",
    ),
    (
        (1, "properties", 0, "initValue"),
        True,
        "[1].properties[0].initValue",
        "is true (true",
        "Correct the",
        "a truth value",
    ),
    ((1, "properties", 0, "initValue"), None, "[1].properties[0].initValue", "is null (null", "Correct the", "null"),
    (
        (2, "properties", 1, "initValue"),
        1,
        "[2].properties[1].initValue",
        "is 1 (a number)",
        "Correct the",
        "no boolean",
    ),
    ((0, "constProperties"), "x", "[0].constProperties", "is a text, not a list.", "Write a list of", "a text"),
    (
        (0, "constProperties"),
        [{"name": "n", "dataType": "STRING"}],
        "[0].constProperties[0].value",
        "is missing",
        "Add",
        "required",
    ),
    ((0, "propertys"), [], "[0].propertys", "is not a known field.", "Did you mean 'properties'?", "misspelt"),
    ((1,), 5, "[1]", "is a number, not an object.", 'Write {"id": …, "properties": …}.', "a device is an object"),
]

EVENT_ROWS: list[Row] = [
    ((0, "condition"), REMOVED, "[0].condition", "is missing.", "Add it: a condition", "required"),
    ((0, "condition"), 5, "[0].condition", "is a number, not a text.", "Write a condition", "a number"),
    ((0, "condition"), "oven-1.temperature", "[0].condition", "is no condition: ", "Write `a op b`", "no operator"),
    (
        (0, "condition"),
        "oven-1.temperature => DOUBLE(1)",
        "[0].condition",
        "is no condition: ",
        "Write `a",
        "wrong operator",
    ),
    ((0, "condition"), "oven-1.temperature > 240", "[0].condition", "is no condition: ", "Write `a", "a bare number"),
    (
        (0, "condition"),
        "oven-1.temperature > DOUBLE(x)",
        "[0].condition",
        "is no condition: DOUBLE(x)",
        "Write",
        "no number",
    ),
    (
        (0, "condition"),
        "oven.temperature > DOUBLE(1)",
        "[0].condition",
        "reads device 'oven'",
        "'oven-1'?",
        "unknown device",
    ),
    (
        (0, "condition"),
        "oven-1.temp > DOUBLE(1)",
        "[0].condition",
        "reads property 'temp'",
        "Its properties: t",
        "unknown",
    ),
    (
        (0, "condition"),
        "oven-1.temperature > press-1.force",
        "[0].condition",
        "reads two devices",
        "Compare",
        "never holds",
    ),
    ((0, "action"), REMOVED, "[0].action", "is missing.", 'Add it: {"type"', "required"),
    ((0, "action", "type"), "email", "[0].action.type", 'is "email".', 'Write "lambda".', "only functions are started"),
    ((0, "action", "functionName"), REMOVED, "[0].action.functionName", "is missing.", "Add it: the name", "required"),
    (
        (0, "action", "functionName"),
        "my fn",
        "[0].action.functionName",
        'is "my fn", which',
        "Write the name",
        "a space",
    ),
    (
        (0, "action", "functionName"),
        "f" * 65,
        "[0].action.functionName",
        'is "fff',
        "at most 64",
        "too long for Lambda",
    ),
    (
        (0, "action", "functionName"),
        "factory-twin-persister",
        "[0].action.functionName",
        "is 'factory-twin-persister', this twin's own persister: its events would run in circles.",
        "Name a function outside the twin.",
        "an event that feeds itself",
    ),
    (
        (0, "action", "functionName"),
        "factory-twin-press-1-processor",
        "[0].action.functionName",
        "is 'factory-twin-press-1-processor', this twin's own processor of press-1",
        "Name a function outside the twin.",
        "a device's own processor belongs to the twin, too",
    ),
    ((0, "action", "autoDeploy"), "yes", "[0].action.autoDeploy", "is a text, not true", "Write true", "a text"),
    ((0, "action", "feedback", "type"), "sms", "[0].action.feedback.type", 'is "sms".', 'Write "mqtt".', "only MQTT"),
    (
        (0, "action", "feedback", "iotDeviceId"),
        "oven-2",
        "[0].action.feedback.iotDeviceId",
        "is 'oven-2'",
        "'oven-1'?",
        "required",
    ),
    (
        (0, "action", "feedback", "payload"),
        REMOVED,
        "[0].action.feedback.payload",
        "is missing.",
        "any JSON",
        "required",
    ),
    ((0, "acton"), {}, "[0].acton", "is not a known field.", "Did you mean 'action'?", "misspelt"),
]


@pytest.mark.parametrize(
    ("file", "row"),
    [
        *(pytest.param("config", row, id=f"settings-{row[2]}-{row[5]}") for row in SETTINGS_ROWS),
        *(pytest.param("config_iot_devices", row, id=f"devices-{row[2]}-{row[5]}") for row in DEVICE_ROWS),
        *(pytest.param("config_events", row, id=f"events-{row[2]}-{row[5]}") for row in EVENT_ROWS),
    ],
)
def test_a_broken_rule_is_told_with_file_field_problem_and_fix(file: str, row: Row) -> None:
    at, value, field, problem, fix, _ = row
    valid = {"config": SETTINGS, "config_iot_devices": DEVICES, "config_events": EVENTS}[file]

    found = [fault for fault in faults_of(**{file: changed(valid, at, value)}) if fault.file == f"{file}.json"]

    (fault,) = [fault for fault in found if fault.field == field]
    assert fault.problem.startswith(problem)
    assert fix in fault.fix


@pytest.mark.parametrize(
    ("document", "field", "problem", "fix", "reason"),
    [
        (
            {"layer_1_provider": REMOVED},
            "layer_1_provider",
            "is missing.",
            "Add it: 'aws', 'azure' or 'gcp'",
            "required",
        ),
        ({"layer_2_provider": REMOVED}, "layer_2_provider", "is missing.", "Add it: 'aws'", "required"),
        ({"layer_3_hot_provider": REMOVED}, "layer_3_hot_provider", "is missing.", "Add it: 'aws'", "required"),
        ({"layer_1_provider": "AWS"}, "layer_1_provider", 'is "AWS", which is no provider.', "'aws'?", "capitals"),
        ({"layer_2_provider": "azur"}, "layer_2_provider", 'is "azur"', "Did you mean 'azure'?", "misspelt"),
        (
            {"layer_3_hot_provider": "ibm"},
            "layer_3_hot_provider",
            'is "ibm"',
            "Write 'aws', 'azure' or 'gcp'",
            "unknown",
        ),
        ({"layer_1_provider": 1}, "layer_1_provider", "is a number, not a text.", "Write 'aws'", "a number"),
        ({"layer_4_provider": "asure"}, "layer_4_provider", 'is "asure"', "'azure'?", "kept, so it must be right"),
        (
            {"layer_3_provider": "aws"},
            "layer_3_provider",
            "is not a known field.",
            "'layer_3_hot_provider'?",
            "a part left out",
        ),
        ({"layer_6_provider": "aws"}, "layer_6_provider", "is not a known field.", "Known here: layer_1_", "unknown"),
    ],
)
def test_a_broken_mapping_is_told_with_file_field_problem_and_fix(
    document: dict[str, Any], field: str, problem: str, fix: str, reason: str
) -> None:
    mapping = {**providers(("aws", "aws", "aws")), **document}

    (fault,) = faults_of(config_providers={key: name for key, name in mapping.items() if name is not REMOVED})

    assert (fault.file, fault.field) == ("config_providers.json", field)
    assert fault.problem.startswith(problem)
    assert fix in fault.fix


def test_a_device_id_that_stands_twice_is_told_at_the_second_one() -> None:
    twice = [*DEVICES, {"id": "press-1", "properties": []}]

    assert faults_of(config_iot_devices=twice) == [
        Fault(
            "config_iot_devices.json",
            "[3].id",
            "is 'press-1', the id that entry [0] already has.",
            "Give every device an id of its own.",
        )
    ]


def test_a_property_that_stands_twice_in_a_device_is_told_also_across_kinds() -> None:
    press = {
        "id": "press-1",
        "properties": [{"name": "force", "dataType": "DOUBLE"}, {"name": "force", "dataType": "DOUBLE"}],
        "constProperties": [{"name": "force", "dataType": "STRING", "value": "kN"}],
    }

    found = faults_of(config_iot_devices=[press, *DEVICES[1:]])

    assert [(fault.field, fault.problem) for fault in found] == [
        ("[0].properties[1].name", "is 'force', which this device already has."),
        ("[0].constProperties[0].name", "is 'force', which this device already has."),
    ]


@pytest.mark.parametrize(
    ("data_type", "value"),
    [
        ("DOUBLE", 20),
        ("DOUBLE", 20.5),
        ("INTEGER", -3),
        ("LONG", 2**40),
        ("BOOLEAN", False),
        ("STRING", "idle"),
        ("LIST", [1, 2]),
        ("MAP", {"a": 1}),
    ],
)
def test_each_data_type_takes_its_kind_of_value(data_type: str, value: Any) -> None:
    properties = [{"name": "p", "dataType": data_type, "initValue": value}]
    constant = [{"name": "c", "dataType": data_type, "value": value}]

    read = project(config_iot_devices=[*DEVICES, {"id": "new", "properties": properties, "constProperties": constant}])

    assert read.devices[-1].properties[0].initValue == value
    assert read.devices[-1].constProperties[0].value == value


def test_google_is_another_name_of_gcp() -> None:
    spelt = project(
        config_providers=providers(("google", "aws", "aws")),
        config_inter_cloud={"connections": {"google_l1_to_aws_l2": {}}},
    )

    assert spelt == project(("gcp", "aws", "aws"))
    assert spelt.provider_names["layer_1_provider"] == "gcp"


def test_layers_that_are_not_acted_on_yet_are_kept() -> None:
    more = {"layer_3_cold_provider": "aws", "layer_4_provider": "google", "layer_5_provider": "azure"}

    read = project(config_providers={**providers(("aws", "aws", "aws")), **more})

    assert read.provider_names == {
        **providers(("aws", "aws", "aws")),
        "layer_3_cold_provider": "aws",
        "layer_4_provider": "gcp",
        "layer_5_provider": "azure",
    }


@pytest.mark.parametrize(
    ("document", "on", "reason"),
    [
        ({"result": {"inputParamsUsed": {"useEventChecking": True}}}, True, "switched on"),
        ({"result": {"inputParamsUsed": {"useEventChecking": False}}}, False, "switched off"),
        (
            {"result": {"inputParamsUsed": {"needs3DModel": True}, "cost": [1, 2]}, "version": 3},
            False,
            "foreign content",
        ),
        ({"result": {}}, False, "the switch is not there"),
        ({}, False, "nothing is there"),
        (None, False, "the file is not there"),
    ],
)
def test_the_optimizers_result_switches_event_checking(document: Any, on: bool, reason: str) -> None:
    assert project(config_optimization=document).event_checking is on


@pytest.mark.parametrize(
    ("document", "field", "problem"),
    [
        (
            {"result": {"inputParamsUsed": {"useEventChecking": "true"}}},
            "result.inputParamsUsed.useEventChecking",
            "is a text, not true or false.",
        ),
        (
            {"result": {"inputParamsUsed": {"useEventCheking": True}}},
            "result.inputParamsUsed.useEventCheking",
            "is not a field that is read here.",
        ),
        ({"result": {"inputParams": {}}}, "result.inputParams", "is not a field that is read here."),
        ({"results": {}}, "results", "is not a field that is read here."),
        ({"result": []}, "result", "is a list, not an object."),
    ],
)
def test_a_misspelt_switch_is_not_taken_for_off(document: Any, field: str, problem: str) -> None:
    (fault,) = faults_of(config_optimization=document)

    assert (fault.file, fault.field, fault.problem) == ("config_optimization.json", field, problem)


def test_a_project_without_events_is_valid() -> None:
    assert project(config_events=None).events == ()


def test_among_thousands_of_devices_no_likely_one_is_searched_for() -> None:
    thousands = [{"id": f"oven-{number}", "properties": []} for number in range(2, 2_002)]

    (fault, *_) = faults_of(
        config_iot_devices=[*DEVICES, *thousands],
        config_events=[{**EVENTS[0], "condition": "oven.temperature > DOUBLE(1)"}],
    )

    assert fault.fix == "Name a device of config_iot_devices.json."


def test_faulty_entries_do_not_hide_what_is_wrong_with_the_others() -> None:
    events = [{"condition": 1}, {**EVENTS[0], "condition": "oven-9.temperature > DOUBLE(1)"}]

    found = faults_of(config_events=events)

    assert [fault.field for fault in found] == ["[0].condition", "[0].action", "[1].condition"]
