"""Which deployment a message in the queue of requests asks for (pure).

Two kinds of message come from the event rules: what S3 says of a file that was written or removed, and an event
`Redeploy requested`, whose detail is the input of the deploy machine. Nobody watches what comes of it, so a report is
written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.config import is_project_file
from orchestrator.core.names import execution_name, is_name, project_files

_PROJECTS = project_files("").rstrip("/")  # `projects`
_ID_LENGTH = 8


@dataclass(frozen=True)
class Requested:
    """A deployment of `project` with this input (JSON). `event` is the id of the event that asked for it itself.

    Where files have changed, `event` is empty: it is the files that ask, however many events tell of them. `project` is
    empty where the input names none; the deployment then ends by saying what to type instead.
    """

    project: str
    input: str
    event: str = ""

    def execution(self, digest: str) -> str:
        """The name of the execution for a state of the project's files: the same for the same request."""
        if not self.event:
            return execution_name(self.project, digest)
        about = execution_name(self.project, digest) if self.project else "requested"
        return f"{about}-{self.event[:_ID_LENGTH]}"


def requested(message: str) -> Requested | None:
    """What a message asks for; None for a file that is not part of any project.

    Raises ValueError or KeyError for a message that none of the rules sends.
    """
    told = json.loads(message)
    if "object" in told:
        return _by_change(told["object"]["key"])
    given = told["input"]
    if isinstance(given, Mapping):
        given = {name: value for name, value in given.items() if name != "installation"}
        given.setdefault("report", True)
    return Requested(_project(given), json.dumps(given), told["id"])


def _by_change(key: str) -> Requested | None:
    folder, _, rest = key.partition("/")
    project, _, path = rest.partition("/")
    if folder != _PROJECTS or not is_name(project) or not is_project_file(path):
        return None
    return Requested(project, json.dumps({"project": project, "report": True}))


def _project(given: Any) -> str:
    project = given.get("project") if isinstance(given, Mapping) else None
    return project if isinstance(project, str) and is_name(project) else ""
