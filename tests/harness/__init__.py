"""An AWS account in this very process: the real state machines and tasks, at a thousand deployments in minutes."""
