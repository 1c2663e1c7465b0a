"""The cross-layer tests and fixtures of the whole product."""
