"""Cuts what a list call answers to AWS's pages, with a token for the next one: the emulator answers everything at once.

Those are the longest that AWS answers; it may cut any answer shorter. So a test may ask for pages of one entry, and
code that reads only the first of them is wrong at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MARK = "page-from-"
_FROM = "harness_page_from"


@dataclass(frozen=True)
class Listing:
    """How a list call pages: the entries of its answer, the token in it and in the next call, and the longest page."""

    entries: str
    answered: str
    asked: str
    largest: int
    truncated: str = ""


def _of_iam(entries: str) -> Listing:
    return Listing(entries, "Marker", "Marker", 100, "IsTruncated")


LISTINGS = {
    "cloudformation:ListStackResources": Listing("StackResourceSummaries", "NextToken", "NextToken", 100),
    "dynamodb:ListTagsOfResource": Listing("Tags", "NextToken", "NextToken", 50),
    "iam:ListAttachedRolePolicies": _of_iam("AttachedPolicies"),
    "iam:ListRolePolicies": _of_iam("PolicyNames"),
    "iam:SimulatePrincipalPolicy": _of_iam("EvaluationResults"),
    "iot:ListTagsForResource": Listing("tags", "nextToken", "nextToken", 50),
    "lambda:ListEventSourceMappings": Listing("EventSourceMappings", "NextMarker", "Marker", 100),
    "lambda:ListLayerVersions": Listing("LayerVersions", "NextMarker", "Marker", 50),
}
"""The list calls of the tasks that the emulator does not page."""

LIMITS = {
    "dynamodb:Scan": "Limit",
    "logs:FilterLogEvents": "limit",
    "s3:ListObjectVersions": "MaxKeys",
    "s3:ListObjectsV2": "MaxKeys",
    "stepfunctions:GetExecutionHistory": "maxResults",
}
"""Those that it pages, at the length in this parameter."""


class Pages:
    """Hooks for a session. `page` is the most entries of an answer; without it, AWS's own number."""

    def __init__(self) -> None:
        self.page: int | None = None
        self.cut: set[str] = set()

    def register(self, events: Any) -> None:
        """Page every call of the session."""
        events.register("provide-client-params", self._ask)
        events.register("after-call", self._answer)

    def _ask(self, params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: Any) -> dict[str, Any]:
        asked, name = dict(params), f"{model.service_model.service_name}:{model.name}"
        if name in LISTINGS and str(asked.get(LISTINGS[name].asked, "")).startswith(_MARK):
            context[_FROM] = int(str(asked.pop(LISTINGS[name].asked)).removeprefix(_MARK))
        if name in LIMITS and self.page:
            asked[LIMITS[name]] = self.page
        return asked

    def _answer(self, parsed: dict[str, Any], model: Any, context: Mapping[str, Any], **_: Any) -> None:
        name = f"{model.service_model.service_name}:{model.name}"
        listing = LISTINGS.get(name)
        if listing is None or listing.entries not in parsed:
            return
        first, entries = int(context.get(_FROM, 0)), parsed[listing.entries]
        until = first + (self.page or listing.largest)
        parsed[listing.entries] = entries[first:until]
        if until < len(entries):
            self.cut.add(name)
            parsed[listing.answered] = f"{_MARK}{until}"
            if listing.truncated:
                parsed[listing.truncated] = True
