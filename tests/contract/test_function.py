"""What is particular about a function: its states, its environment, and tags that AWS keeps back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deploy_steps.contract import UNKNOWN, Change
from deploy_steps.errors import AccessDenied, NotReady, Rejected
from deploy_steps.kinds import function
from orchestrator.core.specs import FunctionSpec, Owner, RoleId, StoredObject
from tests.contract import rows_functions as rows
from tests.contract.stubbed import stubbed
from tests.contract.world import World

SPEC = FunctionSpec(
    name="twin-writer",
    owner=Owner("twin", "L3"),
    role_arn="arn:aws:iam::111122223333:role/twin-writer",
    handler="app.handler",
    code=StoredObject("artifacts", "code/functions.zip", "c2hh"),
    runtime="python3.13",
    architecture="arm64",
    memory_mb=256,
    timeout_seconds=30,
    log_group="/gluecode/twin",
    environment={"DYNAMODB_TABLE_NAME": "twin-hot-iot-data"},
)


def live(**configuration: Any) -> dict[str, Any]:
    """GetFunction's answer for a function that is as specified, but for `configuration`."""
    return {
        "Configuration": {
            "FunctionName": "twin-writer",
            "FunctionArn": "arn:aws:lambda:eu-central-1:111122223333:function:twin-writer",
            "Role": SPEC.role_arn,
            "Handler": "app.handler",
            "Runtime": "python3.13",
            "Description": "",
            "MemorySize": 256,
            "Timeout": 30,
            "CodeSha256": "c2hh",
            "Architectures": ["arm64"],
            "TracingConfig": {"Mode": "Active"},
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/gluecode/twin"},
            "Environment": {"Variables": {"DYNAMODB_TABLE_NAME": "twin-hot-iot-data"}},
            "State": "Active",
            "LastUpdateStatus": "Successful",
            **configuration,
        },
        "Code": {"RepositoryType": "S3", "Location": "https://example.invalid/code"},
        "Tags": SPEC.owner.tags,
    }


def test_a_new_function_is_created_although_it_is_still_pending() -> None:
    client = stubbed(
        "lambda",
        ("get_function", ("ResourceNotFoundException", "Function not found")),
        ("create_function", live(State="Pending", StateReasonCode="Creating")["Configuration"]),
    )

    result = function.kind.create(client, SPEC)

    assert result.outcome == "created"
    assert result.outputs == {"arn": "arn:aws:lambda:eu-central-1:111122223333:function:twin-writer"}


def test_an_update_that_is_still_in_progress_is_not_drift() -> None:
    client = stubbed("lambda", ("get_function", live(LastUpdateStatus="InProgress")))

    assert function.kind.create(client, SPEC).outcome == "unchanged"


def test_an_update_that_failed_is_drift_and_made_again() -> None:
    failed = live(LastUpdateStatus="Failed", LastUpdateStatusReason="The layer is gone.")
    client = stubbed("lambda", ("get_function", failed), ("update_function_configuration", {}))

    result = function.kind.create(client, SPEC)

    client.all_answers_given()
    assert result.changes == (Change("last_update", "Failed: The layer is gone.", "Successful"),)


def test_a_function_that_lambda_could_not_make_is_reported_with_its_reason_and_the_way_out() -> None:
    failed = live(State="Failed", StateReason="The KMS key is disabled.")

    with pytest.raises(Rejected, match=r"The KMS key is disabled\. .* destroy the twin") as error:
        function.kind.create(stubbed("lambda", ("get_function", failed)), SPEC)
    seen = function.kind.info(stubbed("lambda", ("get_function", failed)), SPEC)

    assert "twin-writer" in str(error.value)
    assert seen.changes == (Change("state", "Failed: The KMS key is disabled.", "Active"),)


def test_a_function_that_is_being_deleted_is_waited_for() -> None:
    with pytest.raises(NotReady, match="still being deleted"):
        function.kind.create(stubbed("lambda", ("get_function", live(State="Deleting"))), SPEC)


def test_an_environment_that_lambda_cannot_decrypt_is_drift() -> None:
    unreadable = live(Environment={"Error": {"ErrorCode": "AccessDeniedException", "Message": "Lambda was unable to"}})

    seen = function.kind.info(stubbed("lambda", ("get_function", unreadable)), SPEC)

    assert seen.changes == (Change("environment DYNAMODB_TABLE_NAME", None, "twin-hot-iot-data"),)


def test_tags_that_aws_keeps_back_are_a_missing_permission_and_not_a_foreign_function() -> None:
    told = "User: arn:aws:sts::111122223333:assumed-role/x is not authorized to perform: lambda:ListTags on resource: y"
    answer = {**live(), "TagsError": {"ErrorCode": "AccessDeniedException", "Message": told}}
    del answer["Tags"]

    with pytest.raises(AccessDenied, match="not authorized to perform: lambda:ListTags"):
        function.kind.create(stubbed("lambda", ("get_function", answer)), SPEC)


def test_the_value_of_a_variable_set_by_hand_is_told_to_nobody(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    rows.prepare_function(world)
    world.create(rows.FUNCTION.kind, rows.function(world))
    secret = {**rows.function(world)["environment"], "INTER_CLOUD_TOKEN": "put-here-by-hand"}
    rows.configured(world, Environment={"Variables": secret})

    answer = world.create(rows.FUNCTION.kind, rows.function(world))

    assert answer["changes"] == [{"field": "environment INTER_CLOUD_TOKEN", "before": "(not shown)", "after": None}]
    assert "put-here-by-hand" not in capsys.readouterr().out


def test_what_hangs_on_a_function_waits_for_the_function(world: World) -> None:
    for row in (rows.FUNCTION_URL, rows.PERMISSIONS, rows.INVOKE_CONFIG):
        with pytest.raises(NotReady, match=f"There is no function '{world.twin}-writer'"):
            world.create(row.kind, row.spec(world))

        assert world.create(row.kind, row.spec(world), dry_run=True)["outcome"] == "created"


OTHER = RoleId("arn:aws:iam::111122223333:role/twin-persister", "AROAOTHER")
OWN = RoleId(SPEC.role_arn, "AROANEW")


def bound(role_id: str) -> dict[str, Any]:
    """GetFunction's answer for a function that is as specified, and bound to the role of that id."""
    return live(Environment={"Variables": {**SPEC.environment, "EXECUTION_ROLE_ID": role_id}})


def test_a_function_that_is_bound_to_its_role_is_left_alone() -> None:
    client = stubbed("lambda", ("get_function", bound("AROANEW")))

    assert function.kind.create(client, replace(SPEC, roles=(OTHER, OWN))).outcome == "unchanged"


def test_a_function_whose_role_was_made_again_is_bound_to_the_new_one_by_its_environment() -> None:
    client = stubbed("lambda", ("get_function", bound("AROAOLD")), ("update_function_configuration", {}))

    result = function.kind.create(client, replace(SPEC, roles=(OTHER, OWN)))

    client.all_answers_given()
    assert result.changes == (Change("role_id", "AROAOLD", "AROANEW"),)


def test_a_plan_says_that_a_function_will_be_bound_to_a_role_that_is_still_to_be_made() -> None:
    client = stubbed("lambda", ("get_function", bound("AROAOLD")))

    result = function.kind.create(client, replace(SPEC, roles=(OTHER,)), dry_run=True)

    assert result.changes == (Change("role_id", "AROAOLD", UNKNOWN),)


def test_what_a_function_is_bound_to_is_no_drift_to_one_who_does_not_know_its_role() -> None:
    seen = function.kind.info(stubbed("lambda", ("get_function", bound("AROAOLD"))), SPEC)

    assert (seen.outcome, seen.outputs["role_id"]) == ("present", "AROAOLD")
