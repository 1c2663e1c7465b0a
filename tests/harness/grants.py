"""IAM between the tasks and AWS: a task that lacks an action is refused, as AWS refuses it.

On which resources a policy allows them is not looked at here; the embedded cloud with IAM enforced does that.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping

from botocore.awsrequest import AWSResponse

from tests.harness.calls import Call
from tests.harness.faults import Faults, Send, refusal
from tests.harness.iam import needs
from tests.harness.wire import response


class Grants(Faults):
    """Every task may do what it is granted, and no more. `granted` maps a task's function to its actions.

    `used` are the actions that were asked for, `denied` those that were refused, by the task's function; `called` are
    the operations, by service.
    """

    def __init__(self, granted: Mapping[str, Collection[str]]) -> None:
        self._granted = granted
        self.used: defaultdict[str, set[str]] = defaultdict(set)
        self.denied: list[tuple[str, str]] = []
        self.called: set[tuple[str, str]] = set()

    def meet(self, call: Call, send: Send) -> AWSResponse:
        """Send the call if the task has every action for it."""
        self.called.add((call.service, call.operation))
        later = {"lambda:ListTags"} if call.operation == "GetFunction" else set()
        for action in sorted(needs(call.service, call.operation) - later):
            if not self._has(call, action):
                return _refusal(call, action)
        answer = send()
        if call.operation in ("GetObject", "HeadObject") and answer.status_code == 404:
            # Whoever may not list the bucket is not told that an object is not there.
            return answer if self._has(call, "s3:ListBucket") else _refusal(call, "s3:ListBucket")
        if call.operation == "GetFunction" and answer.status_code == 200 and not self._has(call, "lambda:ListTags"):
            return _without_tags(answer)
        return answer

    def _has(self, call: Call, action: str) -> bool:
        self.used[call.task].add(action)
        if action in self._granted.get(call.task, ()):
            return True
        self.denied.append((call.task, action))
        return False


def _refusal(call: Call, action: str) -> AWSResponse:
    code = "AccessDenied" if call.protocol in {"query", "rest-xml"} else "AccessDeniedException"
    return refusal(call, 403, code, f"User: {call.task} is not authorized to perform: {action}")


def _without_tags(answer: AWSResponse) -> AWSResponse:
    body = json.loads(answer.content)
    body.pop("Tags", None)
    body["TagsError"] = {"ErrorCode": "AccessDeniedException", "Message": "not authorized to perform: lambda:ListTags"}
    text = json.dumps(body).encode()
    return response(answer.url, 200, {**answer.headers, "content-length": str(len(text))}, text)
