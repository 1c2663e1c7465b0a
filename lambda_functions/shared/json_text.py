"""JSON as the inter-cloud contract means it: strict when read, exact in its numbers, compact when written."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from lambda_functions.shared.errors import Refused


def parse(body: bytes) -> Any:
    """Read a document; fractions become Decimal. Raises Refused.

    Stricter than Python's own reader: no NaN or Infinity, and no key twice in one object, because two readers that
    keep different ones of the values would disagree on the document.
    """
    try:
        return json.loads(
            body.decode(), parse_float=Decimal, parse_constant=_not_finite, object_pairs_hook=_object_without_duplicates
        )
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise Refused("body_not_json") from None
    except (ValueError, InvalidOperation):
        # "Exceeds the limit (4300 digits) for integer string conversion", or an exponent beyond Decimal's own.
        raise Refused("number_out_of_range") from None
    except RecursionError:
        raise Refused("nested_too_deeply") from None


def dump(document: Any) -> bytes:
    """Write a document. Raises ValueError or TypeError for what JSON cannot say."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_number).encode()


def _object_without_duplicates(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    listed = list(pairs)
    made = dict(listed)
    if len(made) != len(listed):
        raise Refused("duplicate_key")
    return made


def _not_finite(_name: str) -> None:
    raise Refused("number_not_finite")


def _number(value: Any) -> float:
    # Lambda hands every function its event with binary fractions, so nothing is lost here that would survive the hop.
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")
