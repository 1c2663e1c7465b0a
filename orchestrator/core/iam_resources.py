"""On which resources each IAM action is used, under which condition, and what those are: for tasks and commands (pure).

Written once, as functions of a scope: one twin of one installation, whose resources a policy can be asked about, or
patterns of all twins, for a policy to be written. A new kind of resource needs no row: its tasks are allowed the
actions of its service on the resources of that kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from orchestrator.core import event_types, names
from orchestrator.core.names import NAME_LIMIT, Installation, TwinNames
from orchestrator.core.plan.mapping import FUNCTIONS, SENDERS

Resources = Callable[["Scope"], tuple[str, ...]]
Condition = Mapping[str, Mapping[str, Any]]
_ArnOf = Callable[[Installation, TwinNames], str]

TWIN_PREFIX_LIMIT = 20
"""Characters of an installation's twin prefix."""

BOUNDARY = "${TwinBoundary}"
"""Stands in a condition for the permissions boundary of twins' roles, which only the template knows."""

_CONNECTION = "aws_l1_to_azure_l2"
_SUFFIX = "-AbCdEf"  # Secrets Manager puts six such characters behind a secret's name
_DIGEST = "0" * 64
_MAPPING = "00000000-0000-0000-0000-000000000000"  # Lambda gives each event source mapping such a number
_LONGEST = TwinNames("x" * NAME_LIMIT)
_CUT = re.compile(r"x+-([0-9a-f]{10})\b")  # how a name that is too long for AWS ends
