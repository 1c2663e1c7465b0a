"""The conditions of a twin's events: `a op b`, read once into a form that can be held against an arriving event.

    condition := operand operator operand
    operator  := "<" | "<=" | "==" | "!=" | ">=" | ">"
    operand   := "DOUBLE(" number ")" | "INTEGER(" number ")" | "STRING(" text ")" | "BOOLEAN(" true or false ")" | path
    path      := [entity "."] device "." property

A path reads the arriving event: another device's property is unknown there, so the condition does not hold. Numbers are
compared with numbers and by value (`INTEGER(30)` equals 30.0), text with text, truth values with truth values and only
for `==` and `!=`; a pair of two types never holds, whichever the operator. The text of a STRING is taken as it stands
and has no brackets in it. The entity is where the digital twin keeps the device; the event does not need it.

Pure, and without any import from this package: the configuration is checked with it long before anything is deployed.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Value = Decimal | str | bool

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}
_NAME = r"\w[\w-]*"
_OPERAND = rf"(?:DOUBLE|INTEGER|STRING|BOOLEAN)\([^()]*\)|{_NAME}(?:\.{_NAME}){{1,2}}"
_CONDITION = re.compile(
    rf"\s*(?P<left>{_OPERAND})\s*(?P<operator><=|>=|==|!=|<|>)\s*(?P<right>{_OPERAND})\s*", re.ASCII
)
_CONSTANT = re.compile(r"(?P<type>DOUBLE|INTEGER|STRING|BOOLEAN)\((?P<text>[^()]*)\)")
_READERS: dict[str, tuple[str, Callable[[str], Value], str]] = {  # what it may hold, made into a value, else a fault
    "DOUBLE": (
        r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?",
        Decimal,
        "does not hold a number such as 30 or -1.5e3",
    ),
    "INTEGER": (r"[+-]?\d+", Decimal, "does not hold a whole number"),
    "BOOLEAN": (r"(?i:true|false)", lambda text: text.lower() == "true", "holds neither true nor false"),
}


class ConditionError(ValueError):
    """The text is no condition. The message says which part of it, and what would be."""


@dataclass(frozen=True)
class Property:
    """An operand that is read from the arriving event."""

    device: str
    name: str
    entity: str | None = None


@dataclass(frozen=True)
class Condition:
    """One parsed condition; `text` is how it was written."""

    text: str
    left: Property | Value
    operator: str
    right: Property | Value

    @property
    def properties(self) -> tuple[Property, ...]:
        """What the condition reads, left to right: none, one or two properties."""
        return tuple(operand for operand in (self.left, self.right) if isinstance(operand, Property))

    def holds(self, event: Mapping[str, Any]) -> bool:
        """Whether it holds for this telemetry event (`{"iotDeviceId": …, <property>: <value>…}`)."""
        left, right = _value(self.left, event), _value(self.right, event)
        if left is None or right is None or type(left) is not type(right):
            return False
        if isinstance(left, bool) and self.operator not in ("==", "!="):
            return False
        return _OPERATORS[self.operator](left, right)


def parse_condition(text: str) -> Condition:
    """Read a condition. Raises ConditionError."""
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise ConditionError(_fault(text))
    return Condition(text, _operand(match["left"]), match["operator"], _operand(match["right"]))


def _operand(text: str) -> Property | Value:
    constant = _CONSTANT.fullmatch(text)
    if constant is None:
        *entity, device, name = text.split(".")
        return Property(device, name, entity[0] if entity else None)
    if constant["type"] == "STRING":
        return constant["text"]
    pattern, read, fault = _READERS[constant["type"]]
    held = constant["text"].strip()
    if not re.fullmatch(pattern, held, re.ASCII):
        raise ConditionError(f"{text} {fault}")
    return read(held)


def _value(operand: Property | Value, event: Mapping[str, Any]) -> Value | None:
    if not isinstance(operand, Property):
        return operand
    if event.get("iotDeviceId") != operand.device:
        return None
    value = event.get(operand.name)
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        value = Decimal(repr(value))
    return value if isinstance(value, Decimal) and value.is_finite() else None


def _fault(text: str) -> str:
    found = re.findall(r"[<>=!]+", re.sub(r"\([^()]*\)", "", text))
    if len(found) != 1:
        return f"'{text}' has {len(found)} operators; write one of {' '.join(_OPERATORS)} between two operands"
    if found[0] not in _OPERATORS:
        return f"'{text}' compares with '{found[0]}'; there are {' '.join(_OPERATORS)}"
    return (
        f"'{text}' compares something that is neither DOUBLE(…), INTEGER(…), STRING(…), BOOLEAN(…) "
        "nor [entity.]device.property"
    )
