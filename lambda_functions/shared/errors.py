"""The closed list of errors that the functions raise on purpose, by what must happen next."""


class GluecodeError(Exception):
    """Base of every error that a function raises on purpose. Its text holds neither a payload nor a token."""


class ConfigurationError(GluecodeError):
    """The function was deployed with something missing or contradictory. The text says what to set."""


class MissingSetting(ConfigurationError, ValueError):
    """The URL or the token is missing. Without it nothing can be sent."""


class Refused(GluecodeError):
    """This event or request will never be accepted as it is: retrying is useless.

    `reason` is machine-readable and reveals nothing else; `status` is the HTTP status for it.
    """

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Unavailable(GluecodeError):
    """The other side cannot take the event now. Raised out of the handler, so that Lambda tries again later."""
