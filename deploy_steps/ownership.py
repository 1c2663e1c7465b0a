"""Whose a resource is: its tags say it, or tags written into a text where AWS has none."""

from __future__ import annotations

from collections.abc import Mapping

from deploy_steps.errors import ForeignResource
from orchestrator.core.names import UNSCOPED
from orchestrator.core.specs import MANAGED_BY, Owner


def is_ours(owner: Owner, live_tags: Mapping[str, str]) -> bool:
    """Whether this twin owns the thing with these tags, or adoption was asked for.

    `ManagedBy` and `Installation` decide: with them, a missing tag is drift to repair; a thing without them was made by
    someone else, unless the record knows it. Whatever names another owner is another's.
    """
    ours = live_tags.get("DigitalTwin", owner.twin) == owner.twin
    marked = live_tags.get("ManagedBy", MANAGED_BY if owner.recorded else None) == MANAGED_BY
    return owner.adopt or (ours and marked and _of_this_installation(owner, live_tags))


def _of_this_installation(owner: Owner, live_tags: Mapping[str, str]) -> bool:
    if owner.installation == UNSCOPED:
        return True
    unmarked = owner.installation if owner.recorded or owner.unmarked else None
    return live_tags.get("Installation", unmarked) == owner.installation


def ensure_ours(kind: str, name: str, owner: Owner, live_tags: Mapping[str, str]) -> None:
    """Raise ForeignResource unless the thing is ours."""
    if is_ours(owner, live_tags):
        return
    raise ForeignResource(
        f"The {kind} '{name}' exists but does not belong to twin '{owner.twin}' of this installation: it was left "
        f'untouched. Rename or remove it, or hand it over by starting with "adopt": true '
        f"(its tags would become {', '.join(f'{key}={value}' for key, value in owner.tags.items() if key != 'Layer')})."
    )


def encode_tags(tags: Mapping[str, str]) -> str:
    """Tags as a text, for what has no tags on AWS, or none that come with its settings. No value has a space."""
    return " ".join(f"{key}={value}" for key, value in tags.items())


def decode_tags(text: str) -> dict[str, str]:
    """The tags in such a text."""
    return dict(word.split("=", 1) for word in text.split() if "=" in word)
