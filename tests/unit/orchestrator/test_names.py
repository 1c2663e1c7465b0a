from __future__ import annotations

import fnmatch
import re
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator.core import names
from orchestrator.core.names import Installation, TwinNames

LETTERS = string.ascii_letters + string.digits
NAMES = st.builds(str.__add__, st.sampled_from(LETTERS), st.text(f"{LETTERS}_-", max_size=names.NAME_LIMIT - 1))
LONG_NAMES = NAMES.map(lambda name: name.ljust(names.NAME_LIMIT, "x"))
COMPONENTS = ("dispatcher", "connector", "ingestion", "processor", "persister", "event_checker", "writer")
AWS = Installation("gluecode", "aws", "eu-central-1", "123456789012")


def test_a_twins_resources_have_the_specified_names() -> None:
    twin = TwinNames("factory")

    assert [twin.function(component) for component in COMPONENTS] == [
        "factory-dispatcher",
        "factory-connector",
        "factory-ingestion",
        "factory-processor",
        "factory-persister",
        "factory-event-checker",
        "factory-writer",
    ]
    assert twin.device_processor("press-1") == "factory-press-1-processor"
    assert twin.hot_table == "factory-hot-iot-data"
    assert twin.iot_rule == "factory_trigger_dispatcher"
    assert twin.iot_role == "factory-trigger"
    assert twin.failure_queue == "factory-failures"
    assert twin.log_group == "/gluecode/factory"
    assert twin.configuration_layer == "factory-configuration"
    assert twin.secret("aws_l1_to_azure_l2") == "factory/aws_l1_to_azure_l2"
    assert twin.topic == "factory/iot-data"
    assert twin.device_topic("press-1") == "factory/press-1/feedback"


def test_an_installations_resources_are_named_after_its_prefix() -> None:
    assert AWS.bucket == "gluecode-artifacts-123456789012-eu-central-1"
    assert AWS.state_table == "gluecode-state"
    assert AWS.steps_log_group == "/gluecode/steps"
    assert AWS.machine_name("deploy") == "gluecode-deploy"
    assert AWS.machine_arn("deploy") == "arn:aws:states:eu-central-1:123456789012:stateMachine:gluecode-deploy"
    assert AWS.task_name("create", "iam-role") == "gluecode-create-iam-role"
    assert AWS.task_name("load-project") == "gluecode-load-project"


def test_addresses_are_those_that_aws_gives() -> None:
    assert AWS.function_arn("f") == "arn:aws:lambda:eu-central-1:123456789012:function:f"
    assert AWS.role_arn("r") == "arn:aws:iam::123456789012:role/r"
    assert AWS.table_arn("t") == "arn:aws:dynamodb:eu-central-1:123456789012:table/t"
    assert AWS.queue_arn("q") == "arn:aws:sqs:eu-central-1:123456789012:q"
    assert AWS.queue_url("q") == "https://sqs.eu-central-1.amazonaws.com/123456789012/q"
    assert AWS.secret_arn("s/t") == "arn:aws:secretsmanager:eu-central-1:123456789012:secret:s/t"
    assert AWS.log_group_arn("/g") == "arn:aws:logs:eu-central-1:123456789012:log-group:/g"
    assert AWS.topic_arn("a/b") == "arn:aws:iot:eu-central-1:123456789012:topic/a/b"
    assert AWS.rule_arn("r_1") == "arn:aws:iot:eu-central-1:123456789012:rule/r_1"


@given(
    NAMES,
    st.sampled_from(["gluecode", "second", "a-prefix-of-20-letter"[:20]]),
    st.sampled_from(["eu-central-1", "us-gov-west-1"]),
)
def test_a_role_is_named_by_installation_and_region_within_iams_limit(name: str, prefix: str, region: str) -> None:
    here, base = f"{prefix}/{region}", names.TwinNames(name).function("event_checker")
    others = {names.role_name(base, scope) for scope in (names.UNSCOPED, "other/eu-central-1", f"{prefix}/ap-south-1")}

    role = names.role_name(base, here)

    assert len(role) <= names.FUNCTION_LIMIT
    assert role not in others
    assert names.role_path(here) == f"/gluecode/{prefix}/{region}/"
    assert names.region_of(here) == region


def test_a_roles_arn_has_the_path_of_its_installation() -> None:
    arn = "arn:aws:iam::123456789012:role/gluecode/gluecode/eu-central-1/f-eu-central-1-gluecode"

    assert AWS.twin_role_arn("f") == arn
    assert names.role_arn_beside(arn, "g", names.UNSCOPED) == "arn:aws:iam::123456789012:role/g"
    assert AWS.dashboard_arn("d") == "arn:aws:cloudwatch::123456789012:dashboard/d-eu-central-1-gluecode"


def test_another_partition_has_its_own_arns_and_domain() -> None:
    china = Installation("gluecode", "aws-cn", "cn-north-1", "123456789012")

    assert china.function_arn("f") == "arn:aws-cn:lambda:cn-north-1:123456789012:function:f"
    assert china.queue_url("q") == "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q"


def test_the_artifact_bucket_is_laid_out_by_project_twin_and_content() -> None:
    assert names.project_files("factory") == "projects/factory/"
    assert names.draft_files("factory", "d1") == "drafts/factory/d1/"
    assert names.configuration_key("factory", "ab") == "builds/factory/ab.zip"
    assert names.package_key("factory", "press-1", "cd") == "packages/factory/press-1/cd.zip"


@pytest.mark.parametrize(
    ("prefix", "reason"),
    [
        ("", "nothing to start a name with"),
        ("g", "a bucket's name has a separate part before '-artifacts'"),
        ("Glue", "bucket names are lower case"),
        ("glue_code", "bucket names have no underscore"),
        ("9lives", "a state machine is easier to find by a letter"),
        ("glue-", "would give two hyphens in a row"),
        ("g" * 21, "the bucket's name would exceed 63 characters in the longest regions"),
    ],
)
def test_a_prefix_that_cannot_start_a_buckets_name_is_refused(prefix: str, reason: str) -> None:
    with pytest.raises(ValueError, match="cannot start a bucket's name"):
        Installation(prefix, "aws", "eu-central-1", "123456789012")


def test_the_longest_prefix_fits_a_bucket_in_the_longest_region() -> None:
    longest = Installation("g" * 20, "aws", "ap-southeast-2", "123456789012")

    assert len(longest.bucket) <= 63


@pytest.mark.parametrize(
    ("text", "valid", "reason"),
    [
        ("factory-twin", True, "letters and a hyphen"),
        ("Twin_2", True, "capitals, digits and an underscore"),
        ("7", True, "one character is enough"),
        ("a" * 100, True, "the longest"),
        ("a" * 101, False, "one too long"),
        ("", False, "no name"),
        ("-twin", False, "the command line would take it for an option"),
        ("my twin", False, "Lambda takes no space"),
        ("twin.1", False, "Lambda takes no dot"),
        ("twin/1", False, "a slash would start another part of a key"),
        ("täter", False, "Lambda takes ASCII only"),
        ("twin\n", False, "a line break at the end is easily overlooked"),
        ("\uff11\uff12", False, "digits of other scripts are not ASCII"),
    ],
)
def test_a_name_is_what_functions_roles_and_secrets_can_carry(text: str, valid: bool, reason: str) -> None:
    assert names.is_name(text) is valid


@given(twin=NAMES, device=NAMES)
@example(twin="a" * 100, device="b" * 100)
def test_no_name_exceeds_aws_limit_or_alphabet(twin: str, device: str) -> None:
    named = TwinNames(twin)
    roles = [*map(named.function, COMPONENTS), named.device_processor(device), named.iot_role]

    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) for name in roles)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", named.configuration_layer)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", named.failure_queue)
    assert re.fullmatch(r"[A-Za-z0-9_]{1,128}", named.iot_rule)
    assert re.fullmatch(r"[A-Za-z0-9_.-]{3,255}", named.hot_table)
    assert re.fullmatch(r"[A-Za-z0-9/_-]{1,512}", named.log_group)
    assert re.fullmatch(r"[A-Za-z0-9/_-]{1,512}", named.secret("aws_l1_to_azure_l2"))
    assert len(named.topic) <= 256
    assert len(named.device_topic(device)) <= 256


@given(twin=NAMES, device=NAMES)
def test_the_same_twin_has_the_same_names_every_time(twin: str, device: str) -> None:
    def everything() -> list[str]:
        named = TwinNames(twin)
        return [*map(named.function, COMPONENTS), named.device_processor(device), named.iot_rule, named.hot_table]

    assert everything() == everything()


@given(twin=LONG_NAMES)
def test_the_functions_of_a_twin_with_a_long_name_stay_apart(twin: str) -> None:
    functions = {TwinNames(twin).function(component) for component in COMPONENTS}

    assert len(functions) == len(COMPONENTS)


@given(twin=NAMES, devices=st.sets(NAMES, min_size=2, max_size=20))
def test_devices_of_one_twin_stay_apart_also_when_their_names_are_cut(twin: str, devices: set[str]) -> None:
    processors = {TwinNames(twin).device_processor(device) for device in devices}

    assert len(processors) == len(devices)


@given(twins=st.sets(NAMES, min_size=2, max_size=20))
@example(twins={"a-b", "a_b"})
@example(twins={"x" * 99 + "-", "x" * 99 + "_"})
def test_two_twins_never_share_a_rule_though_rules_know_no_hyphen(twins: set[str]) -> None:
    rules = {TwinNames(twin).iot_rule for twin in twins}

    assert len(rules) == len(twins)


def test_a_cut_name_ends_in_a_hash_that_does_not_change_between_releases() -> None:
    twin = TwinNames("a-very-long-name-for-a-digital-twin-of-a-factory-in-the-north")

    assert twin.function("dispatcher") == "a-very-long-name-for-a-digital-twin-of-a-factory-in-t-33655b3d04"
    assert TwinNames("factory-twin").iot_rule == "factory_twin_trigger_dispatcher_b936dd8fc5"


@given(twin=NAMES, device=NAMES)
@example(twin="a", device="b" * 100)
@example(twin="a" * 54, device="b")
@example(twin="a" * 100, device="b")
def test_the_policy_patterns_match_every_device_processor(twin: str, device: str) -> None:
    named = TwinNames(twin)

    processor = named.device_processor(device)

    assert any(fnmatch.fnmatchcase(processor, pattern) for pattern in named.device_processor_patterns)


def test_the_policy_patterns_match_no_other_function_of_the_twin() -> None:
    named = TwinNames("factory-twin")

    functions = [named.function(component) for component in COMPONENTS]

    assert [f for f in functions for p in named.device_processor_patterns if fnmatch.fnmatchcase(f, p)] == []


def test_a_connection_is_named_by_its_two_ends() -> None:
    assert names.connection("aws", 1, "azure") == "aws_l1_to_azure_l2"
    assert names.connection("gcp", 2, "aws") == "gcp_l2_to_aws_l3"
