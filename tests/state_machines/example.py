"""A twin to route through the machines: its plan on any mapping, and steps that all go well."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from deploy_steps.contract import Result
from deploy_steps.shared import findings
from deploy_steps.shared.announcements import announcement
from deploy_steps.shared.outcome import outcome
from deploy_steps.state.record import run_start
from deploy_steps.tasks.list_findings import summed_up
from orchestrator.core.config import read_project
from orchestrator.core.names import Installation
from orchestrator.core.placement import WATCHED, Watch
from orchestrator.core.plan import COMPONENTS, Code, Footprint, FunctionComponent, Request, device_component, plan
from orchestrator.core.plan.prune import EVERY_CONNECTION
from orchestrator.core.spec_json import as_json, read_spec
from orchestrator.core.specs import StoredObject
from tests.state_machines.recorder import Call

TWIN = "factory"
EVERYTHING = Footprint(COMPONENTS, ("lathe", "press"), EVERY_CONNECTION)
NOTHING = Footprint()

_INSTALLATION = Installation("gluecode", "aws", "eu-central-1", "123456789012")
_CODE = Code("gluecode-artifacts", "code/functions.zip", "c2hhMjU2", ("arn:aws:lambda:eu-central-1:1:layer:x:1",))
_LAYERS = ("layer_1_provider", "layer_2_provider", "layer_3_hot_provider")

Mapping3 = tuple[str, str, str]


def planned(
    mapping: Mapping3, *, event_checking: bool = True, batching: bool = False, watch: Watch = WATCHED, **request: Any
) -> dict[str, Any]:
    """The plan of a twin with two devices, of which `press` has code of its own."""
    documents: dict[str, Any] = {
        "config.json": {
            "digital_twin_name": TWIN,
            "hot_storage_size_in_days": 7,
            "cold_storage_size_in_days": 30,
            "mode": "DEBUG",
        },
        "config_iot_devices.json": [{"id": device, "properties": []} for device in ("oven", "press")],
        "config_providers.json": dict(zip(_LAYERS, mapping, strict=True)),
        "config_optimization.json": {"result": {"inputParamsUsed": {"useEventChecking": event_checking}}},
        "config_inter_cloud.json": {"connections": _connections(mapping, batching)},
    }
    files = {name: json.dumps(document).encode() for name, document in documents.items()}
    files["processors/press/process.py"] = b"def process(event):\n    return event\n"
    asked = Request(run="a-run", project=TWIN, source=f"projects/{TWIN}/", **request)
    made = plan(read_project(files), _INSTALLATION, _CODE, NOTHING, asked, watch=watch).as_json()
    return {**made, "drain_seconds": 0, "unchanged_since_deploy": False, "basis": "0a1b", "expected_steps": 40}


def _connections(mapping: Mapping3, batching: bool) -> dict[str, dict[str, Any]]:
    sends, receives = {"url": "https://other.example.com/in", "token": "t0ken", "batching": batching}, dict[str, Any]()
    return {
        f"{sender}_l{layer}_to_{receiver}_l{layer + 1}": sends if sender == "aws" else receives
        for layer, sender, receiver in ((1, mapping[0], mapping[1]), (2, mapping[1], mapping[2]))
        if sender != receiver and "aws" in (sender, receiver)
    }


class Steps:
    """Answers as steps do that find what `before` says and do what they are asked."""

    def __init__(self, made: Mapping[str, Any], before: Footprint = NOTHING) -> None:
        self.plan = dict(made)
        self.before = before
        self.amiss: list[Result] = []

    def __call__(self, call: Call) -> Any:
        verb, _, kind = call.task.partition("-")
        special = getattr(self, call.task.replace("-", "_"), None)
        if special:
            return special(call.event)
        outcomes = {"create": "created", "destroy": "deleted", "info": "present"}
        if call.event["dry_run"] and verb == "destroy":
            outcomes["destroy"] = "absent"
        if kind == "config-layer" and "configuration_layer" in self.before.components:
            outcomes["create"] = "updated"
        return self._answer(kind, call.name, outcomes[verb])

    @staticmethod
    def _answer(kind: str, name: str, said: str) -> dict[str, Any]:
        outputs = {
            "function-url": {"url": f"https://{name}.example.com/"},
            "config-layer": {"arn": f"arn:{name}:1"},
            "iam-role": {"arn": f"arn:{name}", "id": f"AROA-{name}"},
        }
        answer = {"kind": kind, "name": name, "outcome": said, "changes": [], "outputs": outputs.get(kind, {})}
        return {**answer, "may_exist": said != "created"}

    def load_project(self, event: Mapping[str, Any]) -> Any:
        """The plan, with the execution's own name."""
        return {**self.plan, "run": event["run"]}

    def load_twin(self, event: Mapping[str, Any]) -> Any:
        """The twin for `destroy`, the plan for `inspect`."""
        if event["verb"] == "destroy":
            asked = {"run": event["run"], "twin": TWIN, "project": TWIN, "dry_run": False, "retain_data": True}
            return {**asked, "drain_seconds": 0, "results": {}}
        inspected = {**self.plan, "run": event["run"], "dry_run": True, "configuration_layer_arn": "arn:layer:7"}
        return {**inspected, "previous": run_start(inspected, self._record, "inspect", _INSTALLATION.scope)}

    def check_permissions(self, event: Mapping[str, Any]) -> Any:
        """All roles may do what they have to."""
        return self._answer("permissions", "gluecode", "present")

    def compare_twin(self, event: Mapping[str, Any]) -> Any:
        """All is up to date, or `amiss` for an inspection."""
        if event.get("find_all"):
            about = {"run": event["run"], "dry_run": True, "twin": TWIN, "project": TWIN, "checked": 40}
            return {**about, **findings.cut(filter(None, map(findings.compared, self.amiss)))}
        shared = ("failure_queue", "log_group", "configuration_layer")
        found = [self._answer(part.replace("_", "-"), event["plan"][part]["name"], "unchanged") for part in shared]
        return {"up_to_date": True, "steps": {"own": found, "devices": []}}

    def take_lock(self, event: Mapping[str, Any]) -> Any:
        """Free."""
        return self._answer("lock", event["twin"], "created")

    def release_lock(self, event: Mapping[str, Any]) -> Any:
        """Ours."""
        return self._answer("lock", event["twin"], "deleted")

    def record_start(self, event: Mapping[str, Any]) -> Any:
        """What may be there, what departs, which roles are needed."""
        return run_start(event["state"], self._record, event["verb"], _INSTALLATION.scope)

    @property
    def _record(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self.before), "scopes": self.before.scopes or (_INSTALLATION.scope,)}

    def record_outcome(self, event: Mapping[str, Any]) -> Any:
        """What the real task sums up."""
        return outcome(event["verb"], event["state"])

    def announce_result(self, event: Mapping[str, Any]) -> Any:
        """Put on the bus."""
        told = announcement(event)
        return self._answer("result", told[0] if told else "", "created" if told else "absent")

    def list_twins(self, event: Mapping[str, Any]) -> Any:
        """The one twin."""
        asked = {"run": event["run"], "dry_run": False, "repair": event["request"]["repair"]}
        return {**asked, "twins": [{"twin": TWIN, "project": "plant"}]}

    def announce_drift(self, event: Mapping[str, Any]) -> Any:
        """Put on the bus."""
        return self._answer("drift", event["twin"], "created")

    def request_redeployment(self, event: Mapping[str, Any]) -> Any:
        """Put on the bus."""
        return self._answer("redeployment", event["twin"], "created")

    def write_report(self, event: Mapping[str, Any]) -> Any:
        """Where it lies."""
        return f"s3://bucket/reports/{TWIN}/{event['run']}.html"

    def list_findings(self, event: Mapping[str, Any]) -> Any:
        """What the real task sums up."""
        return summed_up(event["state"])

    def build_processor_package(self, event: Mapping[str, Any]) -> Any:
        """A package that is there already."""
        device = event["device"]
        package = StoredObject("b", "packages/x.zip", "c2hhMjU2")
        template = read_spec(FunctionComponent, event["template"])
        component = as_json(device_component(device["device"], device["name"], package, template))
        return {**self._answer("processor-package", device["name"], "unchanged"), "component": component}

    def drain_function(self, event: Mapping[str, Any]) -> Any:
        """Its settings are shortened."""
        return self._answer("invoke-config", event["identity"]["name"], "updated")

    def prove_url(self, event: Mapping[str, Any]) -> Any:
        """It answers as it must."""
        return self._answer("url", event["name"], "present")
