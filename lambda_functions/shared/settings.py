"""Reads the settings of a function from its environment; blank is the same as not set."""

import os

from lambda_functions.shared.errors import ConfigurationError


def text(name: str) -> str:
    """The value without the white space around it, or an empty string."""
    return os.environ.get(name, "").strip()


def required(name: str) -> str:
    """The value. Raises ConfigurationError when there is none."""
    value = text(name)
    if not value:
        raise ConfigurationError(f"The environment variable {name} is not set: deploy the twin again.")
    return value


def on(name: str) -> bool:
    """Whether a switch is on: `true`, `on` or `1`."""
    return text(name).lower() in ("true", "on", "1")
