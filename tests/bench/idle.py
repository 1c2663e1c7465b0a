"""The orchestrator's machines with tasks that do nothing: what the embedded cloud's engine takes, apart from our work.

Each idle task answers what the real one answered in the harness, so an execution takes the same way through the same
states, with payloads of the same size, on as many Lambda workers. What is left is the engine: threads, workers, logs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.core.names import Installation
from orchestrator.install.packages import zipped
from tests.bench.twins import twin
from tests.harness.account import Account
from tests.harness.engine import Handler
from tests.harness.parts import Product

PREFIX = "idle"
FIRST, AGAIN = "first", "again"
Answers = dict[str, dict[str, Any]]

_SOURCE = b"""
import json, os

ANSWERS = json.load(open(os.path.join(os.path.dirname(__file__), "answers.json")))


def subject(event):
    if event.get("compared"):
        return "compared"
    about = event.get("spec") or event.get("identity") or event.get("device") or event.get("request") or {}
    return about.get("name") or about.get("project") or ""


def handler(event, context):
    print(json.dumps({"run": event.get("run"), "of": subject(event)}))
    return ANSWERS.get(subject(event)) or next(iter(ANSWERS.values()))
"""


class _Recording(Product):
    """The product, whose tasks' answers are noted down."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, Answers] = {}

    def tasks(self, installation: Installation) -> Mapping[str, Handler]:
        """Every task, noting its answer by what it was about."""
        prefix = f"{installation.prefix}-"
        return {name: self._noting(name.removeprefix(prefix), run) for name, run in super().tasks(installation).items()}

    def _noting(self, task: str, run: Handler) -> Handler:
        def noting(event: Mapping[str, Any], context: Any) -> Any:
            answer = run(event, context)
            self.answers.setdefault(task, {})[_subject(event)] = answer
            return answer

        return noting


def _subject(event: Mapping[str, Any]) -> str:
    if event.get("compared"):
        return "compared"
    about = event.get("spec") or event.get("identity") or event.get("device") or event.get("request") or {}
    return str(about.get("name") or about.get("project") or "")


def install(client: Callable[[str], Any], installation: Installation, devices: int) -> Installation:
    """Put idle machines next to the installation; `{"project": "first"}` and `{"project": "again"}` start them."""
    idle = Installation(PREFIX, installation.partition, installation.region, installation.account)
    parts = _Recording()
    with Account(parts) as account:
        project = twin("factory", devices)
        account.upload("factory", project.files)
        account.run("deploy", {"project": "factory"})
        loads = {FIRST: parts.answers["load-project"]["factory"]}
        account.run("deploy", {"project": "factory"})
        loads[AGAIN] = parts.answers["load-project"]["factory"]
        parts.answers["load-project"] = loads
        machines = {name.replace(f"{account.installation.prefix}-", f"{PREFIX}-", 1): text
                    for name, text in _rendered(parts, idle).items()}  # fmt: skip
    functions = client("lambda")
    for task, answers in parts.answers.items():
        functions.create_function(
            FunctionName=idle.task_name(task),
            Role=idle.role_arn("idle"),
            Runtime="python3.13",
            Handler="index.handler",
            Timeout=60,
            Code={"ZipFile": zipped({"index.py": _SOURCE, "answers.json": json.dumps(answers).encode()})},
        )
    for name, definition in machines.items():
        client("stepfunctions").create_state_machine(
            name=name, definition=definition, roleArn=idle.role_arn("idle"), type="STANDARD"
        )
    return idle


def _rendered(parts: Product, idle: Installation) -> Mapping[str, str]:
    return parts.machines(idle)
