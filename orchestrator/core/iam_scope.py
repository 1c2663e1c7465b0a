"""Whose ARNs a policy is about: those of one twin, for a question, or patterns of all twins', for the policy itself.

The two differ here alone: in names that AWS cuts, in what AWS chooses, and in what a twin has many of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase

from orchestrator.core import catalogue, names
from orchestrator.core.names import Installation, TwinNames, role_path

Arns = tuple[str, ...]

TWIN_PREFIX_LIMIT = 20
"""The most characters of the twin prefix, which limits an installation to twins whose names start so."""

_ONE_OF = {"": (), "device": ("device",), "connection": ("aws_l1_to_azure_l2",)}
_ALL_OF = {"": (), "device": ("*",), "connection": ("*_to_*",)}

# A name that was cut to AWS's limit ends in '-' and a hash. No name of the orchestrator itself is so long.
_LONGEST = TwinNames("x" * names.NAME_LIMIT)
_CUT_NAME = re.compile(r"x{20,}-[0-9a-f]{10}")
_CUT = "?" * (names.FUNCTION_LIMIT - len("-0123456789") - TWIN_PREFIX_LIMIT) + "*-" + "?" * 10

_DIGEST = "0" * 64
_FILES: dict[str, Callable[[str], str]] = {
    "projects": lambda twin: f"{names.project_files(twin)}config.json",
    "drafts": lambda twin: f"{names.draft_files(twin, _DIGEST)}config.json",
    "code": lambda _: "code/functions.zip",
    "packages": lambda twin: names.package_key(twin, "device", _DIGEST),
    "builds": lambda twin: names.configuration_key(twin, _DIGEST),
    "reports": lambda twin: names.report_key(twin, twin),
}
"""The folders of the artifact bucket, and the key of one file in each."""


@dataclass(frozen=True)
class TwinPattern(TwinNames):
    """Patterns of the names of all twins that start alike (`factory*`); `underscored` is that start in rules' names."""

    underscored: str = "*"

    @property
    def iot_rule(self) -> str:
        """Names of rules have '_' where the twin's name has anything else, and may end in a hash."""
        return f"{self.underscored}_trigger_dispatch*"


@dataclass(frozen=True)
class Scope:
    """One twin of an installation, or with a TwinPattern all. Of many of a kind, the component's is first."""

    here: Installation
    twin: TwinNames
    component: str = "writer"

    def any(self, example: str) -> str:
        """A part of an ARN that varies: the example, or `*`."""
        return "*" if isinstance(self.twin, TwinPattern) else example

    @property
    def unscoped_roles(self) -> Arns:
        """The ARNs of roles of twins without path and scope."""
        if isinstance(self.twin, TwinPattern):
            return (self.here.role_arn(self.twin.twin),)
        names_ = (row.named(self.twin, *_ONE_OF[row.each]) for row in catalogue.rows_of("iam-role"))
        return tuple(map(self.here.role_arn, names_))

    @property
    def unscoped_dashboard(self) -> str:
        """The ARN of a twin's dashboard, as it was named before release 0.3.0."""
        return self.here.arn_without_region("cloudwatch", f"dashboard/{self.twin.dashboard}")

    def files(self, folder: str) -> str:
        """The ARN of a file in a folder of the artifact bucket, or of all files there."""
        varying = f"{folder}/*" if self.any("") else _FILES[folder](self.twin.twin)
        return f"{self.here.bucket_arn}/{varying}"

    def of(self, kind: str, suffix: str = "", *, only: Collection[str] = ()) -> Arns:
        """The ARNs of all resources of a kind, or of these components only."""
        rows = [row for row in catalogue.rows_of(kind) if not only or row.name in only]
        if isinstance(self.twin, TwinPattern):
            return self._patterns(rows, suffix) if kind != "iam-role" else (self._role_pattern,)
        rows.sort(key=lambda row: self.component not in (row.name, *row.hangs_on))
        suffix = "-AbCdEf" if kind == "secret" else suffix  # Secrets Manager adds six such characters to a name
        return tuple(f"{row.arn(self.here, self.twin, *_ONE_OF[row.each])}{suffix}" for row in rows)

    @property
    def _role_pattern(self) -> str:
        """Roles of twins are known by the path of their installation, not by what their names end in."""
        return self.here.role_arn(f"{role_path(self.here.scope)[1:]}{self.twin.twin}")

    def _patterns(self, rows: Collection[catalogue.Component], suffix: str) -> Arns:
        """Patterns of ARNs, of whole names and of cut ones, without those that another one covers."""
        whole = [row.arn(self.here, self.twin, *_ALL_OF[row.each]) for row in rows]
        longest = [row.arn(self.here, _LONGEST, *_ALL_OF[row.each]) for row in rows]
        start = self.twin.twin.removesuffix("*")
        cut = [_CUT_NAME.sub(f"{start}{_CUT}", arn) for arn in longest if _CUT_NAME.search(arn)]
        found = dict.fromkeys(f"{arn}{suffix}" for arn in (*whole, *cut))
        return tuple(each for each in found if not any(fnmatchcase(each, other) for other in found if other != each))
