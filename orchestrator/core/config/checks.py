"""What no single entry of a file can show: repeated ids, and references from one file into another.

The checks read the documents and not the models, so that one faulty entry does not hide what is wrong with the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lambda_functions.shared.conditions import parse_condition
from orchestrator.core.catalogue import FUNCTIONS
from orchestrator.core.config.faults import Fault, path, suggestion
from orchestrator.core.config.models import PROVIDERS, canonical_provider
from orchestrator.core.names import TwinNames


def device_properties(devices: Any) -> dict[str, set[str]] | None:
    """Device id -> the names of its properties, as far as the document gives them; None where there is no list."""
    if not isinstance(devices, list):
        return None
    return {
        device["id"]: {name for _, name in _names(device, "properties")}
        for device in devices
        if isinstance(device, dict) and isinstance(device.get("id"), str)
    }


def providers_so_far(mapping: Any) -> dict[str, str]:
    """The providers that are valid, under one name each; a mistake in one layer does not hide the others."""
    if not isinstance(mapping, dict):
        return {}
    return {
        layer: canonical_provider(name)
        for layer, name in mapping.items()
        if isinstance(name, str) and name in PROVIDERS
    }


def check_devices(file: str, devices: Any) -> Iterator[Fault]:
    """Repeated device ids, and repeated property names inside a device."""
    first: dict[str, int] = {}
    for index, device in enumerate(devices if isinstance(devices, list) else ()):
        if not isinstance(device, dict):
            continue
        name = device.get("id")
        if isinstance(name, str) and first.setdefault(name, index) != index:
            problem = f"is '{name}', the id that entry [{first[name]}] already has."
            yield Fault(file, path(index, "id"), problem, "Give every device an id of its own.")
        yield from _repeated_properties(file, index, device)


def _repeated_properties(file: str, index: int, device: Mapping[str, Any]) -> Iterator[Fault]:
    seen: set[str] = set()
    for where, name in [*_names(device, "properties"), *_names(device, "constProperties")]:
        if name in seen:
            problem = f"is '{name}', which this device already has."
            yield Fault(
                file, path(index, *where, "name"), problem, "Give every property of a device a name of its own."
            )
        seen.add(name)


def _names(device: Mapping[str, Any], kind: str) -> Iterator[tuple[tuple[str, int], str]]:
    entries = device.get(kind)
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            yield (kind, index), entry["name"]


def check_events(
    file: str, events: Any, twin: Any, devices: Mapping[str, Collection[str]] | None, processors: Collection[str]
) -> Iterator[Fault]:
    """Events that refer to devices or properties that there are not, or that would feed the twin its own output."""
    own = _own_functions(twin, processors) if isinstance(twin, str) else {}
    for index, event in enumerate(events if isinstance(events, list) else ()):
        if not isinstance(event, dict):
            continue
        action = event.get("action")
        if devices is not None:
            yield from _condition_faults(file, path(index, "condition"), event.get("condition"), devices)
            yield from _feedback_faults(file, index, action, devices)
        function = action.get("functionName") if isinstance(action, dict) else None
        if isinstance(function, str) and function in own:
            problem = f"is '{function}', this twin's own {own[function]}: its events would run in circles."
            yield Fault(file, path(index, "action", "functionName"), problem, "Name a function outside the twin.")


def _own_functions(twin: str, processors: Collection[str]) -> dict[str, str]:
    names = TwinNames(twin)
    own = {names.function(component): component.replace("_", " ") for component in FUNCTIONS}
    return own | {names.device_processor(device): f"processor of {device}" for device in processors}


def _condition_faults(file: str, field: str, condition: Any, devices: Mapping[str, Collection[str]]) -> Iterator[Fault]:
    try:
        read = parse_condition(condition).properties
    except (TypeError, ValueError):  # the model says what is wrong with it
        return
    for operand in read:
        if operand.device not in devices:
            problem = f"reads device '{operand.device}', which the twin does not have."
            fix = f"{suggestion(operand.device, devices)}Name a device of config_iot_devices.json."
            yield Fault(file, field, problem, fix)
        elif operand.name not in devices[operand.device]:
            problem = f"reads property '{operand.name}', which device '{operand.device}' does not send."
            near = suggestion(operand.name, devices[operand.device])
            yield Fault(
                file, field, problem, f"{near}Its properties: {', '.join(sorted(devices[operand.device])) or 'none'}."
            )
    if len({operand.device for operand in read}) > 1:
        problem = "reads two devices, but an event comes from one: the condition would never hold."
        yield Fault(file, field, problem, "Compare properties of one device, or with a constant such as DOUBLE(240).")


def _feedback_faults(file: str, index: int, action: Any, devices: Collection[str]) -> Iterator[Fault]:
    feedback = action.get("feedback") if isinstance(action, dict) else None
    device = feedback.get("iotDeviceId") if isinstance(feedback, dict) else None
    if isinstance(device, str) and device not in devices:
        problem = f"is '{device}', which the twin does not have."
        fix = f"{suggestion(device, devices)}Name a device of config_iot_devices.json."
        yield Fault(file, path(index, "action", "feedback", "iotDeviceId"), problem, fix)
