"""The code of the Lambda function that stands in for the other cloud's Ingestion: it takes events and keeps them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from typing import Any

import boto3


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer as the contract says: 403 without the token, 200 once the event is in the queue.

    Only the token's SHA-256 is known here, so that the token itself stays in Secrets Manager.
    """
    headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
    given = hashlib.sha256(headers.get("x-inter-cloud-token", "").encode()).hexdigest()
    if not hmac.compare_digest(given, os.environ["TOKEN_SHA256"]):
        return {"statusCode": 403, "body": "{}"}
    body = event.get("body", "")
    content = base64.b64decode(body).decode() if event.get("isBase64Encoded") else body
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=content)
    trace_id = json.loads(content).get("trace_id", "")
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({"trace_id": trace_id}),
    }
