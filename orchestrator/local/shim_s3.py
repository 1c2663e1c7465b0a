"""Makes ministack's S3, with IAM enforced, tell nobody that an object is missing who may not list the bucket.

AWS answers such a GetObject or HeadObject with 403 AccessDenied ("not authorized to perform: s3:ListBucket"), not 404.
"""

from __future__ import annotations

from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator

_READS = ("GetObject", "HeadObject")


def install() -> None:
    """Patch what S3 answers."""
    handler = app.SERVICE_HANDLERS["s3"]

    async def handle(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        answer = await handler(method, path, headers, body, query)
        if app.AUTH and answer[0] == 404 and iam_actions._s3_action(method, path, query) in _READS:
            return _hidden(path, headers, query) or answer
        return answer

    app.SERVICE_HANDLERS["s3"] = handle


def _hidden(path: str, headers: Any, query: Any) -> Any:
    """The refusal of whoever may not list the bucket; None for others."""
    action, bucket = "s3:ListBucket", f"arn:aws:s3:::{path.strip('/').split('/')[0]}"
    caller = app.extract_access_key_id(headers, query)
    denied = iam_evaluator.enforce(caller, action, "s3", app.extract_region(headers), resource_arn=bucket)
    if not denied:
        return None
    return iam_actions.access_denied_response(
        "s3", action, denied.principal_arn, "missing-object", headers=headers, resource_arn=bucket
    )
