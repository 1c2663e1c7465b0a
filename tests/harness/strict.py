"""What AWS refuses and the emulator takes.

A second event source mapping between one queue and one function, and to list the mappings of a deleted function.
"""

from __future__ import annotations

from botocore.awsrequest import AWSResponse
from ministack.services import lambda_svc

from tests.harness.calls import Call
from tests.harness.faults import Send, refusal


def meet(call: Call, send: Send) -> AWSResponse:
    """Send the call, unless AWS would refuse it."""
    if call.operation == "CreateEventSourceMapping":
        between = call.params["FunctionName"], call.params["EventSourceArn"]
        for there in lambda_svc._esms.values():
            if (there["FunctionName"], there["EventSourceArn"]) == between:
                said = f"already exists. Please update or delete the existing mapping with UUID {there['UUID']}"
                return refusal(call, 409, "ResourceConflictException", f"An event source mapping {said}")
    if call.operation == "ListEventSourceMappings":
        function = call.params.get("FunctionName")
        if function and function not in lambda_svc._functions:
            return refusal(call, 404, "ResourceNotFoundException", f"Function not found: {function}")
    return send()
