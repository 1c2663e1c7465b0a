"""The names of one run: by them everything that it creates can be told from whatever else is in the account (pure)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

ID_RULE = "six of the characters a-z and 0-9"

_ID = re.compile("[a-z0-9]{6}")


@dataclass(frozen=True)
class Names:
    """Raises ValueError for an id that is not as ID_RULE says."""

    id: str

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"'{self.id}' is no id of a run: it has {ID_RULE}.")

    @classmethod
    def new(cls) -> Names:
        """Names that no run had before."""
        return cls(secrets.token_hex(3))

    @property
    def prefix(self) -> str:
        """The installation's prefix."""
        return f"gcproof-{self.id}"

    @property
    def twin(self) -> str:
        """The twin. The installation is limited to twins whose names start so."""
        return f"gcptwin-{self.id}"

    @property
    def other_cloud(self) -> str:
        """The function, the role and the queue that stand in for the other cloud."""
        return f"{self.prefix}-other-cloud"

    def owns(self, text: str) -> bool:
        """Whether a name, a path or an ARN is of this run. IoT rules have '_' where other names have '-'."""
        return any(start in text.replace("_", "-") for start in (self.prefix, self.twin))
