"""The inter-cloud contract as a test of any Ingestion or Writer endpoint, from outside.

It shares no code with the functions that implement the contract, so that a mistake in them is not repeated here.
"""

from orchestrator.operations.conformance.running import Outcome, Report, Result, run

__all__ = ["Outcome", "Report", "Result", "run"]
