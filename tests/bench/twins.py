"""The twins that are measured: any number of devices, any number of them with code of their own, on any mapping."""

from __future__ import annotations

from collections.abc import Sequence

from tests.proofs.projects import Mapping, Project

ALL_ON_AWS: Mapping = ("aws", "aws", "aws")


def twin(name: str, devices: int, own: int = 0, mapping: Mapping = ALL_ON_AWS, factors: Sequence[int] = ()) -> Project:
    """A twin of so many devices, of which the first `own` have code of their own (`factors` varies it)."""
    ids = tuple(f"device-{number:05d}" for number in range(devices))
    code = tuple((device, factors[number] if number < len(factors) else 2) for number, device in enumerate(ids[:own]))
    return Project(mapping=mapping, twin=name, devices=ids, own=code)
