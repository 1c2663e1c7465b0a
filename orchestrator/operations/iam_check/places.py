"""On which resource each action is asked about, and on which resources a policy should allow it (pure)."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from orchestrator.core.iam_resources import Grant, of_command, of_installing, of_task
from orchestrator.core.iam_scope import Arns, Scope, TwinPattern
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


class _Short(Scope):
    """Everything by the start of its name, because a policy to be pasted has to be short."""

    def of(self, kind: str, suffix: str = "", *, only: Collection[str] = ()) -> Arns:
        start = self.twin.twin.removesuffix("*")[:_UNCUT]
        alike = TwinPattern(f"{start}*", f"{re.sub('[^A-Za-z0-9_]', '_', start)}*")
        found = Scope(self.here, alike).of(kind, suffix, only=only)
        return tuple(re.sub(r"[*?].*", "*", each) for each in found)

    def files(self, folder: str) -> str:
        return re.sub(r"/.*", "/*", super().files(folder))


@dataclass(frozen=True)
class Places:
    """The places of an installation and one twin; without a twin, of all that it may ever have."""

    installation: Installation
    twin: str | None = None

    def of(self, group: str, use: Use) -> Place:
        """Where an action of a group is used."""
        here, component = self.installation, _COMPONENTS.get(group, "writer")
        asked = _grant(Scope(here, TwinNames(self.twin or SAMPLE_TWIN), component), group, use)
        granted = _grant(_Short(here, TwinPattern(self.twin or "*")), group, use)
        return Place(asked.example, tuple(dict.fromkeys(granted.resources)))


def _grant(at: Scope, group: str, use: Use) -> Grant:
    if group == INSTALL:
        return of_installing(at, use.action)
    if group == COMMAND_LINE:
        return of_command(at, use.action)
    return of_task(at, use.by, use.action)
