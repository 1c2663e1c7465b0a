"""Decides what a project needs on AWS: from configuration to the spec of every component, without reaching AWS."""

from orchestrator.core.plan.components import Code, device_component
from orchestrator.core.plan.errors import PlanTooLarge
from orchestrator.core.plan.footprint import Footprint
from orchestrator.core.plan.mapping import COMPONENTS, FUNCTIONS, PUBLIC, needed
from orchestrator.core.plan.outputs import connection_outputs
from orchestrator.core.plan.planning import Request, configuration, package_digest, plan
from orchestrator.core.plan.redeployment import unchanged_since_deploy
from orchestrator.core.plan.watch import Watch

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
    "needed",
    "package_digest",
    "plan",
    "unchanged_since_deploy",
]
