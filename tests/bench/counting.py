"""Counts calls, transitions and events of deployments of any size, in the harness."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from orchestrator.core.config import read_project
from orchestrator.core.names import project_files
from orchestrator.core.plan import Code, Footprint, Request, plan
from orchestrator.install import packages
from tests.bench import least
from tests.bench.states import Seen, watching
from tests.bench.twins import twin
from tests.harness.account import Account, Execution
from tests.proofs.projects import Project

NAME = "factory"
_DEPLOY = {"project": NAME, "drain_seconds": 0}


@dataclass(frozen=True)
class Count:
    """What one run took: `reads` and `writes` on the twin's resources, `around` the orchestrator's own calls."""

    run: str
    devices: int
    own: int
    calls: int
    reads: int
    writes: int
    around: int
    transitions: int
    executions: int
    history: int
    payload: int
    environment: int


def first(account: Account, devices: int, own: int = 0) -> Count:
    """The first deployment alone."""
    account.clear()
    account.upload(NAME, twin(NAME, devices, own).files)
    with watching() as seen:
        done = account.run("deploy", _DEPLOY)
    if not done.succeeded:
        raise RuntimeError(f"{devices} devices ended with {done.error}: {done.cause}")
    return _count("first deployment", devices, own, done, seen)


def count(account: Account, devices: int, own: int = 0) -> list[Count]:
    """First deployment, no change, one device added, destruction: on an empty account."""
    account.clear()
    first = twin(NAME, devices, own)
    more = twin(NAME, devices + 1, own)
    counted = []
    for run, project, machine in (
        ("first deployment", first, "deploy"),
        ("no change", first, "deploy"),
        ("one device added", more, "deploy"),
        ("destruction", more, "destroy"),
    ):
        account.upload(NAME, project.files)
        request = _DEPLOY if machine == "deploy" else {"twin": NAME, "retain_data": False, "drain_seconds": 0}
        with watching() as seen:
            done = account.run(machine, request)
        if not done.succeeded:
            raise RuntimeError(f"{run} of {devices} devices ended with {done.error}: {done.cause}")
        counted.append(_count(run, devices, own, done, seen))
    return counted


def _count(run: str, devices: int, own: int, done: Execution, seen: Seen) -> Count:
    of_the_twin = [call for call in done.calls if not call.of_the_orchestrator]
    environments = [call.params.get("Environment", {}).get("Variables", {}) for call in of_the_twin]
    return Count(
        run=run,
        devices=devices,
        own=own,
        calls=len(done.calls),
        reads=sum(not call.writes for call in of_the_twin),
        writes=sum(call.writes for call in of_the_twin),
        around=len(done.calls) - len(of_the_twin),
        transitions=seen.all_transitions,
        executions=seen.executions,
        history=seen.longest_history,
        payload=seen.largest_payload,
        environment=max(len(json.dumps(variables)) for variables in environments) if environments else 0,
    )


def least_for(project: Project, installation: Any, layer: str) -> list[least.Create]:
    """The least possible for the same resources."""
    functions = packages.functions()
    code = Code(installation.bucket, functions.key, functions.sha256, (layer,))
    request = Request("bench", project.twin, project_files(project.twin))
    made = plan(read_project(project.files), installation, code, Footprint(), request).as_json()
    zipped = packages.zipped({"python/digital_twin_info.json": b"{}"})
    return least.calls_for(made, zipped, dict.fromkeys((device for device, _ in project.own), functions.content))
