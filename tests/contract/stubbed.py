"""A client that answers what AWS answers where the emulators cannot be brought to it."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.stub import Stubber


def stubbed(service: str, *answers: tuple[str, Any]) -> Any:
    """A boto3 client that gives these answers, in this order; botocore checks their shapes.

    An answer is a method's name and its response, or an error as `(code, message)`. Any other call fails the test.
    """
    client: Any = boto3.client(
        service,  # type: ignore[call-overload]  # the service's name is data here
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    stubber = Stubber(client)
    for method, answer in answers:
        if isinstance(answer, tuple):
            stubber.add_client_error(method, service_error_code=answer[0], service_message=answer[1])
        else:
            stubber.add_response(method, answer)
    stubber.activate()
    client.all_answers_given = stubber.assert_no_pending_responses
    return client
