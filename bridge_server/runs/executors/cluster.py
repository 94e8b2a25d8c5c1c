"""What a training needs of a cluster, whichever it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bridge_server.runs.executors.node import About, Piece, Report


class NodeLost(Exception):
    """A node has gone, or the process on it; the message says which."""


class ClusterProblem(Exception):
    """What a cluster cannot do, or a node of it; the message says what to do."""


class Host(Protocol):
    """A node that was hired for one training: `node.Node` from afar. Every call may raise NodeLost."""

    def about(self) -> About: ...
    def put(self, pieces: list[Piece]) -> None: ...
    def begin(self, data: str | None) -> None: ...
    def look(self) -> Report: ...
    def read(self, name: str, offset: int) -> bytes: ...
    def ask(self) -> None: ...
    def close(self) -> None: ...


class Cluster(Protocol):
    """Whoever has nodes."""

    def hire(self, id: str, device: str, stop: Callable[[], bool]) -> Host | None:
        """Wait for a node with room for a training.

        Args:
            id: Of the run.
            device: What it is to be computed on.
            stop: Asked again and again; True ends the wait.

        Returns:
            None where it was to be stopped.

        Raises:
            ClusterProblem: There can be no such node.
            NodeLost: It went away at once.
        """
