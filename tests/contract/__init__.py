"""The contract of `deploy_steps/contract.py`, held against every kind of resource on every emulator that knows it."""
