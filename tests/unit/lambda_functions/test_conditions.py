"""Conditions mean what they say, and what is no condition is told so."""

from __future__ import annotations

import math
import operator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_functions.shared.conditions import Condition, ConditionError, Property, parse_condition

EVENT = {
    "iotDeviceId": "oven-1",
    "temperature": 241.5,
    "count": 3,
    "door": False,
    "mode": "bake",
    "at": "2026-11-23T10:00:00Z",
    "nothing": None,
    "list": [1],
    "nan": math.nan,
    "exact": Decimal("0.1"),
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("oven-1.temperature > DOUBLE(240)", True),
        ("oven-1.temperature > DOUBLE(241.5)", False),
        ("oven-1.temperature >= DOUBLE(241.5)", True),
        ("oven-1.temperature < DOUBLE(1e3)", True),
        ("oven-1.temperature <= DOUBLE(-.5)", False),
        ("oven-1.temperature == DOUBLE(241.50)", True),
        ("oven-1.temperature != DOUBLE(241.5)", False),
        ("DOUBLE(240) < oven-1.temperature", True),
        ("oven-1.temperature>DOUBLE(240)", True),
        ("  oven-1.temperature\t>\nDOUBLE( 240 )  ", True),
        ("bakery.oven-1.temperature > DOUBLE(240)", True),
        ("oven-1.count == INTEGER(3)", True),
        ("oven-1.count == DOUBLE(3.0)", True),
        ("oven-1.count >= INTEGER(+4)", False),
        ("oven-1.exact == DOUBLE(0.1)", True),
        ("oven-1.count < oven-1.temperature", True),
        ("oven-1.door == BOOLEAN(false)", True),
        ("oven-1.door != BOOLEAN(True)", True),
        ("oven-1.mode == STRING(bake)", True),
        ("oven-1.mode == STRING( bake)", False),
        ("oven-1.mode != STRING(a < b)", True),
        ("oven-1.at > STRING(2026-01-01)", True),
        ("INTEGER(1) < INTEGER(2)", True),
    ],
)
def test_a_condition_is_held_against_the_arriving_event(text: str, holds: bool) -> None:
    assert parse_condition(text).holds(EVENT) is holds


@pytest.mark.parametrize("compare", ["<", "<=", "==", "!=", ">=", ">"])
@pytest.mark.parametrize(
    ("operand", "why"),
    [
        ("press-1.temperature", "another device's property is unknown here"),
        ("oven-1.humidity", "the event does not have it"),
        ("oven-1.nothing", "null is no value"),
        ("oven-1.list", "a list cannot be compared"),
        ("oven-1.nan", "what is not a number compares with nothing"),
        ("oven-1.mode", "text is no number"),
        ("oven-1.door", "a truth value is no number"),
        ("STRING(3)", "text is no number"),
        ("BOOLEAN(true)", "a truth value is no number"),
    ],
)
def test_what_cannot_be_compared_never_holds(operand: str, why: str, compare: str) -> None:
    assert not parse_condition(f"{operand} {compare} INTEGER(1)").holds(EVENT)
    assert not parse_condition(f"INTEGER(1) {compare} {operand}").holds(EVENT)


@pytest.mark.parametrize("compare", ["<", "<=", ">=", ">"])
def test_truth_values_have_no_order(compare: str) -> None:
    assert not parse_condition(f"oven-1.door {compare} BOOLEAN(true)").holds(EVENT)
    assert not parse_condition(f"oven-1.door {compare} BOOLEAN(false)").holds(EVENT)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has 0 operators"),
        ("oven-1.temperature", "has 0 operators"),
        ("oven-1.temperature > 240", "neither DOUBLE"),
        ("temperature > DOUBLE(240)", "neither DOUBLE"),
        ("a.b.c.d > DOUBLE(240)", "neither DOUBLE"),
        ("oven-1.temperature = DOUBLE(240)", "compares with '='"),
        ("oven-1.temperature <> DOUBLE(240)", "compares with '<>'"),
        ("oven-1.temperature > DOUBLE(1) > DOUBLE(2)", "has 2 operators"),
        ("oven-1.temperature > DOUBLE(hot)", "does not hold a number"),
        ("oven-1.temperature > DOUBLE(nan)", "does not hold a number"),
        ("oven-1.temperature > DOUBLE(1_000)", "does not hold a number"),
        ("oven-1.temperature > DOUBLE()", "does not hold a number"),
        ("oven-1.count > INTEGER(1.5)", "does not hold a whole number"),
        ("oven-1.count > INTEGER(٣)", "does not hold a whole number"),
        ("oven-1.door == BOOLEAN(yes)", "neither true nor false"),
        ("oven-1.mode == STRING(a(b))", "neither DOUBLE"),
        ("oven-1.temperature > double(240)", "neither DOUBLE"),
        ("oven-1.temperature > DOUBLE(240) and more", "neither DOUBLE"),
    ],
)
def test_what_is_no_condition_is_told_so(text: str, says: str) -> None:
    with pytest.raises(ConditionError) as raised:
        parse_condition(text)

    assert says in str(raised.value)


def test_a_condition_tells_what_it_reads() -> None:
    condition = parse_condition("hall.oven-1.temperature > press-1.limit_2")

    assert condition == Condition(
        text="hall.oven-1.temperature > press-1.limit_2",
        left=Property("oven-1", "temperature", "hall"),
        operator=">",
        right=Property("press-1", "limit_2"),
    )
    assert condition.properties == (Property("oven-1", "temperature", "hall"), Property("press-1", "limit_2"))
    assert parse_condition("INTEGER(1) < INTEGER(2)").properties == ()


@given(
    st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["<", "<=", "==", "!=", ">=", ">"]),
    st.integers(-(10**12), 10**12),
)
def test_numbers_compare_as_numbers_do(value: float, compare: str, limit: int) -> None:
    operators: dict[str, Any] = {
        "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">=": operator.ge, ">": operator.gt,
    }  # fmt: skip
    condition = parse_condition(f"oven-1.x {compare} INTEGER({limit})")

    assert condition.holds({"iotDeviceId": "oven-1", "x": value}) == operators[compare](Decimal(repr(value)), limit)


@given(st.text(max_size=60) | st.from_regex(r"[\w.() <>=!-]{0,40}", fullmatch=True))
def test_any_text_is_a_condition_or_a_condition_error(text: str) -> None:
    try:
        condition = parse_condition(text)
    except ConditionError:
        return
    assert condition.holds(EVENT) in (True, False)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner)))
def test_any_value_of_the_event_can_be_held_against_a_condition(value: Any) -> None:
    for text in ("a.x < DOUBLE(1)", "a.x == STRING(1)", "a.x == BOOLEAN(true)", "a.x >= a.x"):
        assert parse_condition(text).holds({"iotDeviceId": "a", "x": value}) in (True, False)
