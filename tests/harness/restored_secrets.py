"""A secret that was restored from its recovery window: Secrets Manager refuses its value for some looks more."""

from __future__ import annotations

from botocore.awsrequest import AWSResponse

from tests.harness.calls import Call
from tests.harness.faults import Send, refusal

LOOKS = 2
_SAID = "You can't perform this operation on the secret because it was marked for deletion."


class RestoredSecrets:
    """The restored secrets, and how often each is refused yet."""

    def __init__(self) -> None:
        self.refused: dict[str, int] = {}

    def meet(self, call: Call, send: Send) -> AWSResponse:
        """Refuse the value of a secret that was restored a moment ago."""
        name = str(call.params.get("SecretId", ""))
        if call.operation == "GetSecretValue" and self.refused.get(name, 0):
            self.refused[name] -= 1
            return refusal(call, 400, "InvalidRequestException", _SAID)
        if call.operation == "RestoreSecret":
            self.refused[name] = LOOKS
        return send()
