"""A made-up training of the mock, and the figures it shows."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bridge_server.contract.runs import RunState
from ganmnist.config import TrainConfig

SECONDS = 2.0  # a training
TICKS = 20
TICKS_PER_PREVIEW = 5


@dataclass
class Training:
    """A run that is all arithmetic: where it stands follows from the clock."""

    id: str
    model: str
    settings: TrainConfig
    data: str
    class_names: tuple[str, ...]  # that its model will know
    key: str | None
    begins: float  # monotonic; in the future while queued
    created: str
    ends_at: float = 1.0  # share of the way, where its fate awaits it
    fate: RunState = RunState.SUCCEEDED
    resumed_at: float = 0.0  # shares of the way too
    stopped_at: float | None = None

    def share(self) -> float:
        """Return how much is done, 0 to 1."""
        if self.stopped_at is not None:
            return self.stopped_at
        return min(max(self.resumed_at + (time.monotonic() - self.begins) / SECONDS, self.resumed_at), self.ends_at)

    def state(self) -> RunState:
        if self.stopped_at is not None:
            return RunState.STOPPED
        if time.monotonic() < self.begins:
            return RunState.QUEUED
        return self.fate if self.share() >= self.ends_at else RunState.RUNNING

    def active(self) -> bool:
        return self.state().is_active

    def free_at(self) -> float:
        """Return when the next run may begin."""
        if not self.active():
            return 0.0
        return self.begins + (self.ends_at - self.resumed_at) * SECONDS

    def ticks(self) -> int:
        return int(self.share() * TICKS + 1e-9)


def loss_d(tick: int) -> float:
    return 0.5 + 0.9 / (tick + 1)


def loss_g(tick: int) -> float:
    return 1.5 - 0.8 / (tick + 1)


def frechet(tick: int) -> float:
    return 4 + 80 / tick
