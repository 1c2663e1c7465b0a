"""Closes the gaps between ministack and AWS that this product would otherwise trip over.

Everything here patches one pinned version and refuses any other. Each module `shim_*` describes what it patches. Known
differences that stay, because nothing of ours depends on them:

- Step Functions: the execution's `TimeoutSeconds` and `RedriveExecution` are missing; a Parallel state waits for its
  other branches when one fails; a JSONPath to nothing reads as null instead of failing with States.Runtime; the
  history shows the top level only. Moto's engine, on which the same machines are tested, has all but the redrive.
- Lambda: workers run this interpreter with its site-packages, whatever `Runtime` says; layers come before the
  function's own code on sys.path; no memory limit, no 6 MB limit; a failing Function URL answers 502 with the error's
  text, where AWS says "Internal Server Error".
- Secrets Manager: a partial ARN also finds a secret whose name merely begins with the name in it.
- With IAM enforced, these are still allowed: a Function URL without a resource policy, IoT invoking a function without
  a permission, iam:PassRole, what a state machine's role or a trust policy forbids.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

VERSION = "1.5.33"


def install(endpoint: str, async_workers: int, wait_scale: float) -> Callable[..., Any]:
    """Patch ministack for a server at `endpoint` and return its ASGI application. RuntimeError on another version."""
    if version("ministack") != VERSION:
        raise RuntimeError(
            f"The embedded cloud is made for ministack {VERSION}, but {version('ministack')} is installed. "
            "Install the right one: pip install 'multicloud-gluecode[local]'"
        )
    from ministack import app

    from orchestrator.local import (
        shim_account,
        shim_dynamodb,
        shim_events,
        shim_iam,
        shim_lambda,
        shim_loops,
        shim_roles,
        shim_s3,
        shim_stacks,
        shim_states,
    )

    shim_account.install()
    shim_lambda.install(endpoint, async_workers)
    shim_roles.install()
    shim_loops.install()  # around the invocation that `shim_roles` puts in place of ministack's
    shim_states.install()
    shim_events.install(wait_scale)
    shim_iam.install()
    shim_dynamodb.install()
    shim_stacks.install()
    shim_s3.install()
    return app.app  # type: ignore[no-any-return]  # ministack is not typed


def stop_workers() -> None:
    """End every Lambda worker and remove its files."""
    from ministack.core import lambda_runtime

    for worker in [worker for pool in lambda_runtime._workers.values() for worker in pool]:
        worker.in_use = False  # this is the end also for what it is doing
    lambda_runtime.reset()
