"""What can go wrong with an AWS call: the caller is cut off, the answer is lost, AWS throttles or fails."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError

from tests.harness.calls import Call
from tests.harness.turns import Cut
from tests.harness.wire import response

Send = Callable[[], AWSResponse]


class Faults:
    """Nothing goes wrong. A subclass may send the call or not, and may answer something else."""

    def meet(self, call: Call, send: Send) -> AWSResponse:
        """Answer one call, given a way to send it."""
        return send()


class CutAfter(Faults):
    """The whole process is gone right after the n-th call (counted from 1) took effect; nobody sees its answer."""

    def __init__(self, number: int) -> None:
        self._left = number

    def meet(self, call: Call, send: Send) -> AWSResponse:
        """Send it; the n-th does not come back."""
        answer = send()
        self._left -= 1
        if self._left == 0:
            raise Cut
        return answer


class LoseAnswer(Faults):
    """The n-th call (counted from 1) takes effect, then its connection breaks, so that botocore sends it again."""

    def __init__(self, number: int) -> None:
        self._left = number

    def meet(self, call: Call, send: Send) -> AWSResponse:
        """Send it; the n-th breaks off."""
        answer = send()
        self._left -= 1
        if self._left == 0:
            raise ConnectionClosedError(endpoint_url=f"{call.service}:{call.operation}")
        return answer


class LoseWorker(Faults):
    """The Lambda worker dies right after the n-th call (counted from 1) took effect; the state machine goes on."""

    def __init__(self, number: int) -> None:
        self._left = number

    def meet(self, call: Call, send: Send) -> AWSResponse:
        """Send it; the n-th kills its worker."""
        answer = send()
        self._left -= 1
        if self._left == 0:
            raise WorkerLost
        return answer


class Deny(Faults):
    """The n-th call (counted from 1) is refused for want of a permission: an error that no retry gets over."""

    def __init__(self, number: int) -> None:
        self._left = number

    def meet(self, call: Call, send: Send) -> AWSResponse:
        """Send all but the n-th."""
        self._left -= 1
        if self._left == 0:
            code = "AccessDenied" if call.protocol in {"query", "rest-xml"} else "AccessDeniedException"
            return refusal(call, 403, code, f"not authorized to perform: {call.service}:{call.operation}")
        return send()


class WorkerLost(BaseException):
    """The worker ended without an answer. Lambda reports it as `Runtime.ExitError`."""


class RandomFaults(Faults):
    """A share of the calls is throttled, another fails with 500; every second 500 comes after the call took effect."""

    def __init__(self, seed: int, throttle: float = 0.3, error: float = 0.05) -> None:
        self._random = random.Random(seed)
        self._throttle = throttle
        self._error = error
        self.throttled = 0
        self.failed = 0

    def meet(self, call: Call, send: Send) -> AWSResponse:
        """Throttle it, fail it, or send it."""
        chance = self._random.random()
        if chance < self._throttle:
            self.throttled += 1
            return _throttled(call)
        if chance < self._throttle + self._error:
            self.failed += 1
            if self._random.random() < 0.5:
                send()
            return refusal(call, 500, "InternalServerError", "We encountered an internal error. Please try again.")
        return send()


def _throttled(call: Call) -> AWSResponse:
    if call.service == "s3":
        return refusal(call, 503, "SlowDown", "Please reduce your request rate.")
    if call.service == "lambda":
        return refusal(call, 429, "TooManyRequestsException", "Rate Exceeded.")
    if call.service == "iam":
        return refusal(call, 400, "Throttling", "Rate exceeded")
    return refusal(call, 429 if call.protocol == "rest-json" else 400, "ThrottlingException", "Rate exceeded")


def refusal(call: Call, status: int, code: str, message: str) -> AWSResponse:
    """An error answer in the call's own protocol."""
    if call.service == "s3":
        body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        headers = {"content-type": "application/xml"}
    elif call.protocol == "query":
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            "<RequestId>0</RequestId></ErrorResponse>"
        )
        headers = {"content-type": "text/xml"}
    else:
        body = json.dumps({"__type": code, "message": message, "Message": message})
        headers = {"content-type": "application/json", "x-amzn-errortype": code}
    return response("http://127.0.0.1/", status, headers, body.encode())
