"""What an event may hold is what every store can keep, and it is kept exactly."""

from __future__ import annotations

import contextlib
import json
import math
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import given
from hypothesis import strategies as st

from lambda_functions.aws import hot_table
from lambda_functions.shared import event
from lambda_functions.shared.errors import Refused
from lambda_functions.shared.json_text import dump, parse

FRACTIONS = st.floats(min_value=-1e125, max_value=1e125).filter(lambda number: number == 0 or abs(number) >= 1e-130)
NUMBERS = st.integers(-(10**38) + 1, 10**38 - 1) | FRACTIONS
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), inner, max_size=4)
    ),
    max_leaves=12,
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.decimals(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), VALUES, max_size=5))
def test_what_is_stored_is_what_was_sent(properties: dict[str, Any]) -> None:
    for key in (event.DEVICE, event.TIME, event.ID):
        properties.pop(key, None)
    telemetry = {"iotDeviceId": "oven-1", "time": "now", **properties}

    item = hot_table.item(telemetry)

    read_back = {name: TypeDeserializer().deserialize(attribute) for name, attribute in item.items()}
    assert read_back == {"iotDeviceId": "oven-1", "id": "now", **_as_decimal(properties)}


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), VALUES, max_size=5))
def test_the_item_is_the_same_whether_an_event_comes_directly_or_over_several_functions(
    properties: dict[str, Any],
) -> None:
    telemetry = {**properties, "iotDeviceId": "oven-1", "time": 1.5}
    telemetry.pop("id", None)
    directly = parse(json.dumps(telemetry).encode())
    over_lambda = json.loads(dump(directly))

    assert hot_table.item(directly) == hot_table.item(over_lambda)


@given(st.dictionaries(st.text(st.characters()), ANYTHING))
def test_whatever_is_in_an_event_it_is_storable_or_refused(properties: dict[str, Any]) -> None:
    telemetry = {"iotDeviceId": "oven-1", "time": 1, **properties}
    try:
        item = hot_table.item(telemetry)
    except Refused:
        return
    json.dumps(item).encode()
    assert "" not in item


@given(
    st.binary(max_size=200)
    | st.text().map(str.encode)
    | ANYTHING.map(lambda value: json.dumps(value, default=str).encode())
)
def test_whatever_the_body_it_is_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(Refused):
        parse(body)


@given(NUMBERS)
def test_one_moment_is_one_key_however_it_is_written(moment: float) -> None:
    as_number, as_decimal = {"time": moment}, {"time": Decimal(repr(moment))}

    assert (
        event.range_key(as_number) == event.range_key(as_decimal) == event.range_key({"id": event.range_key(as_number)})
    )


def _as_decimal(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_decimal(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_as_decimal(child) for child in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return Decimal(repr(value))


@pytest.mark.parametrize(
    ("number", "kept"),
    [
        (0, "0"),
        (-0.0, "0"),
        (Decimal("0E+999999"), "0"),
        (10**38, "1E+38"),
        (10**125, "1E+125"),
        (Decimal("9.9999999999999999999999999999999999999E+125"), "9.9999999999999999999999999999999999999E+125"),
        (Decimal("1E-130"), "1E-130"),
        (Decimal("1.10"), "1.1"),
        (1e22, "1E+22"),
        (0.1, "0.1"),
    ],
)
def test_a_number_within_dynamodbs_range_is_kept(number: Any, kept: str) -> None:
    assert str(event.exact(number)) == kept


@pytest.mark.parametrize(
    "number",
    [
        10**38 + 1,
        10**126,
        Decimal("1E-131"),
        Decimal("1.00000000000000000000000000000000000001"),
        Decimal("1E+999999999"),
    ],
)
def test_a_number_beyond_it_is_refused(number: Any) -> None:
    with pytest.raises(Refused, match="number_out_of_range"):
        event.exact(number)


@pytest.mark.parametrize(
    "number", [math.nan, math.inf, -math.inf, Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity")]
)
def test_a_number_that_is_none_is_refused(number: Any) -> None:
    with pytest.raises(Refused, match="number_not_finite"):
        event.exact(number)


def nested(levels: int) -> Any:
    value: Any = "leaf"
    for level in range(levels):
        value = [value] if level % 2 else {"x": value}
    return value


def test_nesting_is_allowed_as_deep_as_dynamodb_goes() -> None:
    event.check_values({"x": nested(event.MAX_DEPTH - 2)})
    with pytest.raises(Refused, match="nested_too_deeply"):
        event.check_values({"x": nested(event.MAX_DEPTH - 1)})


@pytest.mark.parametrize(
    ("telemetry", "reason"),
    [
        ({"time": 1}, "iot_device_id_missing"),
        ({"iotDeviceId": "", "time": 1}, "iot_device_id_missing"),
        ({"iotDeviceId": "é" * 1025, "time": 1}, "iot_device_id_invalid"),
        ({"iotDeviceId": True, "time": 1}, "iot_device_id_invalid"),
        ({"iotDeviceId": "oven-1"}, "time_missing"),
        ({"iotDeviceId": "oven-1", "time": "é" * 513}, "time_invalid"),
        ({"iotDeviceId": "oven-1", "id": ""}, "time_invalid"),
        ({"iotDeviceId": "oven-1", "time": 1, "id": 2}, "id_conflicts_with_time"),
    ],
)
def test_what_cannot_be_a_key_is_refused(telemetry: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused) as raised:
        hot_table.item(telemetry)

    assert raised.value.reason == reason


def test_time_and_the_id_that_was_made_from_it_may_stand_side_by_side() -> None:
    assert hot_table.item({"iotDeviceId": "oven-1", "time": 1.0, "id": "1"}) == {
        "iotDeviceId": {"S": "oven-1"},
        "id": {"S": "1"},
    }


def test_devices_are_checked_where_it_is_known_which_there_are() -> None:
    assert event.device_of({"iotDeviceId": "toaster"}, known=None) == "toaster"
    for known in ({"oven-1"}, frozenset[str]()):
        with pytest.raises(Refused, match="unknown_device"):
            event.device_of({"iotDeviceId": "toaster"}, known=known)
