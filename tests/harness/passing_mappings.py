"""An event source mapping that is Creating, Updating or Deleting for some looks, and cannot be changed meanwhile."""

from __future__ import annotations

import json
from typing import Any

from botocore.awsrequest import AWSResponse
from ministack.services import lambda_svc

from tests.harness.calls import Call
from tests.harness.faults import Send, refusal
from tests.harness.wire import answered

LOOKS = 2


class PassingMappings:
    """The mappings in transition: by UUID, what Lambda shows of each, and for how many more looks."""

    def __init__(self) -> None:
        self.passing: dict[str, dict[str, Any]] = {}

    def meet(self, call: Call, send: Send) -> AWSResponse:
        """Begin a transition, refuse what comes during one, and let time pass at each look."""
        begin = {"CreateEventSourceMapping": "Creating", "UpdateEventSourceMapping": "Updating"}.get(call.operation)
        if call.operation.endswith("EventSourceMapping") and call.params.get("UUID") in self.passing:
            said = "Cannot update the event source mapping because it is in use."
            return refusal(call, 400, "ResourceInUseException", said)
        if call.operation == "CreateEventSourceMapping":
            for there in self.passing.values():
                if there["EventSourceArn"] == call.params["EventSourceArn"]:
                    return refusal(call, 409, "ResourceConflictException", "The event source arn and function exist.")
        if call.operation == "ListEventSourceMappings":
            return self._listed(call, send())
        if begin is None and call.operation != "DeleteEventSourceMapping":
            return send()
        gone = dict(lambda_svc._esms.get(call.params.get("UUID", ""), {}))
        answer = send()
        if answer.status_code >= 300:
            return answer
        shown = {**(gone if begin is None else json.loads(answer.content)), "State": begin or "Deleting"}
        self.passing[shown["UUID"]] = {**shown, "looks": LOOKS}
        return answered({**json.loads(answer.content), "State": shown["State"]}, answer.status_code)

    def _listed(self, call: Call, answer: AWSResponse) -> AWSResponse:
        if answer.status_code >= 300:
            return answer
        body = json.loads(answer.content)
        function = call.params.get("FunctionName")
        for uuid, shown in list(self.passing.items()):
            if function in (None, shown["FunctionArn"].rpartition(":")[2]):
                shown["looks"] -= 1
                if shown["looks"] < 0:
                    del self.passing[uuid]
        listed = {each["UUID"]: each for each in body["EventSourceMappings"]}
        for uuid, shown in self.passing.items():
            if function in (None, shown["FunctionArn"].rpartition(":")[2]):
                listed[uuid] = {name: value for name, value in shown.items() if name != "looks"}
        return answered({**body, "EventSourceMappings": list(listed.values())})
