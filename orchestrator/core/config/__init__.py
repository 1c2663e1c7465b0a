"""The only reader of project files: from a folder, or from any mapping of paths to bytes, to one typed Project."""

from orchestrator.core.config.connections import Connection
from orchestrator.core.config.faults import Fault, ProjectFaults
from orchestrator.core.config.folder import read_folder
from orchestrator.core.config.models import Device, Event, ProviderMapping, TwinSettings
from orchestrator.core.config.project import FILES, Project, is_project_file, read_project, without_tokens

__all__ = [
    "FILES",
    "Connection",
    "Device",
    "Event",
    "Fault",
    "Project",
    "ProjectFaults",
    "ProviderMapping",
    "TwinSettings",
    "is_project_file",
    "read_folder",
    "read_project",
    "without_tokens",
]
