"""The seam between the queue and the machines: all that the launcher knows of where a training is carried out."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol


class Ended(NamedTuple):
    """How the process of a training ended.

    Attributes:
        code: Its exit status, one of `protocol.Exit`, or minus the signal where one ended it.
        out_of_memory: The system killed it for its memory.
    """

    code: int
    out_of_memory: bool = False


class Job(Protocol):
    """A training under way, or ended. Safe to use from several threads, but for `wait`."""

    def ask(self) -> None:
        """Ask it to save and end; of no meaning to one that has ended."""

    def kill(self) -> None:
        """End it at once, saved or not."""

    def wait(self) -> Ended:
        """Return when it has ended. Called once."""


class Executor(Protocol):
    """Carries out trainings.

    What a training is stands in the settings of its folder, and all that comes of it comes there while it goes on:
    progress, previews, checkpoints, published models. A training whose server has gone saves and ends by itself.
    """

    def start(self, folder: Path) -> Job:
        """Begin the training whose folder this is, or go on with it from its newest checkpoint.

        Raises:
            OSError: The system does not start it.
        """
