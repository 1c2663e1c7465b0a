"""Decides what a project needs on AWS: from configuration to the spec of every component, without reaching AWS."""

from orchestrator.plan.components import Code, device_component
from orchestrator.plan.errors import PlanTooLarge
from orchestrator.plan.footprint import Footprint
from orchestrator.plan.mapping import COMPONENTS, FUNCTIONS, PUBLIC, needed
from orchestrator.plan.outputs import connection_outputs
from orchestrator.plan.planning import Request, configuration, expected_steps, package_digest, plan
from orchestrator.plan.removal import removal
from orchestrator.plan.settled import settled
from orchestrator.plan.watch import Watch

__all__ = [
    "COMPONENTS",
    "FUNCTIONS",
    "PUBLIC",
    "Code",
    "Footprint",
    "PlanTooLarge",
    "Request",
    "Watch",
    "configuration",
    "connection_outputs",
    "device_component",
    "expected_steps",
    "needed",
    "package_digest",
    "plan",
    "removal",
    "settled",
]
