"""Shows everything that is wrong with a project."""

from __future__ import annotations

from rich.text import Text

from orchestrator.cli import output
from orchestrator.core.config import ProjectFaults
from orchestrator.core.errors import UsageError


def show(project: str, found: ProjectFaults, *, json_wanted: bool) -> UsageError:
    """Print each fault with file, field and fix. Returns what to raise."""
    if json_wanted:
        output.as_json({"valid": False, "faults": [vars(fault) for fault in found.faults]})
    else:
        for fault in found.faults:
            field = f"  {fault.field}" if fault.field else ""
            line = Text.assemble((fault.file, "bold"), (field, "cyan"), f"  {fault.problem}")
            output.progress().print(line, soft_wrap=True)
            output.say(f"    fix: {fault.fix}", "green")
    count = "1 fault" if len(found.faults) == 1 else f"{len(found.faults)} faults"
    return UsageError(
        f"The project '{project}' has {count}. Nothing was sent to AWS.", "Put them right and run it again."
    )
