"""Moto's Step Functions engine as a process of its own: what other tests mock and reset in theirs does not reach it."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from moto.core.config import default_user_config
from moto.server import ThreadedMotoServer
from moto.stepfunctions.parser.asl.component.common.error_name import custom_error_name
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback,
    state_task_service_sfn,
)
from moto.stepfunctions.parser.asl.parse import asl_parser
from moto.stepfunctions.parser.asl.utils import boto_client

_ROOT = Path(__file__).parents[2]


@contextmanager
def running(lambda_endpoint: str) -> Iterator[str]:
    """Start the process, whose tasks run in the functions at `lambda_endpoint`; gives the address of its engine."""
    environment = {**os.environ, "MOTO_PORT": lambda_endpoint.rpartition(":")[2]}
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(
        command, cwd=_ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        endpoint = process.stdout.readline().strip()
        assert endpoint, "moto's engine did not start"
        try:
            yield endpoint
        finally:
            process.stdin.close()  # it ends then, as it does when the tests are killed
            process.wait(timeout=10)


def _serve() -> None:
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    _let_moto_start_executions()
    _let_moto_do_things_once()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    sys.stdin.read()
    os._exit(0)  # an execution that still runs would keep the process


def _let_moto_start_executions() -> None:
    """Mend what moto 5.2.5 lacks for nested executions.

    It hands a state machine's spelling of parameters (`StateMachineArn`) to boto3, which knows `stateMachineArn`, and
    boto3's spelling of answers back. It cannot pass States.TaskFailed out of a Parallel branch. And it looks for the
    end of a nested execution twice a second only.
    """

    def to_boto(_: Any, parameters: dict[str, Any]) -> None:
        parameters["Input"] = json.dumps(parameters["Input"])
        for name in list(parameters):
            parameters[name[0].lower() + name[1:]] = parameters.pop(name)

    def from_boto(_: Any, response: dict[str, Any], **_named: Any) -> None:
        for name in list(response):
            response[name[0].upper() + name[1:]] = response.pop(name)

    _replace(
        (state_task_service_sfn.StateTaskServiceSfn, "_normalise_parameters", to_boto),
        (state_task_service_sfn.StateTaskServiceSfn, "_normalise_response", from_boto),
        (custom_error_name, "ILLEGAL_CUSTOM_ERROR_PREFIX", "no error begins like this"),
        (state_task_service_callback, "_DELAY_SECONDS_SYNC_CONDITION_CHECK", 0.02),
    )


def _replace(*replaced: tuple[Any, str, Any]) -> None:
    for owner, name, replacement in replaced:
        setattr(owner, name, replacement)


def _let_moto_do_things_once() -> None:
    """Keep what moto makes anew each time: what it has parsed for each execution, its client for each task."""

    @functools.cache
    def client(region: str, service: str) -> Any:
        return boto_client.boto_client_for(region, service)

    def client_for(region: str, service: str, **_: Any) -> Any:
        return client(region, service)

    parser = asl_parser.AmazonStateLanguageParser
    _replace(
        (lambda_eval_utils, "boto_client_for", client_for),
        (state_task_service_sfn, "boto_client_for", client_for),
        (parser, "parse", staticmethod(functools.cache(parser.parse))),
    )


if __name__ == "__main__":
    _serve()
