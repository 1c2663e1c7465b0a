"""Times what a cold start imports: each handler, against just what it cannot do without.

Every import runs in an interpreter of its own that knows nothing but the packages (no editable installation, no `.pth`
files), in turns. It is processor time: an import waits for nothing once its files have been read, and so it is the same
on a busy machine. Making an AWS client belongs to it on both sides: the handler of a deployed function makes its own
while it is imported.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_POWERTOOLS = (
    "from aws_lambda_powertools import Logger, Metrics",
    "from aws_lambda_powertools.metrics import MetricUnit, single_metric",
)
_HTTP = ("import requests",)
_MADE = "import boto3; from botocore.config import Config; boto3.client({service!r}, config=Config())"

_SECRET = {"INTER_CLOUD_TOKEN_SECRET": "arn:aws:secretsmanager:us-east-1:000000000000:secret:x"}

NEEDS: dict[str, tuple[tuple[str, ...], tuple[str, ...], dict[str, str]]] = {
    "dispatcher": (("lambda",), (), {"PROCESSOR_LAMBDA_NAME": "p"}),
    "processor": (("lambda",), (), {"PERSISTER_LAMBDA_NAME": "p"}),
    "persister": (("dynamodb",), (), {"DYNAMODB_TABLE_NAME": "t"}),
    "event_checker": (("lambda",), (), {}),
    "ingestion": (("lambda", "secretsmanager"), (), {"PROCESSOR_LAMBDA_NAME": "p", **_SECRET}),
    "writer": (("dynamodb", "secretsmanager"), (), {"DYNAMODB_TABLE_NAME": "t", **_SECRET}),
    "connector": (("secretsmanager",), _HTTP, {"REMOTE_INGESTION_URL": "https://x.example/", **_SECRET}),
}
"""Handler → the services whose clients it cannot do without, other imports, and the environment that tells it so."""

_PROGRAM = """
import sys, time
sys.path[:0] = {path!r}
started = time.process_time()
{code}
took = time.process_time() - started
peak = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(took, peak[0])
"""


@dataclass(frozen=True)
class Import:
    """Milliseconds that a handler and its bare needs take to import; `needs` says what those are; MB of memory."""

    handler: str
    milliseconds: float
    bare: float
    needs: str
    megabytes: float

    @property
    def ratio(self) -> float:
        """How much longer the handler takes."""
        return self.milliseconds / self.bare


def measure(rounds: int) -> list[Import]:
    """Every handler."""
    return [_measured(handler, rounds) for handler in NEEDS]


def _measured(handler: str, rounds: int) -> Import:
    services, more, environment = NEEDS[handler]
    bare = [*_POWERTOOLS, *more, *(_MADE.format(service=service) for service in services)]
    real = [f"import lambda_functions.{handler}.handler"]
    took: dict[str, list[tuple[float, float]]] = {"real": [], "bare": []}
    for _ in range(rounds):
        took["bare"].append(_run(bare, environment))
        took["real"].append(_run(real, environment))
    took = {name: runs[1:] for name, runs in took.items()}  # the first ones read the files from the disk
    return Import(
        handler,
        1000 * statistics.median(seconds for seconds, _ in took["real"]),
        1000 * statistics.median(seconds for seconds, _ in took["bare"]),
        ", ".join(["Logger, Metrics", *(line.removeprefix("import ") for line in more), *services]),
        statistics.median(kilobytes for _, kilobytes in took["real"]) / 1024,
    )


def _run(code: list[str], environment: dict[str, str]) -> tuple[float, float]:
    program = _PROGRAM.format(path=[str(ROOT), sysconfig.get_path("purelib")], code="\n".join(code))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        env={
            "PATH": os.environ["PATH"],
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_LAMBDA_FUNCTION_NAME": "bench",
            **environment,
        },
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, kilobytes = done.stdout.split()
    return float(seconds), float(kilobytes)


if __name__ == "__main__":
    json.dump([vars(each) for each in measure(9)], sys.stdout, indent=1)
