"""On which resource each action is asked about, and on which resources a policy should allow it (pure)."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from orchestrator.core import iam_resources
from orchestrator.core.iam_resources import Arns, Grant, Patterns, Scope, TwinPattern
from orchestrator.core.names import Installation, TwinNames
from orchestrator.operations.iam_check.required import COMMAND_LINE, INSTALL, Use

SAMPLE_TWIN = "my-twin"
"""The twin whose resources are asked about when none is named."""

_COMPONENTS = {"layer_1": "dispatcher", "layer_2": "ingestion"}
_UNCUT = 50  # no name is cut to AWS's limit before this many characters of the twin's


@dataclass(frozen=True)
class Place:
    """`asked`: one resource, to ask a policy about. `granted`: patterns of all, for a policy to be written."""

    asked: str
    granted: Arns


class _Short(Patterns):
    """Everything of a twin, or of any (`*`), by the start of its name: a policy to be pasted has to be short."""

    def of(self, kind: str, suffix: str = "", *, only: Collection[str] = ()) -> Arns:
        start = self.twin.twin.removesuffix("*")[:_UNCUT]
        twins = TwinPattern(f"{start}*", f"{re.sub('[^A-Za-z0-9_]', '_', start)}*")
        found = Patterns(self.here, twins).of(kind, suffix, only=only)
        return tuple(dict.fromkeys(re.sub(r"[*?].*", "*", each) for each in found))

    def files(self, _folder: str, /) -> str:
        return f"{self.bucket}/*"


@dataclass(frozen=True)
class Places:
    """The places of an installation and one twin; without a twin, of all that it may ever have."""

    installation: Installation
    twin: str | None = None

    def of(self, group: str, use: Use) -> Place:
        """Where an action of a group is used."""
        grant, here = _grant(group, use), self.installation
        asked = grant.example(Scope(here, TwinNames(self.twin or SAMPLE_TWIN), _COMPONENTS.get(group, "writer")))
        return Place(asked, tuple(dict.fromkeys(grant.resources(_Short(here, TwinNames(self.twin or "*"))))))


def _grant(group: str, use: Use) -> Grant:
    if group == INSTALL:
        return iam_resources.of_installing(use.action)
    if group == COMMAND_LINE:
        return iam_resources.of_commands(use.action)
    return iam_resources.of_task(use.by, use.action)
