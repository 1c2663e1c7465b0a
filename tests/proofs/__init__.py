"""Proofs over hundreds of deployments: each module is a command (`python -m tests.proofs.NAME`) that prints counts."""
