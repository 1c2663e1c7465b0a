"""Moved to orchestrator.core.placement."""

from orchestrator.core.placement import WATCHED, Watch

__all__ = ["WATCHED", "Watch"]
