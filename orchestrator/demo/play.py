"""Plays one scenario: deploy, send telemetry, read it back, show the trace, destroy, show that nothing is left."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from lambda_functions.shared.envelope import now
from orchestrator.cli import progress, trace_view
from orchestrator.cli.init import create
from orchestrator.cli.options import Target
from orchestrator.core.errors import GluecodeError
from orchestrator.core.names import TwinNames
from orchestrator.demo.remains import LISTED, remains
from orchestrator.demo.scenarios import Deployed, Scenario, World
from orchestrator.demo.stage import Stage
from orchestrator.operations import deployment, telemetry
from orchestrator.operations.executions import Run, Step

_SAMPLES = ("oven-1.json", "press-1.json")


def play(stage: Stage, target: Target, scenario: Scenario, folder: Path) -> None:
    """Play it, with the project's files in `folder`. Raises GluecodeError where the result is wrong."""
    stage.scenario(scenario.name, scenario.why, scenario.picture)
    with scenario.world() as world:
        project = _project(stage, scenario, world, folder)
        deployed = _deploy(stage, target, scenario, project)
        send = world.connect(deployed)
        _send(stage, target, scenario, send, project)
    _destroy(stage, target, scenario)


def _project(stage: Stage, scenario: Scenario, world: World, folder: Path) -> Path:
    stage.act(1, "Write the project: one folder of JSON files, as `gluecode init` makes it")
    project = create(scenario.twin, folder)
    _write(project / "config_providers.json", scenario.providers)
    if world.connections:
        _write(project / "config_inter_cloud.json", {"connections": world.connections})
    layers = ("L1 takes in", "L2 processes", "L3 stores")
    for layer, provider in zip(layers, scenario.layers, strict=True):
        stage.fact(layer, provider, "cyan" if provider == "aws" else "yellow")
    return project


def _deploy(stage: Stage, target: Target, scenario: Scenario, project: Path) -> Deployed:
    stage.act(2, "Deploy: a state machine compares what is there with the project, and makes what is missing")
    prepared = deployment.prepare(lambda: target.aws, project, allow_loopback_http=True)
    _, _, run = deployment.deploy(target.aws, target.installation, prepared, deployment.Options())
    result = _follow(stage, target, run)
    stage.good(result["says"])
    for function, url in result["urls"].items():
        stage.fact(f"{function} URL", url, "cyan")

    def token_of(connection: str) -> str:
        secret = TwinNames(scenario.twin).secret(connection)
        return str(target.aws.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])

    def publish(event: Mapping[str, Any]) -> str:
        return telemetry.send(target.aws, scenario.twin, event).trace_id

    return Deployed(publish, result["urls"], token_of)


def _send(stage: Stage, target: Target, scenario: Scenario, send: Any, project: Path) -> None:
    stage.act(3, f"Send telemetry: {scenario.entrance}")
    traces = {}
    for sample in _SAMPLES:
        event = {**json.loads((project / "telemetry" / sample).read_text(encoding="utf-8")), "time": now()}
        traces[event["iotDeviceId"]] = send(event)
        stage.fact(event["iotDeviceId"], json.dumps(event))
    with stage.waiting("   waiting until the events are stored ..."):
        found = {device: telemetry.wait(target.aws, trace, scenario.twin) for device, trace in traces.items()}
    for device, trace in found.items():
        if trace.end is None or trace.end.what != "stored":
            raise GluecodeError(
                f"The event of {device} was not stored.", f"Trace {trace.trace_id}: {trace_view.conclusion(trace)}"
            )

    table = TwinNames(scenario.twin).hot_table
    stage.act(4, f"Read it back from the hot table {table}")
    stored = _stored(target, table)
    if {item["iotDeviceId"] for item in stored} != set(traces):
        raise GluecodeError(f"The hot table {table} holds {len(stored)} items, not the {len(traces)} that were sent.")
    stage.items(stored)
    if scenario.layers[1] == "aws":
        stage.say(
            "   The oven reports Fahrenheit: its own processors/oven-1/process.py made degrees Celsius of it.", "dim"
        )

    device = next(iter(traces))
    stage.act(5, f"Show one event's way by its trace id {traces[device]}, from the functions' logs")
    stage.table(trace_view.table(found[device]))
    stage.good(trace_view.conclusion(found[device]).plain)


def _destroy(stage: Stage, target: Target, scenario: Scenario) -> None:
    stage.act(6, "Destroy: the same in reverse order, entrances first, so that no event is lost on the way")
    run = deployment.destroy(target.aws, target.installation, scenario.twin, retain_data=False)
    result = _follow(stage, target, run)
    stage.good(result["says"])
    left = remains(target.aws, scenario.twin)
    if left:
        raise GluecodeError(f"After the removal of '{scenario.twin}' there is still {left}.")
    stage.good(f"Asked AWS for {', '.join(LISTED)}: none of '{scenario.twin}'.")


def _follow(stage: Stage, target: Target, run: Run) -> Mapping[str, Any]:
    ending = progress.show(stage.console, target, run, _is_there)
    if not ending.succeeded:
        raise GluecodeError(f"The execution {run.name} failed. {ending.error}: {ending.cause}")
    return ending.output


def _is_there(step: Step) -> bool:
    return step.outcome != "absent"


def _stored(target: Target, table: str) -> list[dict[str, Any]]:
    read = TypeDeserializer().deserialize
    items = target.aws.client("dynamodb").scan(TableName=table, ConsistentRead=True)["Items"]
    stored = [{name: read(value) for name, value in item.items()} for item in items]
    return sorted(stored, key=lambda item: str(item["id"]))


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
