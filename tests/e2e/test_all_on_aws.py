"""Scenario a, everything on AWS: from an empty account through every command and back to an empty account."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.demo.remains import remains
from orchestrator.operations.session import Aws
from tests.conftest import Clients
from tests.e2e import account
from tests.e2e.conftest import MakeProject
from tests.e2e.product import Product

TWIN = "factory-a"
EVENT = {"iotDeviceId": "oven-1", "time": "2026-11-23T10:00:00Z", "temperature": 392.0, "doorOpen": False}


def _outcomes(result: dict[str, Any]) -> set[str]:
    return {step["outcome"] for step in result["steps"]}


def _resources(result: dict[str, Any]) -> set[tuple[str, str]]:
    return {(step["kind"], step["name"]) for step in result["steps"] if step["outcome"] != "absent"}


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Path:
    """The example project as it is."""
    return make_project(TWIN, ("aws", "aws", "aws"))


@pytest.fixture(scope="module")
def planned(product: Product, project: Path) -> Any:
    """The plan on an empty account."""
    return product.done("plan", str(project))


@pytest.fixture(scope="module")
def deployed(product: Product, project: Path, planned: Any, aws: Aws) -> Iterator[Any]:
    """What the first deployment said."""
    assert planned
    yield product.done("deploy", str(project))
    if remains(aws, TWIN):
        product.run("destroy", TWIN, "--delete-data", "--yes")


def test_a_plan_creates_nothing(planned: Any, aws: Aws) -> None:
    assert {resource["action"] for resource in planned["resources"]} == {"create"}
    assert remains(aws, TWIN) == {}


def test_the_deployment_does_what_the_plan_said(planned: Any, deployed: Any) -> None:
    assert _resources(deployed) == {(resource["kind"], resource["name"]) for resource in planned["resources"]}
    assert deployed["outcome"] == "deployed"


def test_a_second_deployment_changes_nothing_and_writes_nothing(
    product: Product, project: Path, deployed: Any, clients: Clients
) -> None:
    before = account.versions(clients, TWIN)

    again = product.done("deploy", str(project))

    assert _outcomes(again) <= {"unchanged", "absent"}
    assert _resources(again) == _resources(deployed)
    assert account.writes(clients, again["execution"]) == {}
    assert account.versions(clients, TWIN) == before


@pytest.mark.usefixtures("deployed")
def test_ctrl_c_detaches_and_the_deployment_goes_on(product: Product, project: Path, clients: Clients) -> None:
    process = product.start("deploy", str(project))
    assert process.stderr is not None
    with process:
        name = next(line.split()[1] for line in process.stderr if line.startswith("deployment "))
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()

    assert process.returncode == 1
    assert f"error: Detached. The execution {name} goes on in AWS." in said
    assert account.execution(clients, name)["status"] == "SUCCEEDED"


@pytest.mark.usefixtures("deployed")
def test_an_event_is_stored_and_its_trace_id_is_logged_by_every_function(product: Product, clients: Clients) -> None:
    sent = product.done("send", TWIN, json.dumps(EVENT), "--wait")

    way = product.done("trace", sent["trace_id"])

    assert [hop["service"] for hop in way["hops"] if hop["what"] == "received"][:3] == [
        "dispatcher",
        "processor",
        "persister",
    ]
    assert way["end"] == "stored"
    stored = account.items(clients, TWIN)[EVENT["iotDeviceId"], EVENT["time"]]  # type: ignore[index]  # both are texts
    assert (stored["temperature"], stored["doorOpen"]) == ({"N": "200"}, {"BOOL": False})


@pytest.mark.usefixtures("deployed")
def test_an_event_can_come_from_a_file_or_a_pipe(product: Product) -> None:
    sent = product.done("send", TWIN, f"@{TWIN}/telemetry/press-1.json")

    assert sent["event"]["iotDeviceId"] == "press-1"


@pytest.mark.usefixtures("deployed")
def test_an_inspection_finds_what_has_drifted(product: Product, clients: Clients) -> None:
    clients("lambda").update_function_configuration(FunctionName=f"{TWIN}-persister", MemorySize=1024)
    found = product.run("inspect", TWIN, "--json")

    assert found.code == 1
    [finding] = found.json["findings"]
    assert (finding["name"], finding["problem"]) == (f"{TWIN}-persister", "drifted")
    assert finding["changes"] == [{"field": "memory_mb", "before": 1024, "after": 256}]


def test_a_deployment_repairs_what_has_drifted(product: Product, project: Path, deployed: Any) -> None:
    repaired = product.done("deploy", str(project))

    changed = {(step["kind"], step["name"]) for step in repaired["steps"] if step["outcome"] == "updated"}
    assert changed <= {("function", f"{TWIN}-persister")}
    assert product.done("inspect", TWIN)["outcome"] == "as deployed"


@pytest.mark.usefixtures("deployed")
def test_uninstalling_is_refused_while_the_twin_exists(product: Product) -> None:
    said = product.run("uninstall")

    assert said.code == 1
    assert TWIN in said.err


@pytest.mark.usefixtures("deployed")
def test_destroying_leaves_nothing_but_the_data_and_names_it(product: Product, aws: Aws) -> None:
    destroyed = product.done("destroy", TWIN)

    assert destroyed["retained"] == [f"hot-table {TWIN}-hot-iot-data"]
    assert remains(aws, TWIN) == {"tables": [f"{TWIN}-hot-iot-data"]}


@pytest.mark.usefixtures("deployed")
def test_destroying_again_with_the_data_finds_everything_else_absent(product: Product, aws: Aws) -> None:
    again = product.done("destroy", TWIN, "--delete-data", "--yes")

    there = [(step["kind"], step["outcome"]) for step in again["steps"] if step["outcome"] != "absent"]
    assert there == [("hot-table", "deleted")]
    assert remains(aws, TWIN) == {}
