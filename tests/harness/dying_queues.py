"""A deleted queue that SQS still shows for up to 60 s, and CreateQueue answers QueueDeletedRecently.

Time is counted in calls. Only the tasks see it so: a person would wait.
"""

from __future__ import annotations

from typing import Any

from botocore.awsrequest import AWSResponse
from ministack.services import sqs

from tests.harness.calls import Call
from tests.harness.faults import Send, refusal
from tests.harness.wire import answered

LOOKS = 3
_AGO = "You must wait 60 seconds after deleting a queue before you can create another with the same name."


class DyingQueues:
    """The deleted queues: by name, what they answer to each read, and after how many more calls they are gone."""

    def __init__(self) -> None:
        self.dying: dict[str, dict[str, Any]] = {}

    def meet(self, call: Call, send: Send) -> AWSResponse:
        """Answer for a queue that is dying; take note of one that is deleted."""
        name = _queue(call) if call.service == "sqs" else ""
        if name in self.dying:
            queue = self.dying[name]
            queue["looks"] -= 1
            if queue["looks"] >= 0:
                return self._answer(call, queue, send)
            del self.dying[name]
        if name and call.operation == "DeleteQueue":
            last = _shown(name)
            answer = send()
            if last and answer.status_code < 300:
                self.dying[name] = {**last, "looks": LOOKS}
            return answer
        return send()

    def _answer(self, call: Call, queue: dict[str, Any], send: Send) -> AWSResponse:
        if call.operation == "CreateQueue":
            return refusal(call, 400, "QueueDeletedRecently", _AGO)
        shown = {"DeleteQueue": {}, "GetQueueUrl": {"QueueUrl": queue["url"]}}
        shown |= {"GetQueueAttributes": {"Attributes": queue["attributes"]}, "ListQueueTags": {"Tags": queue["tags"]}}
        return answered(shown[call.operation]) if call.operation in shown else send()


def _queue(call: Call) -> str:
    return str(call.params.get("QueueName") or call.params.get("QueueUrl", "")).rpartition("/")[2]


def _shown(name: str) -> dict[str, Any] | None:
    for queue in sqs._queues.values():
        if queue["name"] == name:
            counts = dict.fromkeys(("", "NotVisible", "Delayed"), "0")
            attributes = {f"ApproximateNumberOfMessages{which}": count for which, count in counts.items()}
            return {"url": queue["url"], "tags": queue["tags"], "attributes": {**queue["attributes"], **attributes}}
    return None
