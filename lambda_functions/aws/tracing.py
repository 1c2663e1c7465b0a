"""X-Ray segments, for the invocations that X-Ray samples and for no others.

Importing the X-Ray SDK takes longer than everything else a function does (some 400 ms), so it is loaded only when
Lambda says that this invocation is sampled and that a daemon takes segments. The W3C trace id travels in the envelope,
sampled or not.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lambda_functions.shared.port import Annotate


@contextmanager
def segment(name: str) -> Iterator[Annotate | None]:
    """One hop's sub-segment; None where X-Ray would not record it."""
    tracer = _tracer() if _sampled() else None
    if tracer is None:
        yield None
        return
    with tracer.provider.in_subsegment(name=f"## {name}") as subsegment:
        yield subsegment.put_annotation


def _sampled() -> bool:
    return "Sampled=1" in os.environ.get("_X_AMZN_TRACE_ID", "") and bool(os.environ.get("AWS_XRAY_DAEMON_ADDRESS"))


@functools.cache
def _tracer() -> Any:
    try:
        import aws_xray_sdk.core  # noqa: F401
        from aws_lambda_powertools import Tracer
    except ModuleNotFoundError:  # a layer built without it: events matter more than their traces
        return None
    return Tracer(auto_patch=False)
