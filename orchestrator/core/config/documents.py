"""Reads one JSON file strictly: what JSON parsers forgive silently (repeated keys, NaN) is a fault here."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from orchestrator.core.config.faults import Fault, path

_DEEPEST = 40
_MOST_DIGITS = 38  # what DynamoDB stores in a number


@dataclass(frozen=True)
class _Unfit:
    """Stands for a number that no service would take."""

    text: str


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its keys stood there more than once."""

    repeated: tuple[str, ...] = ()


def parse(file: str, content: bytes) -> tuple[Any, list[Fault]]:
    """The document and its faults. With any fault the document is None."""
    try:
        text = content.decode("utf-8-sig")  # Windows editors put a byte order mark in front
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return None, [Fault(file, f"line {line}", "is not UTF-8 text.", "Save the file with the encoding UTF-8.")]
    try:
        document = json.loads(
            text, object_pairs_hook=_object, parse_constant=_Unfit, parse_int=_integer, parse_float=_decimal
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        return None, [Fault(file, where, f"is not JSON: {error.msg}.", _hint(text, error.pos))]
    except RecursionError:
        return None, [_too_deep(file, "")]
    faults = _faults(file, document)
    return (None, faults) if faults else (document, [])


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    made = _Object(pairs)
    if len(made) < len(pairs):
        times = Counter(key for key, _ in pairs)
        made.repeated = tuple(key for key in made if times[key] > 1)
    return made


def _integer(text: str) -> int | _Unfit:
    return int(text) if len(text.removeprefix("-")) <= _MOST_DIGITS else _Unfit(text)


def _decimal(text: str) -> float | _Unfit:
    number = float(text)
    return number if math.isfinite(number) else _Unfit(text)


def _faults(file: str, document: Any) -> list[Fault]:
    faults: list[Fault] = []
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), document)]
    while waiting:
        at, value = waiting.pop()
        if len(at) > _DEEPEST:
            return [_too_deep(file, path(*at))]
        if isinstance(value, _Unfit):
            problem = f"is {value.text[:20]}, a number that cannot be stored."
            fix = f"Write a finite number of at most {_MOST_DIGITS} digits, or leave the field out."
            faults.append(Fault(file, path(*at), problem, fix))
        elif isinstance(value, str):
            faults.extend(_unpaired(file, at, value))
        elif isinstance(value, _Object):
            for key in value.repeated:
                problem = "stands here more than once, and only one of them would count."
                faults.append(Fault(file, path(*at, key), problem, "Keep the one that you mean."))
            for key, inner in reversed(value.items()):
                faults.extend(_unpaired(file, at, key))
                waiting.append(((*at, key), inner))
        elif isinstance(value, list):
            waiting.extend(((*at, index), inner) for index, inner in reversed(list(enumerate(value))))
    return faults


def _unpaired(file: str, at: tuple[str | int, ...], text: str) -> list[Fault]:
    try:
        text.encode()
    except UnicodeEncodeError:
        problem = r"holds half of a character (a \ud800 to \udfff escape without its partner)."
        return [Fault(file, path(*at), problem, "Write the character itself; the file is UTF-8.")]
    return []


def _too_deep(file: str, field: str) -> Fault:
    return Fault(
        file, field[:200], f"is nested more than {_DEEPEST} levels deep.", "No project file needs that: flatten it."
    )


def _hint(text: str, position: int) -> str:
    """What is probably the matter, from the characters around the place where parsing stopped."""
    before, after = text[:position].rstrip(), text[position:].lstrip()
    closing = after.lstrip(", \t\r\n")[:1]
    if not text.strip():
        return "The file is empty: write its content, or remove the file if it is an optional one."
    if closing in ("}", "]") and (before.endswith(",") or after.startswith(",")):
        return f"Remove the comma in front of this '{closing}'."
    if after.startswith(("//", "/*", "#")):
        return "Remove the comment: JSON has none."
    if after.startswith("'"):
        return 'Use double quotes ("), not single ones.'
    return "Correct the file at this place."
