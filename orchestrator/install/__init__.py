"""Puts the orchestrator into an AWS account, and takes it out again."""
