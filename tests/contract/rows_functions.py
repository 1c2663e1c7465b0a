"""Rows for roles, functions, and what hangs on a function."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from typing import Any

from deploy_steps.registry import KINDS
from tests.contract.conftest import EMBEDDED
from tests.contract.row import Drift, Row, Spec
from tests.contract.world import World

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:000000000000:q"}],
}
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
BOUNDARY = "arn:aws:iam::aws:policy/PowerUserAccess"


def trust(service: str) -> str:
    """A trust policy, as IAM takes it."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def code(text: str) -> bytes:
    """A function's zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), text)
    return packed.getvalue()


def sha256(content: bytes) -> str:
    """Lambda's way to write a digest."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


HELLO, GOODBYE = code("def handler(event, context): return 'hello'"), code("def handler(event, context): return 'bye'")


def name_of(world: World) -> str:
    """The function (and the role) all rows of this module are about."""
    return f"{world.twin}-writer"


def arn_of(world: World) -> str:
    """The function's ARN."""
    account = world.account
    return f"arn:aws:lambda:us-east-1:{account}:function:{name_of(world)}"


# --- role


def role(world: World) -> Spec:
    return {
        "name": name_of(world),
        "owner": world.owner,
        "trusted_service": "lambda.amazonaws.com",
        "policy": POLICY,
        "permissions_boundary": BOUNDARY,
    }


def role_name_of(world: World) -> str:
    """IAM's name of the role: all regions and installations of the account have one name space."""
    return f"{name_of(world)}-us-east-1-gluecode"


def foreign_role(world: World) -> None:
    world.hand("iam").create_role(RoleName=role_name_of(world), AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))


ROLE = Row(
    kind=KINDS["iam-role"],
    spec=role,
    created_by=("CreateRole", "PutRolePolicy"),
    outputs=("arn", "id"),
    foreign=foreign_role,
    refuses_namesakes=True,
    drifts=(
        Drift(
            "someone widened the inline policy",
            ("policy",),
            ("PutRolePolicy",),
            lambda world: world.hand("iam").put_role_policy(
                RoleName=role_name_of(world), PolicyName="gluecode", PolicyDocument=json.dumps(EVERYTHING)
            ),
        ),
        Drift(
            "someone deleted the inline policy",
            ("policy",),
            ("PutRolePolicy",),
            lambda world: world.hand("iam").delete_role_policy(RoleName=role_name_of(world), PolicyName="gluecode"),
        ),
        Drift(
            "someone lets another service assume the role",
            ("trust",),
            ("UpdateAssumeRolePolicy",),
            lambda world: world.hand("iam").update_assume_role_policy(
                RoleName=role_name_of(world), PolicyDocument=trust("ec2.amazonaws.com")
            ),
        ),
        Drift(
            "someone took the permissions boundary away",
            ("permissions_boundary",),
            ("PutRolePermissionsBoundary",),
            lambda world: world.hand("iam").delete_role_permissions_boundary(RoleName=role_name_of(world)),
        ),
        Drift(
            "the installation has no permissions boundary any more",
            ("permissions_boundary",),
            ("DeleteRolePermissionsBoundary",),
            spec={"permissions_boundary": None},
        ),
        Drift(
            "someone stripped two of the tags",
            ("tag DigitalTwin", "tag Layer"),
            ("TagRole",),
            lambda world: world.hand("iam").untag_role(RoleName=role_name_of(world), TagKeys=["DigitalTwin", "Layer"]),
        ),
    ),
)


# --- function


def prepare_function(world: World) -> None:
    """The bucket with two versions of the code, two layers, and the role."""
    s3 = world.hand("s3")
    s3.create_bucket(Bucket=world.bucket)
    s3.put_object(Bucket=world.bucket, Key="code/hello.zip", Body=HELLO)
    s3.put_object(Bucket=world.bucket, Key="code/bye.zip", Body=GOODBYE)
    for layer in ("libraries", "configuration"):
        world.hand("lambda").publish_layer_version(
            LayerName=f"{world.twin}-{layer}", Content={"ZipFile": code("")}, CompatibleRuntimes=["python3.13"]
        )
    world.hand("iam").create_role(
        RoleName=name_of(world), AssumeRolePolicyDocument=trust("lambda.amazonaws.com"), Tags=tag_list(world)
    )


def tag_list(world: World) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in world.tags.items()]


def layer_arn(world: World, layer: str) -> str:
    return arn_of(world).replace(f"function:{name_of(world)}", f"layer:{world.twin}-{layer}:1")


def role_arn(world: World) -> str:
    return f"arn:aws:iam::{arn_of(world).split(':')[4]}:role/{name_of(world)}"


def function(world: World) -> Spec:
    return {
        "name": name_of(world),
        "owner": world.owner,
        "role_arn": role_arn(world),
        "handler": "app.handler",
        "code": {"bucket": world.bucket, "key": "code/hello.zip", "sha256": sha256(HELLO)},
        "environment": {"DYNAMODB_TABLE_NAME": f"{world.twin}-hot-iot-data", "POWERTOOLS_SERVICE_NAME": "writer"},
        "layers": [layer_arn(world, "libraries")],
        "configuration_layer": layer_arn(world, "configuration"),
        "memory_mb": 256,
        "timeout_seconds": 30,
        "runtime": "python3.13",
        "architecture": "x86_64",
        "log_group": f"/gluecode/{world.twin}",
        "description": "Writes events to the hot table.",
    }


def make_function(world: World, tags: dict[str, str]) -> None:
    """A function, past our steps."""
    world.hand("lambda").create_function(
        FunctionName=name_of(world),
        Role=role_arn(world),
        Handler="app.handler",
        Runtime="python3.13",
        Code={"ZipFile": GOODBYE},
        Tags=tags,
    )


def configured(world: World, **settings: Any) -> None:
    world.hand("lambda").update_function_configuration(FunctionName=name_of(world), **settings)


def recoded(world: World) -> None:
    world.hand("lambda").update_function_code(FunctionName=name_of(world), ZipFile=GOODBYE)


def reconfigured_and_recoded(world: World) -> None:
    configured(world, MemorySize=128, Timeout=3)
    recoded(world)


def lose_role(world: World) -> None:
    world.hand("iam").delete_role(RoleName=name_of(world))


ENVIRONMENT = {"DYNAMODB_TABLE_NAME": "elsewhere", "POWERTOOLS_SERVICE_NAME": "writer"}

FUNCTION = Row(
    kind=KINDS["function"],
    spec=function,
    created_by=("CreateFunction",),
    outputs=("arn",),
    prepare=prepare_function,
    lose_parent=lose_role,
    foreign=lambda world: make_function(world, {"team": "other"}),
    refuses_namesakes=True,
    no_op_calls=1,
    engines=(EMBEDDED,),  # moto 5.2.5 keeps no LoggingConfig, so there every function would look drifted
    drifts=(
        Drift(
            "someone changed the environment: one variable, while another that is right is not reported",
            ("environment POWERTOOLS_SERVICE_NAME", "environment DYNAMODB_TABLE_NAME"),
            ("UpdateFunctionConfiguration",),
            lambda world: configured(world, Environment={"Variables": {"DYNAMODB_TABLE_NAME": "elsewhere"}}),
        ),
        Drift(
            "someone set a variable that the twin does not have",
            ("environment INTER_CLOUD_TOKEN",),
            ("UpdateFunctionConfiguration",),
            lambda world: configured(
                world, Environment={"Variables": {**function(world)["environment"], "INTER_CLOUD_TOKEN": "by-hand"}}
            ),
        ),
        Drift("someone swapped the code", ("code_sha256",), ("UpdateFunctionCode",), recoded),
        Drift(
            "someone swapped the code and gave it other settings: settings and code are two calls",
            ("memory_mb", "timeout_seconds", "code_sha256"),
            ("UpdateFunctionConfiguration", "UpdateFunctionCode"),
            reconfigured_and_recoded,
        ),
        Drift(
            "someone took the layers off",
            ("layers",),
            ("UpdateFunctionConfiguration",),
            lambda world: configured(world, Layers=[]),
        ),
        Drift(
            "someone sends the logs elsewhere and switched tracing off",
            ("tracing", "log_format", "log_group"),
            ("UpdateFunctionConfiguration",),
            lambda world: configured(
                world,
                TracingConfig={"Mode": "PassThrough"},
                LoggingConfig={"LogFormat": "JSON", "LogGroup": "/elsewhere"},
            ),
        ),
        Drift(
            "the installation moved to another architecture: only UpdateFunctionCode can do that",
            ("architecture",),
            ("UpdateFunctionCode",),
            spec={"architecture": "arm64"},
        ),
        Drift(
            "someone stripped two of the tags",
            ("tag DigitalTwin", "tag Layer"),
            ("TagResource",),
            lambda world: world.hand("lambda").untag_resource(Resource=arn_of(world), TagKeys=["DigitalTwin", "Layer"]),
        ),
    ),
)


# --- what hangs on a function


def prepare_ours(world: World) -> None:
    """A function of ours for the resource to hang on."""
    prepare_function(world)
    make_function(world, world.tags)


def lose_function(world: World) -> None:
    world.hand("lambda").delete_function(FunctionName=name_of(world))


def on_foreign_function(world: World) -> None:
    """Take our tags off the function: from now on it is someone else's."""
    world.hand("lambda").untag_resource(Resource=arn_of(world), TagKeys=list(world.tags))


def bare(world: World) -> Spec:
    return {"name": name_of(world), "owner": world.owner}


def foreign_url(world: World) -> None:
    on_foreign_function(world)
    world.hand("lambda").create_function_url_config(FunctionName=name_of(world), AuthType="AWS_IAM")


FUNCTION_URL = Row(
    kind=KINDS["function-url"],
    spec=bare,
    created_by=("CreateFunctionUrlConfig",),
    outputs=("url",),
    prepare=prepare_ours,
    lose_parent=lose_function,
    function_owns=True,
    foreign=foreign_url,
    no_op_calls=1,
    engines=(EMBEDDED,),  # moto 5.2.5 never changes the InvokeMode, and answers it as no AWS does ("Buffered")
    drifts=(
        Drift(
            "someone asks callers for AWS signatures, which no other cloud has",
            ("auth_type",),
            ("UpdateFunctionUrlConfig",),
            lambda world: world.hand("lambda").update_function_url_config(
                FunctionName=name_of(world), AuthType="AWS_IAM"
            ),
        ),
        Drift(
            "someone switched to streaming, which answers in another shape",
            ("invoke_mode",),
            ("UpdateFunctionUrlConfig",),
            lambda world: world.hand("lambda").update_function_url_config(
                FunctionName=name_of(world), InvokeMode="RESPONSE_STREAM"
            ),
        ),
    ),
)

VIA_URL = {
    "id": "gluecode-url",
    "principal": "*",
    "action": "lambda:InvokeFunctionUrl",
    "function_url_auth_type": "NONE",
}
INVOKE = {
    "id": "gluecode-url-invoke",
    "principal": "*",
    "action": "lambda:InvokeFunction",
    "invoked_via_function_url": True,
}
BY_RULE = {
    "id": "gluecode-rule",
    "principal": "iot.amazonaws.com",
    "action": "lambda:InvokeFunction",
    "source_arn": "arn:aws:iot:us-east-1:000000000000:rule/twin_trigger_dispatcher",
}


def permissions(world: World) -> Spec:
    return {**bare(world), "statements": [VIA_URL, INVOKE, BY_RULE]}


def add_by_hand(world: World, statement_id: str, **settings: Any) -> None:
    """A statement, past our steps."""
    world.hand("lambda").add_permission(
        FunctionName=name_of(world), StatementId=statement_id, Action="lambda:InvokeFunction", **settings
    )


def remove_by_hand(world: World, statement_id: str) -> None:
    world.hand("lambda").remove_permission(FunctionName=name_of(world), StatementId=statement_id)


def opened_to_the_world(world: World) -> None:
    remove_by_hand(world, "gluecode-url-invoke")
    add_by_hand(world, "gluecode-url-invoke", Principal="*")


def other_rule(world: World) -> None:
    remove_by_hand(world, "gluecode-rule")
    add_by_hand(
        world, "gluecode-rule", Principal="iot.amazonaws.com", SourceArn="arn:aws:iot:us-east-1:000000000000:rule/other"
    )


def foreign_statement(world: World) -> None:
    on_foreign_function(world)
    add_by_hand(world, "gluecode-url", Principal="iot.amazonaws.com")


PERMISSIONS = Row(
    kind=KINDS["permissions"],
    spec=permissions,
    created_by=("AddPermission", "AddPermission", "AddPermission"),
    outputs=(),
    prepare=prepare_ours,
    lose_parent=lose_function,
    function_owns=True,
    foreign=foreign_statement,
    no_op_calls=1,
    engines=(EMBEDDED,),  # moto 5.2.5 writes conditions as bare keys, where AWS writes an operator over each
    drifts=(
        Drift(
            "someone removed one of the URL's two statements, after which it answers 403",
            ("statement gluecode-url-invoke",),
            ("AddPermission",),
            lambda world: remove_by_hand(world, "gluecode-url-invoke"),
        ),
        Drift(
            "someone dropped the condition, which opens direct Invoke to the world",
            ("statement gluecode-url-invoke",),
            ("RemovePermission", "AddPermission"),
            opened_to_the_world,
        ),
        Drift(
            "someone lets another rule in",
            ("statement gluecode-rule",),
            ("RemovePermission", "AddPermission"),
            other_rule,
        ),
        Drift(
            "a statement of ours stayed that the twin no longer has",
            ("statement gluecode-old",),
            ("RemovePermission",),
            lambda world: add_by_hand(world, "gluecode-old", Principal="iot.amazonaws.com"),
        ),
    ),
)


def invoke_config(world: World) -> Spec:
    return {**bare(world), "max_retries": 2, "max_event_age_seconds": 3600, "on_failure_arn": queue_arn(world)}


def queue_arn(world: World) -> str:
    account = arn_of(world).split(":")[4]
    return f"arn:aws:sqs:us-east-1:{account}:{world.twin}-failures"


def prepare_with_queue(world: World) -> None:
    prepare_ours(world)
    world.hand("sqs").create_queue(QueueName=f"{world.twin}-failures")


def put_config(world: World, **settings: Any) -> None:
    world.hand("lambda").put_function_event_invoke_config(FunctionName=name_of(world), **settings)


def foreign_config(world: World) -> None:
    on_foreign_function(world)
    put_config(world, MaximumRetryAttempts=0, MaximumEventAgeInSeconds=60)


INVOKE_CONFIG = Row(
    kind=KINDS["invoke-config"],
    spec=invoke_config,
    created_by=("PutFunctionEventInvokeConfig",),
    outputs=(),
    prepare=prepare_with_queue,
    lose_parent=lose_function,
    function_owns=True,
    foreign=foreign_config,
    no_op_calls=1,
    engines=(EMBEDDED,),  # moto 5.2.5 keeps the first settings that were ever put
    drifts=(
        Drift(
            "someone took the destination away, after which failed events are gone",
            ("on_failure_arn",),
            ("PutFunctionEventInvokeConfig",),
            lambda world: put_config(world, MaximumRetryAttempts=2, MaximumEventAgeInSeconds=3600),
        ),
        Drift(
            "the project has other retries",
            ("max_retries", "max_event_age_seconds"),
            ("PutFunctionEventInvokeConfig",),
            spec={"max_retries": 1, "max_event_age_seconds": 600},
        ),
    ),
)


def source_arn(world: World) -> str:
    """The queue of the function's own name."""
    return f"arn:aws:sqs:us-east-1:{arn_of(world).split(':')[4]}:{name_of(world)}"


def prepare_with_source(world: World) -> None:
    """A queue for the function, and one that somebody else has it work off."""
    prepare_ours(world)
    for queue in (name_of(world), f"{world.twin}-other"):
        world.hand("sqs").create_queue(QueueName=queue)
    map_by_hand(world, EventSourceArn=f"{source_arn(world).rpartition(':')[0]}:{world.twin}-other")


def map_by_hand(world: World, **settings: Any) -> None:
    """A mapping, past our steps."""
    world.hand("lambda").create_event_source_mapping(FunctionName=name_of(world), **settings)


def remapped(world: World, **settings: Any) -> None:
    """Our mapping with other settings."""
    found = world.hand("lambda").list_event_source_mappings(FunctionName=name_of(world))["EventSourceMappings"]
    ours = next(mapping for mapping in found if mapping["EventSourceArn"] == source_arn(world))
    world.hand("lambda").update_event_source_mapping(UUID=ours["UUID"], **settings)


def foreign_source(world: World) -> None:
    on_foreign_function(world)
    map_by_hand(world, EventSourceArn=source_arn(world), BatchSize=1)


EVENT_SOURCE = Row(
    kind=KINDS["event-source"],
    spec=lambda world: {**bare(world), "queue_arn": source_arn(world)},
    created_by=("CreateEventSourceMapping",),
    outputs=(),
    prepare=prepare_with_source,
    lose_parent=lose_function,
    function_owns=True,
    foreign=foreign_source,
    no_op_calls=1,
    drifts=(
        Drift(
            "someone disabled it, after which events wait until they are too old",
            ("enabled",),
            ("UpdateEventSourceMapping",),
            lambda world: remapped(world, Enabled=False),
        ),
        Drift(
            "someone has fewer events come at once, and later",
            ("batch_size", "window_seconds"),
            ("UpdateEventSourceMapping",),
            lambda world: remapped(world, BatchSize=2, MaximumBatchingWindowInSeconds=5),
        ),
        Drift(
            "someone took the response type away, after which one failed event brings back all of its batch",
            ("response_types",),
            ("UpdateEventSourceMapping",),
            lambda world: remapped(world, FunctionResponseTypes=[]),
        ),
        Drift(
            "someone added a filter, and what it leaves out is deleted unseen",
            ("filters",),
            ("UpdateEventSourceMapping",),
            lambda world: remapped(world, FilterCriteria={"Filters": [{"Pattern": '{"body": {"event": ["no"]}}'}]}),
        ),
    ),
)

ROWS = (ROLE, FUNCTION, FUNCTION_URL, PERMISSIONS, INVOKE_CONFIG, EVENT_SOURCE)
