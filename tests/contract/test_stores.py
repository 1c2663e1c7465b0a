"""What is particular about tables, queues, rules, roles and layers."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from typing import Any

import pytest

from deploy_steps.contract import Change
from deploy_steps.errors import NotReady, Rejected, StepError
from deploy_steps.kinds import config_layer, hot_table, iot_rule
from orchestrator.core.specs import ConfigLayerSpec, HotTableIdentity, HotTableSpec, IotRuleSpec, Owner, StoredObject
from tests.contract import rows_functions, rows_stores
from tests.contract.rows_functions import EVERYTHING
from tests.contract.stubbed import stubbed
from tests.contract.world import World

TABLE = HotTableSpec("twin-hot-iot-data", Owner("twin", "L3"))
TABLE_ARN = "arn:aws:dynamodb:eu-central-1:111122223333:table/twin-hot-iot-data"


def described(status: str, **other: Any) -> dict[str, Any]:
    """A table's description."""
    return {
        "TableArn": TABLE_ARN,
        "TableStatus": status,
        "KeySchema": [
            {"AttributeName": "iotDeviceId", "KeyType": "HASH"},
            {"AttributeName": "id", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": "iotDeviceId", "AttributeType": "S"},
            {"AttributeName": "id", "AttributeType": "S"},
        ],
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        **other,
    }


def table_client(status: str, tags: dict[str, str], **other: Any) -> Any:
    """A client that sees one table."""
    return stubbed(
        "dynamodb",
        ("describe_table", {"Table": described(status, **other)}),
        ("list_tags_of_resource", {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}),
    )


def test_a_table_is_waited_for_until_it_can_be_written_to() -> None:
    client = stubbed(
        "dynamodb",
        ("describe_table", ("ResourceNotFoundException", "Requested resource not found")),
        ("create_table", {"TableDescription": described("CREATING")}),
    )

    with pytest.raises(NotReady, match="CREATING") as waiting:
        hot_table.kind.create(client, TABLE)

    assert waiting.value.achieved is not None
    assert (waiting.value.achieved.outcome, waiting.value.achieved.outputs) == ("created", {"arn": TABLE_ARN})


@pytest.mark.parametrize("status", ["CREATING", "DELETING"])
def test_a_table_in_transition_is_waited_for_before_its_tags_are_judged(status: str) -> None:
    with pytest.raises(NotReady, match=status):
        hot_table.kind.create(table_client(status, tags={}), TABLE)


def test_a_table_that_is_being_deleted_counts_as_absent() -> None:
    identity = HotTableIdentity(TABLE.name, TABLE.owner, retain_data=False)

    assert hot_table.kind.destroy(table_client("DELETING", TABLE.owner.tags), identity).outcome == "absent"
    assert hot_table.kind.info(table_client("DELETING", TABLE.owner.tags), TABLE).outcome == "absent"


def test_a_table_that_was_always_provisioned_tells_no_billing_mode_and_is_drift() -> None:
    live = described("ACTIVE")
    del live["BillingModeSummary"]
    client = stubbed(
        "dynamodb",
        ("describe_table", {"Table": live}),
        ("list_tags_of_resource", {"Tags": [{"Key": k, "Value": v} for k, v in TABLE.owner.tags.items()]}),
    )

    assert hot_table.kind.info(client, TABLE).changes == (Change("billing_mode", "PROVISIONED", "PAY_PER_REQUEST"),)


def test_a_table_with_other_keys_is_never_touched(world: World) -> None:
    rows_stores.make_table(world, keys=("deviceId",), BillingMode="PAY_PER_REQUEST")
    adopting = {**rows_stores.table(world), "owner": {**world.owner, "adopt": True}}

    with pytest.raises(Rejected, match="cannot change"):
        world.create(rows_stores.HOT_TABLE.kind, adopting)

    assert world.writes == []


def test_the_table_stays_with_its_data_unless_it_is_said_otherwise(world: World) -> None:
    kind, spec = rows_stores.HOT_TABLE.kind, rows_stores.table(world)
    world.create(kind, spec)

    kept = world.destroy(kind, spec)
    writes = world.writes
    removed = world.destroy(kind, {**spec, "retain_data": False})
    gone = world.destroy(kind, spec)

    assert (kept["outcome"], writes) == ("retained", [])
    assert (removed["outcome"], gone["outcome"]) == ("deleted", "absent")


@pytest.mark.parametrize("state", ["visible", "in flight", "delayed"])
def test_a_queue_that_holds_events_stays_unless_it_is_said_otherwise(world: World, state: str) -> None:
    kind, spec = rows_stores.FAILURE_QUEUE.kind, rows_stores.queue(world)
    identity = {"name": spec["name"], "owner": spec["owner"]}
    url = world.create(kind, spec)["outputs"]["url"]
    world.hand("sqs").send_message(QueueUrl=url, MessageBody="{}", DelaySeconds=600 if state == "delayed" else 0)
    if state == "in flight":
        world.hand("sqs").receive_message(QueueUrl=url, VisibilityTimeout=600)

    kept = world.destroy(kind, identity)
    writes = world.writes
    removed = world.destroy(kind, {**identity, "retain_data": False})

    assert (kept["outcome"], kept["outputs"]["messages"], writes) == ("retained", 1, [])
    assert removed["outcome"] == "deleted"


def test_an_empty_queue_is_removed_by_default(world: World) -> None:
    kind, spec = rows_stores.FAILURE_QUEUE.kind, rows_stores.queue(world)
    world.create(kind, spec)

    assert world.destroy(kind, {"name": spec["name"], "owner": spec["owner"]})["outcome"] == "deleted"


def test_a_rule_that_is_not_there_answers_as_if_access_to_it_was_denied() -> None:
    spec = IotRuleSpec("twin_rule", Owner("twin", "L1"), "SELECT *", "arn:f", "https://queue", "arn:r")
    client = stubbed(
        "iot", ("get_topic_rule", ("UnauthorizedException", "Access to topic rule 'twin_rule' was denied"))
    )

    assert iot_rule.kind.info(client, spec).outcome == "absent"


def test_a_rule_whose_error_action_leaves_out_that_it_takes_the_text_as_it_is_is_no_drift() -> None:
    spec = IotRuleSpec("twin_rule", Owner("twin", "L1"), "SELECT *", "arn:f", "https://queue", "arn:role/error")
    rule = {
        "ruleName": "twin_rule",
        "sql": "SELECT *",
        "awsIotSqlVersion": "2016-03-23",
        "actions": [{"lambda": {"functionArn": "arn:f"}}],
        "errorAction": {"sqs": {"roleArn": "arn:role/error", "queueUrl": "https://queue"}},
    }
    tags = [{"Key": key, "Value": value} for key, value in spec.owner.tags.items()]
    client = stubbed(
        "iot",
        ("get_topic_rule", {"ruleArn": "arn:aws:iot:eu-central-1:111122223333:rule/twin_rule", "rule": rule}),
        ("list_tags_for_resource", {"tags": tags}),
    )

    assert iot_rule.kind.info(client, spec).outcome == "present"


def test_a_role_goes_with_every_policy_that_anyone_gave_it(world: World) -> None:
    kind, spec = rows_functions.ROLE.kind, rows_functions.role(world)
    world.create(kind, spec)
    iam = world.hand("iam")
    iam.put_role_policy(
        RoleName=rows_functions.role_name_of(world), PolicyName="by-hand", PolicyDocument=json.dumps(EVERYTHING)
    )
    iam.attach_role_policy(
        RoleName=rows_functions.role_name_of(world), PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"
    )

    answer = world.destroy(kind, {"name": spec["name"], "owner": spec["owner"]})

    assert (answer["outcome"], world.info(kind, spec)["outcome"]) == ("deleted", "absent")


def test_superseded_versions_of_the_layer_are_pruned_and_the_newest_stays(world: World) -> None:
    kind, row = rows_stores.CONFIG_LAYER.kind, rows_stores.CONFIG_LAYER
    row.prepare(world)
    identity = {**row.identity(world), "keep_latest": True}
    world.create(kind, row.spec(world))
    second = {**row.spec(world), "content": rows_stores.content(world, "second")}
    newest = world.create(kind, second)["outputs"]["arn"]

    pruned = world.destroy(kind, identity)
    nothing_left_to_prune = world.destroy(kind, identity)

    left = world.hand("lambda").list_layer_versions(LayerName=identity["name"])["LayerVersions"]
    assert (pruned["outcome"], nothing_left_to_prune["outcome"]) == ("deleted", "absent")
    assert [version["LayerVersionArn"] for version in left] == [newest]


def test_a_version_that_someone_published_next_to_ours_is_left_alone(world: World) -> None:
    kind, row = rows_stores.CONFIG_LAYER.kind, rows_stores.CONFIG_LAYER
    row.prepare(world)
    world.create(kind, row.spec(world))
    rows_stores.publish(world, "an experiment")

    again = world.create(kind, row.spec(world))
    world.destroy(kind, row.identity(world))

    left = world.hand("lambda").list_layer_versions(LayerName=rows_stores.layer_name(world))["LayerVersions"]
    assert again["outcome"] == "unchanged"
    assert [version["Description"] for version in left] == ["an experiment"]


def test_the_newest_version_is_found_in_whatever_order_and_on_whatever_page_it_comes() -> None:
    spec = layer_spec("twin")
    marks = " ".join(f"{key}={value}" for key, value in spec.owner.tags.items())
    client = stubbed(
        "lambda",
        ("list_layer_versions", {"LayerVersions": [version(9, f"{marks} sha256=old")], "NextMarker": "9"}),
        ("list_layer_versions", {"LayerVersions": [version(10, f"{marks} sha256={spec.content.sha256}")]}),
    )

    assert config_layer.kind.info(client, spec).outputs == {"arn": version(10, "")["LayerVersionArn"]}


def test_the_longest_twin_name_still_fits_a_version_description() -> None:
    description = config_layer._description(layer_spec("t" * 128))

    assert len(description) <= 256


def test_the_layers_zip_is_the_same_for_the_same_document() -> None:
    first, second = config_layer.packed(b"{}"), config_layer.packed(b"{}")

    with zipfile.ZipFile(BytesIO(first)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"python/digital_twin_info.json": b"{}"}
    assert first == second


def test_a_document_that_is_not_in_the_bucket_is_an_error_that_waiting_does_not_cure(world: World) -> None:
    row = rows_stores.CONFIG_LAYER
    row.prepare(world)
    said = "Error occurred while GetObject. S3 Error Code: NoSuchKey."  # of AWS; the emulator makes an empty layer

    with (
        world.failing("InvalidParameterValueException", 400, said, when=lambda call: call.writes),
        pytest.raises(Rejected, match="NoSuchKey") as error,
    ):
        world.create(row.kind, row.spec(world))

    assert isinstance(error.value, StepError)


def layer_spec(twin: str) -> ConfigLayerSpec:
    """A layer's spec with a digest as long as they get."""
    content = StoredObject("artifacts", "builds/x.zip", "0" * 64)
    return ConfigLayerSpec("twin-configuration", Owner(twin), content, ("python3.13",))


def version(number: int, description: str) -> dict[str, Any]:
    """One item of ListLayerVersions."""
    return {
        "LayerVersionArn": f"arn:aws:lambda:eu-central-1:111122223333:layer:twin-configuration:{number}",
        "Version": number,
        "Description": description,
        "CompatibleRuntimes": ["python3.13"],
    }
