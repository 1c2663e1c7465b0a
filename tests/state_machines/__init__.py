"""The state machines: what can be told from their definitions, and the routes they take on Step Functions engines."""
