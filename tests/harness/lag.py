"""Lambda's slowness, counted in calls instead of seconds: a function is Pending until it has been looked at again."""

from __future__ import annotations

from botocore.awsrequest import AWSResponse
from ministack.services import lambda_svc

from tests.harness.calls import Call
from tests.harness.faults import Send, refusal

LOOKS = 2
_UPDATES = {"UpdateFunctionCode", "UpdateFunctionConfiguration", "PublishVersion"}
_LOOKS = {"GetFunction", "GetFunctionConfiguration"}


class Lag:
    """Which functions are not ready yet, and after how many more looks they are."""

    def __init__(self) -> None:
        self._looks: dict[str, int] = {}

    def begin(self, function: str, _seconds: float) -> None:
        """Stands in for the emulator's timer that ends a function's Pending state."""
        self._looks[function] = LOOKS

    def meet(self, call: Call, send: Send) -> AWSResponse:
        """Refuse an update of a pending function as AWS does, and let time pass at each look at it."""
        name = str(call.params.get("FunctionName", "")) if call.service == "lambda" else ""
        if name not in self._looks:
            return send()
        if call.operation in _UPDATES:
            return refusal(
                call,
                409,
                "ResourceConflictException",
                f"The operation cannot be performed at this time. An update is in progress for resource: {name}",
            )
        if call.operation == "DeleteFunction":
            del self._looks[name]
        elif call.operation in _LOOKS:
            self._looks[name] -= 1
            if self._looks[name] == 0:
                self._end(name)
        return send()

    def _end(self, name: str) -> None:
        del self._looks[name]
        function = lambda_svc._functions.get(name)
        if function is not None:
            function["config"] |= {"State": "Active", "LastUpdateStatus": "Successful"}

    def save(self) -> dict[str, int]:
        """Function → how many looks are left."""
        return dict(self._looks)

    def restore(self, looks: dict[str, int]) -> None:
        """Go back to what was saved; `{}` forgets all of it."""
        self._looks = dict(looks)
