"""A stand-in for the other cloud, in the account itself: AWS can reach it over HTTPS, and no second account is needed.

A function with a public URL takes what the twin's Connector sends and puts it into a queue; this process takes it out
of the queue, and sends it to the twin's Writer as the other cloud's L2 would.
"""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from botocore.exceptions import ClientError

from orchestrator.local.remote_client import envelope, send
from tests.aws_proof import other_cloud_function
from tests.aws_proof.stage import DidNotCome, Stage

CLOUD = "azure"
TO, BACK = "aws_l1_to_azure_l2", "azure_l2_to_aws_l3"

_POLICY = "queue"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_RUNTIME = "python3.13"


def create(stage: Stage, token: str) -> str:
    """Make the queue, the role, the function and its URL. Returns the URL."""
    name, tags = stage.names.other_cloud, {"AwsProof": stage.names.id}
    queue = stage.client("sqs").create_queue(QueueName=name, tags=tags)["QueueUrl"]
    role = stage.client("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST), Tags=[{"Key": "AwsProof", "Value": stage.names.id}]
    )["Role"]["Arn"]
    stage.client("iam").put_role_policy(RoleName=name, PolicyName=_POLICY, PolicyDocument=_may_send(stage, queue))
    functions = stage.client("lambda")
    settings = {
        "FunctionName": name,
        "Runtime": _RUNTIME,
        "Role": role,
        "Handler": f"{other_cloud_function.__name__.rpartition('.')[2]}.handler",
        "Code": {"ZipFile": _package()},
        "Timeout": 15,
        "MemorySize": 256,
        "Environment": {"Variables": {"QUEUE_URL": queue, "TOKEN_SHA256": hashlib.sha256(token.encode()).hexdigest()}},
        "Tags": tags,
    }
    needed(stage, "the stand-in's role can be assumed by Lambda", lambda: _attempt(functions.create_function, settings))
    needed(stage, "the stand-in's function is active", lambda: _active(functions, name))
    functions.add_permission(
        FunctionName=name,
        StatementId="url",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    functions.add_permission(
        FunctionName=name,
        StatementId="url-invoke",
        Action="lambda:InvokeFunction",
        Principal="*",
        InvokedViaFunctionUrl=True,
    )
    return str(functions.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"])


def remove(stage: Stage) -> None:
    """Remove what `create` makes, however far it came."""
    name, iam, sqs = stage.names.other_cloud, stage.client("iam"), stage.client("sqs")
    _forgiving(lambda: stage.client("lambda").delete_function(FunctionName=name))
    _forgiving(lambda: iam.delete_role_policy(RoleName=name, PolicyName=_POLICY))
    _forgiving(lambda: iam.delete_role(RoleName=name))
    # Lambda makes it as soon as the function may write it, which ours may not on AWS.
    _forgiving(lambda: stage.client("logs").delete_log_group(logGroupName=f"/aws/lambda/{name}"))
    _forgiving(lambda: sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"]))


def needed(stage: Stage, what: str, find: Callable[[], Any]) -> Any:
    """What `find` gives once it is not None. Raises DidNotCome."""
    found = stage.until(what, find, stage.patience.settle)
    if found is None:
        raise DidNotCome(f"It did not come to pass that {what}.")
    return found


@dataclass
class Relay:
    """Takes events out of the stand-in's queue and sends them to the Writer, inside the block, in a thread."""

    stage: Stage
    url: str
    token: str
    statuses: list[int | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="relay", daemon=True)
        sqs = self.stage.client("sqs")
        self._sqs, self._queue = sqs, sqs.get_queue_url(QueueName=self.stage.names.other_cloud)["QueueUrl"]

    def __enter__(self) -> Relay:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(60)

    def _work(self) -> None:
        while not self._stop.wait(self.stage.patience.every / 5):
            try:
                self._pass_on()
            except ClientError as error:
                self.stage.say(f"    the stand-in's queue: {error}")

    def _pass_on(self) -> None:
        taken = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in taken.get("Messages", ()):
            came = json.loads(message["Body"])
            answer = send(self.url, self.token, envelope(CLOUD, "L3", came["payload"], came["trace_id"]))
            self.statuses.append(answer.status)
            if answer.accepted:
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])


def waiting(stage: Stage) -> int:
    """How many events the stand-in has accepted that are not handed back: it counts those being handed back, too."""
    sqs = stage.client("sqs")
    counts = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    queue = sqs.get_queue_url(QueueName=stage.names.other_cloud)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=list(counts))["Attributes"]
    return sum(int(found[count]) for count in counts)


def _may_send(stage: Stage, queue: str) -> str:
    arn = stage.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _package() -> bytes:
    source = Path(other_cloud_function.__file__)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo(source.name), source.read_text(encoding="utf-8"))
    return packed.getvalue()


def _attempt(create_function: Callable[..., Any], settings: dict[str, Any]) -> Any:
    """What it answers; None while IAM is not through with the role."""
    try:
        return create_function(**settings)
    except ClientError as error:
        if "cannot be assumed by Lambda" in str(error):
            return None
        raise


def _active(functions: Any, name: str) -> bool | None:
    return True if functions.get_function_configuration(FunctionName=name).get("State", "Active") == "Active" else None


def _forgiving(remove: Callable[[], Any]) -> None:
    """Do it, if there is something to be removed."""
    try:
        remove()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if not any(part in code for part in ("NotFound", "NoSuchEntity", "NonExistentQueue", "QueueDoesNotExist")):
            raise
