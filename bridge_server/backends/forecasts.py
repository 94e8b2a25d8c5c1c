"""When each run will have its turn: what the queue's rule comes to for the runs that there are."""

from __future__ import annotations

import math
import time
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from bridge_server.contract.runs import QueuePlace, RunState
from bridge_server.runs.fair_queue import UnderWay, Waiting, forecast
from bridge_server.runs.progress import Tick, last_tick
from bridge_server.runs.status_text import about_time, waiting
from bridge_server.runs.store import Record, RunStore
from ganmnist.config import TrainConfig
from ganmnist.errors import SettingError
from ganmnist.training.presets import recipe

BESIDE_SECONDS = 5.0  # of a run beside its training: the process and torch start, data are read, the last state is kept
_FRESH = 1.0  # seconds for which a forecast is good enough, unless a run has another state


class Expected(NamedTuple):
    """A run that is under way or waits.

    Attributes:
        place: In the queue, from 1; none while it is under way.
        seconds: Estimate of the time until its turn, or to its end while it is under way; none where nobody knows.
    """

    id: str
    owner: str
    place: int | None
    seconds: float | None

    def told(self, *, named: bool) -> QueuePlace:
        """Return what may be known of it, with its id or without."""
        if self.place is None:
            left = "" if self.seconds is None else f", {about_time(self.seconds)} left"
            text = f"under way{left}"
        else:
            text = waiting(self.place, self.seconds)
        return QueuePlace(run=self.id if named else None, place=self.place, seconds=self.seconds, text=text)


class Forecasts:
    """Forecasts, each made once for all who ask within a second.

    Args:
        runs: The runs.
        models: The folder of their folders.
        slots: How many are trained at a time.
    """

    def __init__(self, runs: RunStore, models: Path, slots: int) -> None:
        self._runs = runs
        self._models = models
        self._slots = slots
        self._made: tuple[int, float, dict[str, Expected]] = (-1, 0.0, {})

    def now(self) -> dict[str, Expected]:
        """Return all runs that are under way or wait by their ids, in the order of their turns."""
        changes, made, known = self._made
        if changes != self._runs.changes or time.monotonic() - made > _FRESH:
            changes = self._runs.changes  # before it is looked at: what changes meanwhile is seen by the next
            known = self._make()
            self._made = changes, time.monotonic(), known
        return known

    def _make(self) -> dict[str, Expected]:
        running, queued = self._runs.running(), self._runs.queue()
        left = {record.id: self._seconds_left(record) for record in running}
        turns = forecast(
            [Waiting(record.id, record.owner, record.turn, self._seconds_left(record)) for record in queued],
            [UnderWay(record.owner, left[record.id]) for record in running],
            self._runs.last_begun(),
            self._slots,
        )
        owners = {record.id: record.owner for record in queued}
        under_way = [Expected(record.id, record.owner, None, _known(left[record.id])) for record in running]
        to_come = [
            Expected(turn.id, owners[turn.id], place, _known(turn.seconds)) for place, turn in enumerate(turns, 1)
        ]
        return {expected.id: expected for expected in (*under_way, *to_come)}

    def _seconds_left(self, record: Record) -> float:
        """Estimate the time that a run will take from now on; infinite where its budget does not say."""
        tick = Tick() if record.begun is None else last_tick(self._models / record.id)
        if tick.seconds_left is not None:
            return tick.seconds_left if record.state is RunState.RUNNING else tick.seconds_left + BESIDE_SECONDS
        return max(0.0, _budget(record.settings) - tick.seconds) + BESIDE_SECONDS


def _known(seconds: float) -> float | None:
    return float(round(seconds)) if math.isfinite(seconds) else None


@lru_cache(maxsize=512)
def _budget(settings: TrainConfig) -> float:
    """Return the seconds that a training may take, infinite where its budget has no seconds."""
    try:
        seconds = recipe(settings).seconds
    except SettingError:  # stored by a version with other limits
        seconds = settings.seconds
    return math.inf if seconds is None else seconds
