"""What must not happen before what, whatever changes: no entrance opens on nothing, no accepted event loses its way."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tests.harness.calls import Call

_BRING = "lambda:(CreateFunction|UpdateFunctionConfiguration|UpdateFunctionCode)"
_CHANGE = "lambda:(UpdateFunctionConfiguration|UpdateFunctionCode)"  # of one that is in use: nothing reaches a new one
_LATER = "factory-(connector|processor|press-processor|persister|event-checker)"

# Each writing call that matches the left side comes before each one that matches the right side.
_BEFORE = (
    ("lambda:CreateFunction " + _LATER, f"{_CHANGE} factory-dispatcher|{_BRING} factory-ingestion"),
    ("lambda:CreateFunction " + _LATER, "iot:(Create|Replace)TopicRule .*"),
    ("sqs:CreateQueue factory-(connector|persister)", _BRING + " factory-(dispatcher|processor|press-processor)"),
    ("lambda:CreateEventSourceMapping .*", f"{_CHANGE} factory-dispatcher"),
    (f"{_BRING} factory-(connector|persister)", "lambda:CreateEventSourceMapping .*"),
    (
        f"({_BRING}|lambda:DeleteFunction) factory-(dispatcher|processor|press-processor)",
        "sqs:DeleteQueue factory-(connector|persister)",
    ),
    ("dynamodb:CreateTable .*", _BRING + " factory-(persister|writer)"),
    (_BRING + " factory-dispatcher", "iot:(Create|Replace)TopicRule .*"),
    ("iot:DeleteTopicRule .*", "lambda:DeleteFunction factory-dispatcher"),
    (
        f"({_BRING}|lambda:DeleteFunction) factory-(dispatcher|ingestion)",
        "lambda:DeleteFunction factory-(connector|processor|press-processor)",
    ),
    ("lambda:DeleteFunction factory-(processor|press-processor)", "lambda:DeleteFunction factory-persister"),
    (f"({_BRING}|lambda:DeleteFunction) factory-persister", "lambda:DeleteFunction factory-event-checker"),
    (f"({_BRING}|lambda:DeleteFunction) factory-(persister|writer)", "dynamodb:DeleteTable .*"),
    ("lambda:DeleteFunctionUrlConfig factory-ingestion", "lambda:DeleteFunction factory-ingestion"),
    ("lambda:DeleteFunctionUrlConfig factory-writer", "lambda:DeleteFunction factory-writer"),
    ("lambda:DeleteFunction .*", "(secretsmanager:DeleteSecret|lambda:DeleteLayerVersion|sqs:DeleteQueue) .*"),
)


def disorder(writes: Sequence[Call]) -> list[str]:
    """Every pair of writing calls that came the wrong way round."""
    made = [str(call) for call in writes]
    found = []
    for first, second in _BEFORE:
        late = [index for index, call in enumerate(made) if re.fullmatch(first, call)]
        early = [index for index, call in enumerate(made) if re.fullmatch(second, call)]
        if late and early and min(early) < max(late):
            found.append(f"{made[min(early)]} came before {made[max(late)]}")
    return found
