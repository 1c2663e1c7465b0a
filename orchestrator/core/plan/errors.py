"""The one thing that can keep a valid project from being planned."""


class PlanTooLarge(Exception):  # named for what is the matter, like the steps' errors
    """The twin needs more than AWS takes in one policy or one state machine input. The text says what to take away."""
