"""Decides what a project needs on AWS: from configuration to the spec of every component, without reaching AWS."""

from orchestrator.core.catalogue import COMPONENTS, FUNCTIONS, PUBLIC
from orchestrator.core.placement import Watch
from orchestrator.core.plan.components import Code
from orchestrator.core.plan.errors import PlanTooLarge
from orchestrator.core.plan.footprint import Footprint
from orchestrator.core.plan.model import FunctionComponent, device_component
from orchestrator.core.plan.outputs import connection_outputs
from orchestrator.core.plan.planning import (
    Plan,
    Request,
    configuration,
    package_digest,
    plan,
    unchanged_since_deploy,
)

__all__ = [
    "COMPONENTS",
    "FUNCTIONS",
    "PUBLIC",
    "Code",
    "Footprint",
    "FunctionComponent",
    "Plan",
    "PlanTooLarge",
    "Request",
    "Watch",
    "configuration",
    "connection_outputs",
    "device_component",
    "package_digest",
    "plan",
    "unchanged_since_deploy",
]
