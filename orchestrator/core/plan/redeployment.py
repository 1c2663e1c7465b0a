"""The plan of what has been deployed, as it is planned again: what was wanted is there by now, and is ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.core.plan.mapping import ALARMS

Json = dict[str, Any]

_UNMARKED = {"configuration_layer"}  # it carries no tags that somebody could strip it of
_ITS_COMPONENT = {"iot_role": "iot_rule"}


def unchanged_since_deploy(plan: Mapping[str, Any], components: frozenset[str]) -> Json:
    """The plan as `planning.plan` would make it now, where its deployment has left these components and all its
    devices' processors and secrets there. What belongs to one run alone (`planning.Request`) stays as it is.
    """

    def marked(name: str, value: Any) -> Any:
        if name == "functions":
            return {each: _mapped(made, _owned(each in components)) for each, made in value.items()}
        if name == "device_processors":
            return [{**device, "may_exist": True, "recorded": True} for device in value]
        if name in ("secrets", "outbox"):
            return _mapped(value, _owned(recorded=True))
        if name == "alarms":
            wanted = [component for component in ALARMS if component in components]
            return _mapped(value, _owned(bool(wanted)))
        component = _ITS_COMPONENT.get(name, name)
        return _mapped(value, _owned(component in components - _UNMARKED))

    return {name: marked(name, value) for name, value in plan.items()}


def _owned(recorded: bool) -> Callable[[Json], Json]:
    def owned(owner: Json) -> Json:
        kept = {name: value for name, value in owner.items() if name not in ("adopt", "recorded")}
        return kept | ({"recorded": True} if recorded else {})

    return owned


def _mapped(value: Any, change: Callable[[Json], Json]) -> Any:
    """The value with every owner in it changed."""
    if isinstance(value, Mapping):
        return {key: change(each) if key == "owner" else _mapped(each, change) for key, each in value.items()}
    return [_mapped(each, change) for each in value] if isinstance(value, list) else value
