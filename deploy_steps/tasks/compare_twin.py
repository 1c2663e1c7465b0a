"""Looks whether a twin is as its plan says: all at once, at one reading call for each resource, changing nothing.

This is what a deployment of something that was deployed before takes, as long as nobody has changed anything by hand.
Settings and tags, code and policies are all read; only what AWS keeps apart (the tags of a queue, a log group, a table
or a rule) is a second call.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deploy_steps import aws
from deploy_steps.contract import Change, Result
from deploy_steps.errors import RETRYABLE, StepError
from deploy_steps.registry import KINDS
from deploy_steps.shared import findings
from deploy_steps.shared.role_binding import with_bindings
from deploy_steps.task import Kind, journal
from deploy_steps.tasks.build_processor_package import kept, where
from orchestrator.core.catalogue import COMPONENTS, FUNCTIONS, OF, PARTS
from orchestrator.core.plan import FunctionComponent, device_component
from orchestrator.core.plan.footprint import Footprint
from orchestrator.core.plan.prune import wanted
from orchestrator.core.spec_json import as_json, read_spec
from orchestrator.core.specs import StoredObject

ACTIONS = tuple(dict.fromkeys(action for kind in KINDS.values() for action in kind.actions.info))

_TWIN_READERS = 24
_DEVICE_READERS = 4  # of five calls each, two of them of the fifteen that Lambda takes in a second
SINGLE = {name: OF[name].kind for name in COMPONENTS if name not in FUNCTIONS and OF[name].plan_key == name}
"""The components that are one resource each, and its kind."""
_PERMISSIONS = "permissions"

Client = Callable[[str], Any]


@dataclass(frozen=True)
class _Wanted:
    """One resource to look at."""

    kind: Kind
    spec: Mapping[str, Any]


def compare(client: Client, plan: Mapping[str, Any], *, find_all: bool = False) -> list[list[Result]] | None:
    """What `info` reports of every resource, grouped: the twin's own ones, then those of each device.

    None as soon as anything is not up to date, unless `find_all`. `client` gives the client of a service.
    """
    own = list(_of_twin(plan, wanted(plan)))
    for service in {"s3", *(each.kind.service for each in own)}:  # before the threads: boto3 makes clients in one only
        client(service)
    with ThreadPoolExecutor(_TWIN_READERS) as readers:
        looked = list(readers.map(lambda each: _look(client, each), own))
    found = _with_bindings(own, looked, find_all=find_all)
    if not find_all and not (_all_present(found) and _layer(found) == plan["configuration_layer_arn"]):
        return None
    look = _device_or_fault if find_all else _device
    with ThreadPoolExecutor(_DEVICE_READERS) as readers:
        devices = list(readers.map(lambda device: look(client, plan, device, find_all), plan["device_processors"]))
    return [found, *devices] if find_all or all(map(_all_present, devices)) else None


def _of_twin(plan: Mapping[str, Any], now: Footprint) -> Iterator[_Wanted]:
    yield from (_Wanted(KINDS[kind], plan[part]) for part, kind in SINGLE.items() if part in now.components)
    if "outbox" in plan:
        yield _Wanted(KINDS["outbox"], plan["outbox"])
    if plan["alarms"]["alarms"]:
        yield _Wanted(KINDS["alarms"], plan["alarms"])
    if "iot_rule" in now.components:
        yield _Wanted(KINDS["iam-role"], plan["iot_role"])
    for function in FUNCTIONS:
        if function in now.components:
            yield from _of_function(plan["functions"][function], plan["configuration_layer_arn"])
    yield from (_Wanted(KINDS["secret"], secret) for secret in plan["secrets"])


def _of_function(component: Mapping[str, Any], layer: str) -> Iterator[_Wanted]:
    for part, kind in PARTS.items():
        if part in component and part != _PERMISSIONS:
            known = {"configuration_layer": layer} if part == "function" else {}
            yield _Wanted(KINDS[kind], {**component[part], **known})
    if component[_PERMISSIONS]["statements"]:
        yield _Wanted(KINDS[_PERMISSIONS], component[_PERMISSIONS])


def _device_or_fault(
    client: Client, plan: Mapping[str, Any], device: Mapping[str, str], find_all: bool
) -> list[Result]:
    """The same for an inspection: what cannot be read of one device is a finding, and the others are compared."""
    try:
        with aws.translated():
            return _device(client, plan, device, find_all)
    except RETRYABLE:
        raise
    except StepError as error:
        return [Result("function", device["name"], "drifted", (Change("cannot be read", str(error), None),))]


def _device(client: Client, plan: Mapping[str, Any], device: Mapping[str, str], find_all: bool) -> list[Result]:
    """The resources of one device's processor. Without its package, what is made from that cannot be compared."""
    template = plan["functions"]["processor"]
    bucket, key = where(device, template)
    sha256 = _sha256(client("s3"), bucket, key)
    package = StoredObject(bucket, key, sha256 or "")
    made = device_component(device["device"], device["name"], package, read_spec(FunctionComponent, template))
    component = as_json(made)
    if sha256 is None:
        del component["function"]
    parts = list(_of_function(component, plan["configuration_layer_arn"]))
    found = _with_bindings(parts, [_look(client, each) for each in parts], find_all=find_all)
    return found if sha256 else [Result("processor-package", device["name"], "absent"), *found]


def _sha256(s3: Any, bucket: str, key: str) -> str | None:
    try:
        return kept(s3, bucket, key)
    except ClientError as error:
        if aws.error_code(error) != "403":  # S3's answer to who may not list the bucket, for what is not there
            raise
        return None


def _look(client: Client, each: _Wanted) -> Result:
    options = {"s3": client("s3")} if "info" in each.kind.reads_s3 else {}
    return each.kind.info(client(each.kind.service), read_spec(each.kind.spec, each.spec), **options)


def _with_bindings(looked_at: Iterable[_Wanted], found: Iterable[Result], *, find_all: bool) -> list[Result]:
    specs = (each.spec for each in looked_at)
    return with_bindings(list(zip(specs, found, strict=True)), unmarked=not find_all)


def _all_present(results: Collection[Result]) -> bool:
    return bool(results) and all(result.outcome == "present" for result in results)


def _layer(results: Iterable[Result]) -> str:
    """The version of the configuration layer that is the newest."""
    return next((str(result.outputs["arn"]) for result in results if result.kind == "config-layer"), "")


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Handler. Event: run, dry_run, plan, and for an inspection `find_all` (true).

    Answers `up_to_date`, and `steps`: what a deployment would have answered. For an inspection run, dry_run, twin,
    project, `checked` (a number) and `findings` (see `deploy_steps.shared.findings`), cut to what a state machine can
    carry. Each resource that was found up to date, or compared by an inspection, has a line of its own in the journal.
    """
    plan, find_all = event["plan"], event.get("find_all", False)
    run = {"run": event["run"], "dry_run": event["dry_run"]}
    with journal(event, "twin", "compare") as note, aws.translated():
        found = compare(aws.client, plan, find_all=find_all)
        good = found is not None and all(map(_all_present, found))
        note(Result("twin", plan["twin"], "unchanged" if good else "drifted"))
    if found is None:
        return {"up_to_date": False, "steps": {}}
    for result in (result for group in found for result in group):
        with journal(run, result.kind, "compare") as note:
            note(result if find_all else _unchanged(result))
    if find_all:
        return {**run, "twin": plan["twin"], "project": plan["project"], **_inspected(found)}
    own, *devices = [[_unchanged(result) for result in group] for group in found]
    steps = {"own": [result.as_dict() for result in own], "devices": [_in_short(group) for group in devices]}
    return {"up_to_date": True, "steps": steps}


def _inspected(found: Iterable[Iterable[Result]]) -> dict[str, Any]:
    results = [result for group in found for result in group]
    amiss = [finding for result in results if (finding := findings.compared(result))]
    return {"checked": len(results), **findings.cut(amiss)}


def _unchanged(result: Result) -> Result:
    return Result(result.kind, result.name, "unchanged", outputs=result.outputs)


def _in_short(results: Iterable[Result]) -> dict[str, Any]:
    """A device's processor, of which there can be hundreds."""
    listed = list(results)
    return {"name": listed[0].name, "outcomes": {result.kind: result.outcome for result in listed}}
