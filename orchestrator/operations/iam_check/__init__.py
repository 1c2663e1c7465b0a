"""Which IAM actions gluecode takes, layer by layer, and whether somebody has them."""

from orchestrator.operations.iam_check.checking import Finding, Report, Steps, check, check_steps
from orchestrator.operations.iam_check.declared import COMMANDS, OFFLINE
from orchestrator.operations.iam_check.policy import policies
from orchestrator.operations.iam_check.required import (
    COMMAND_LINE,
    INSTALL,
    LAYERS,
    REQUIRED_AWS_PERMISSIONS,
    by_service,
)

__all__ = [
    "COMMANDS",
    "COMMAND_LINE",
    "INSTALL",
    "LAYERS",
    "OFFLINE",
    "REQUIRED_AWS_PERMISSIONS",
    "Finding",
    "Report",
    "Steps",
    "by_service",
    "check",
    "check_steps",
    "policies",
]
