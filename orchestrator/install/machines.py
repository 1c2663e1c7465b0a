"""The state machines as the template needs them."""

from __future__ import annotations

from dataclasses import dataclass

from state_machines import MACHINES, placeholder, placeholders, source


@dataclass(frozen=True)
class Machine:
    """A state machine as it was written, with placeholders for what it `calls`: logical ids of tasks and machines."""

    name: str
    definition: str
    calls: tuple[str, ...]

    @property
    def id(self) -> str:
        """The name under which other machines and the template know it: `deploy` -> `DeployMachine`."""
        return f"{placeholder(self.name)}Machine"


def machines() -> tuple[Machine, ...]:
    """Every state machine, those first that others start."""
    return tuple(Machine(name, source(name), tuple(sorted(placeholders(name)))) for name in MACHINES)
