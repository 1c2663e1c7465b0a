"""Makes ministack's IAM check a call against the resource that AWS names for it, so that scoped policies allow it.

- lambda:CreateFunction is checked against the new function's ARN; ministack sees no name in the path and takes `*`.
- A rule of the default event bus is `rule/NAME`; ministack takes `rule/default/NAME`.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.core import iam_actions


def install() -> None:
    """Patch the resource that a request is checked against."""
    extract = iam_actions.extract_resource_arn

    def extract_resource_arn(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
    ) -> str:
        if service == "lambda" and method == "POST" and path.rstrip("/").endswith("/functions"):
            name = _function_name(body)
            return f"arn:aws:lambda:{region}:{account}:function:{name}"
        found = str(extract(service, method, path, headers, body, query, region, account))
        return found.replace(":rule/default/", ":rule/", 1) if service == "events" else found

    iam_actions.extract_resource_arn = extract_resource_arn


def _function_name(body: bytes) -> str:
    try:
        return str(json.loads(body)["FunctionName"]).rpartition(":")[2]
    except (ValueError, KeyError, TypeError):
        return "*"
