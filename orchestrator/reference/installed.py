"""What `gluecode install` creates in an account, counted in its templates."""

from __future__ import annotations

import tomllib
from collections import Counter
from importlib.resources import files

from deploy_steps.registry import all_tasks
from orchestrator.install import template
from orchestrator.install.machines import machines
from orchestrator.install.template import Code
from orchestrator.reference import markdown


def text() -> str:
    """The table, to be included in a page."""
    code = Code(tasks="", functions="", functions_sha256="", functions_layer="", pydantic_layer="")
    stacks = (template.artifacts(), template.orchestrator(all_tasks(), machines(), code, ""))
    purposes: dict[str, str] = tomllib.loads(
        (files("orchestrator.reference") / "installed.toml").read_text(encoding="utf-8")
    )
    counted = Counter(resource["Type"] for stack in stacks for resource in stack["Resources"].values())
    ordered = [*(kind for kind in purposes if kind in counted), *(kind for kind in counted if kind not in purposes)]
    rows = [(str(counted[kind]), markdown.code(kind), purposes.get(kind, "")) for kind in ordered]
    return f"{markdown.table(('how many', 'type', 'what for'), rows)}\n"
