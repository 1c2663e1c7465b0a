"""One execution as one HTML file: what ran, what it did, how long it took, and, if it failed, how to go on.

`facts` reads AWS; everything else is pure, so that any place that has the facts can write the file.
"""

from orchestrator.report.facts import Attempt, Facts, NoSuchExecutionError, read
from orchestrator.report.page import render

__all__ = ["Attempt", "Facts", "NoSuchExecutionError", "read", "render"]
