"""What a person reads before a run begins: where it goes, what it creates, how long it takes, and its cost (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from tests.aws_proof import cleaning, cost
from tests.aws_proof.acts import Step
from tests.aws_proof.cost import Line, Usage
from tests.aws_proof.naming import Names

_EVENTS, _REQUESTS, _CONFORMANCE_REQUESTS = 600, 60, 600
_SMALLEST_SHOWN = 0.0005

TWIN = "the twin"
"""The part whose functions report metrics."""


def usage(acts: Sequence[Step], created: Counter[str], functions: int) -> Usage:
    """What these acts use at most; `functions` are those that report metrics of their own."""
    long = any(step.long for step in acts)
    return Usage(
        minutes=minutes(acts),
        executions=cleaning.EXECUTIONS + sum(step.executions for step in acts),
        events=_EVENTS,
        requests_to_urls=_REQUESTS + (_CONFORMANCE_REQUESTS if long else 0),
        alarms=created["CloudWatch alarm"],
        dashboards=created["CloudWatch dashboard"],
        secrets=created["Secrets Manager secret"],
        functions=functions,
    )


def minutes(acts: Sequence[Step]) -> float:
    """What these acts and the cleaning may well take on AWS."""
    return cleaning.MINUTES + sum(step.minutes for step in acts)


def statement(
    about: Mapping[str, str],
    names: Names,
    parts: Mapping[str, Counter[str]],
    acts: Sequence[Step],
    *,
    costs: bool,
) -> Iterator[str]:
    """Line by line. Without `costs` (on the embedded cloud) nothing is said of money."""
    yield "This installs the product, deploys and changes a twin, destroys it, uninstalls, and looks for what is left."
    yield ""
    width = max(map(len, about))
    yield from (f"  {name:<{width}}  {value}" for name, value in about.items())
    yield ""
    yield f"It creates, and removes at the end, with names that start with {names.prefix} or {names.twin}:"
    for part, counted in parts.items():
        yield f"  {part}: {', '.join(f'{number} x {kind}' for kind, number in counted.items())}"
    yield ""
    yield "The acts:"
    yield from (f"  {number:>2}. {step.title}" for number, step in enumerate(acts, 1))
    yield "  and at the end, also after a failure or Ctrl-C: destroy, uninstall, look for leftovers"
    if not costs:
        return
    functions = parts[TWIN]["Lambda function"]
    lines = cost.estimate(usage(acts, sum(parts.values(), Counter()), functions))
    yield ""
    yield f"It may well take {minutes(acts):.0f} minutes."
    yield ""
    yield from bill(lines)
    yield ""
    yield "Rights: an administrator's. It creates roles and policies, and changes things by hand to have them repaired."
    yield "`gluecode check-permissions --layer install --layer command-line` is asked before anything is created."


def _number(quantity: float) -> str:
    return f"{quantity:,.0f}" if quantity >= 10 else f"{quantity:.2g}"


def bill(lines: Sequence[Line]) -> Iterator[str]:
    """The estimate, the dearest first."""
    yield f"It costs at most ${cost.bound(lines):.2f}, in any region:"
    for line in sorted(lines, key=lambda line: -line.dollars):
        if line.dollars >= _SMALLEST_SHOWN:
            yield f"  ${line.dollars:.3f}  {line.what:<16} {_number(line.quantity)} {line.unit}"
    yield (
        f"  List prices of {cost.PRICED_REGION} as of {cost.PRICES_AS_OF} ({cost.PRICES_FROM}), without free tiers; "
        f"no other region's are {cost.DEAREST_REGION_FACTOR:.0f} times as high."
    )
