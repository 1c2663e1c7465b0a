"""Reads what a person, a script or an event typed as an execution's input, and says what to type instead."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy_steps.errors import InvalidInput
from orchestrator.core.names import NAME_RULE, is_name

DRAIN_SECONDS = 180
"""How long a function that leaves may work off its queue: Lambda pauses two minutes before an event's last try."""

_LONGEST_DRAIN = 3600
_STARTED_BY = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"  # the console adds it to what another execution starts


@dataclass(frozen=True)
class _Field:
    accepts: Callable[[Any], bool]
    says: str


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _named(value: Any) -> bool:
    return isinstance(value, str) and is_name(value)


def _prefix(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip("/")) and "://" not in value and not value.startswith("/")


def _seconds(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LONGEST_DRAIN


_NAME = _Field(_named, f"the name of a project or twin ({NAME_RULE})")
_COMMON = {
    "dry_run": _Field(_flag, "true or false"),
    "retain_data": _Field(_flag, "true or false"),
    "drain_seconds": _Field(_seconds, f"a whole number from 0 to {_LONGEST_DRAIN}"),
}
_OF_DEPLOY = {
    "project": _NAME,
    **_COMMON,
    "on_failure": _Field(lambda value: value in ("keep", "rollback"), '"keep" or "rollback"'),
    "source": _Field(_prefix, 'a prefix in the artifact bucket, such as "projects/factory-twin/"'),
    "adopt": _Field(_flag, "true or false"),
    "check_permissions": _Field(_flag, "true or false"),
    "report": _Field(_flag, "true or false"),
}
_OF_TWIN = {"twin": _NAME, "project": _NAME, **_COMMON}
_OF_CHECK_DRIFT = {"repair": _Field(_flag, "true or false")}


def read_deploy(given: Any) -> dict[str, Any]:
    """The input of `deploy` with every default filled in. Raises InvalidInput with all that is wrong."""
    read = _read(given, _OF_DEPLOY, ("project",), '{"project": "factory-twin"}')
    source = read.get("source", f"projects/{read['project']}/")
    return {
        "project": read["project"],
        "source": source if source.endswith("/") else f"{source}/",
        "on_failure": read.get("on_failure", "keep"),
        "adopt": read.get("adopt", False),
        **_with_defaults(read),
    }


def read_twin(given: Any) -> dict[str, Any]:
    """The input of `destroy` and `inspect`, with `twin` or `project` or both. Raises InvalidInput."""
    read = _read(given, _OF_TWIN, ("twin", "project"), '{"twin": "factory-twin"}')
    return {name: read[name] for name in ("twin", "project") if name in read} | _with_defaults(read)


def read_check_drift(given: Any) -> dict[str, Any]:
    """The input of `check-drift`. Raises InvalidInput."""
    return _read(given, _OF_CHECK_DRIFT, ("repair",), '{"repair": false}')


def _with_defaults(read: Mapping[str, Any]) -> dict[str, Any]:
    dry_run = read.get("dry_run", False)
    return {
        "dry_run": dry_run,
        "retain_data": read.get("retain_data", True),
        "drain_seconds": 0 if dry_run else read.get("drain_seconds", DRAIN_SECONDS),
    }


def _read(given: Any, fields: Mapping[str, _Field], one_of: tuple[str, ...], example: str) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise InvalidInput(f"The input is {_shown(given)}, which is no JSON object. Type for example {example}.")
    read = {name: value for name, value in given.items() if name != _STARTED_BY}
    faults = list(_faults(read, fields))
    if not any(name in read for name in one_of):
        faults.insert(0, f"{' or '.join(one_of)} is missing.")
    if faults:
        raise InvalidInput(f"{' '.join(faults)} Type for example {example}. Known here: {', '.join(fields)}.")
    return read


def _faults(read: Mapping[str, Any], fields: Mapping[str, _Field]) -> Iterable[str]:
    for name, value in read.items():
        if name in fields:
            if not fields[name].accepts(value):
                yield f"{name} is {_shown(value)}; it has to be {fields[name].says}."
        else:
            near = difflib.get_close_matches(name, fields, n=1)
            yield f"{name} is not known here{f'; did you mean {near[0]}' if near else ''}."


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:60]}…"
