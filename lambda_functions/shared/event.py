"""The telemetry event: `{"iotDeviceId": …, "time": …, <property>: <value>…}`, and what it may hold.

A value may be anything that JSON can say and the hot store can keep: at most 32 levels of nesting (the event is the
first), numbers of at most 38 digits between 1E-130 and 1E+126, text that is valid Unicode, no empty names.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from decimal import Context, Decimal
from typing import Any

from lambda_functions.shared.errors import Refused

DEVICE = "iotDeviceId"
TIME = "time"
ID = "id"

# DynamoDB's limits. Other stores allow more, but an event that is accepted must be storable wherever L3 is.
MAX_DEPTH = 32
MAX_DIGITS = 38
SMALLEST_EXPONENT = -130
LARGEST_EXPONENT = 125
MAX_HASH_KEY_BYTES = 2048
MAX_RANGE_KEY_BYTES = 1024

_EXACT = Context(prec=MAX_DIGITS)


def device_of(event: Mapping[str, Any], known: Collection[str] | None = None) -> str:
    """The device's id. Raises Refused when there is none, or when the devices are `known` and it is not among them."""
    device = event.get(DEVICE)
    if device is None or device == "":
        raise Refused("iot_device_id_missing")
    if not isinstance(device, str) or _bytes(device) > MAX_HASH_KEY_BYTES:
        raise Refused("iot_device_id_invalid")
    if known is not None and device not in known:
        raise Refused("unknown_device")
    return device


def range_key(event: Mapping[str, Any]) -> str:
    """The string form of the event's `time`, or the `id` that was made from it before. Raises Refused.

    A number has one form however it was written: 1700000000, 1700000000.0 and 1.7E9 are the same moment.
    """
    time, made_before = event.get(TIME), event.get(ID)
    if time is None and made_before is None:
        raise Refused("time_missing")
    key = _string_form(made_before if time is None else time)
    if time is not None and made_before is not None and _string_form(made_before) != key:
        raise Refused("id_conflicts_with_time")
    return key


def check_storable(event: Mapping[str, Any]) -> None:
    """Raise Refused unless the event has what a stored item needs, and nothing that it cannot hold."""
    device_of(event)
    range_key(event)
    check_values(event)


def check_values(event: Mapping[str, Any]) -> None:
    """Raise Refused unless every value in it can be kept."""
    level: list[Any] = [event]
    for _ in range(MAX_DEPTH):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    raise Refused("nested_too_deeply")


def exact(number: int | float | Decimal) -> Decimal:
    """The number as the hot store keeps it. Raises Refused when it cannot."""
    if isinstance(number, float):
        if not math.isfinite(number):
            raise Refused("number_not_finite")
        number = Decimal(repr(number))
    value = Decimal(number)
    if not value.is_finite():
        raise Refused("number_not_finite")
    if not value:
        return Decimal(0)
    if not SMALLEST_EXPONENT <= value.adjusted() <= LARGEST_EXPONENT:
        raise Refused("number_out_of_range")
    rounded = value.normalize(_EXACT)
    if rounded != value:
        raise Refused("number_out_of_range")
    return rounded


def _children(value: Any) -> list[Any]:
    """Check one value; answer what is nested in it."""
    if isinstance(value, Mapping):
        for name in value:
            if not name:
                raise Refused("name_empty")
            _bytes(name)
        return [child for child in value.values() if _to_check(child)]
    if isinstance(value, list):
        return [child for child in value if _to_check(child)]
    if isinstance(value, str):
        _bytes(value)
    else:
        exact(value)
    return []


def _to_check(value: Any) -> bool:
    return value is not None and not isinstance(value, bool)


def _string_form(value: Any) -> str:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return f"{exact(value):f}"
    if not isinstance(value, str) or not 0 < _bytes(value) <= MAX_RANGE_KEY_BYTES:
        raise Refused("time_invalid")
    return value


def _bytes(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:  # half of a surrogate pair, as in "\ud83d"
        raise Refused("text_not_unicode") from None
