"""Guids that are the same in every release, made of names."""

from __future__ import annotations

from uuid import UUID, uuid5

_SPACE = UUID("c0b0a7c1-6f55-4d0e-9f1b-4a7d1f2e8c90")


def identity(*names: str) -> UUID:
    """Return the guid of what these names stand for; Grasshopper knows a component by it for ever."""
    return uuid5(_SPACE, "/".join(names))
