"""The Rhinos that people have: which components each takes, and the folder in which it keeps what is the user's."""

from __future__ import annotations

from dataclasses import dataclass

from ghpython_components.document.script_component import RHINO7, RHINO8, Rhino


@dataclass(frozen=True)
class Release:
    """One Rhino.

    Attributes:
        number: What people call it.
        folder: Its name in McNeel's folder for Rhino, once it has run.
        rhino: Whose components it takes.
    """

    number: int
    folder: str
    rhino: Rhino


# Another Rhino is one more line.
RELEASES = (
    Release(7, "7.0", RHINO7),
    Release(8, "8.0", RHINO8),
    Release(9, "9.0", RHINO8),
)
