"""How many processor threads a training uses: tried out while it runs, since the neighbours come and go.

torch's threads wait for each other at the end of every operation, so with one busy core beside them two threads can be
ten times as slow as on a quiet machine, and then one alone is quicker.
"""

from __future__ import annotations

import os
import time
from collections import deque
from statistics import median

import torch

_MOST = 4  # our layers are small: beyond this the waiting costs more than the work it saves
_STEPS = 6  # of a trial, and of a new look at the pace
_HOPELESS = 3.0  # a step so many times as long as the best pace ends its trial
_CROWDED = 0.8  # a single thread that gets less of the time than this has neighbours on every core
_SLOWER = 1.4  # a pace so much worse than before calls for trials at once
_SECONDS = 10.0  # between trials, or
_COSTS = 20.0  # times what the last ones cost: one step of two threads may wait for seconds


class ThreadCount:
    """Chooses the number of torch's threads from the pace of the steps. Begins with one, the safe choice."""

    def __init__(self) -> None:
        cores = os.cpu_count() or 1
        self._choices = [count for count in (1, 2, _MOST) if count <= cores]
        self._current = 1
        self._trials = list(self._choices)  # still to come; the first one is under way
        self._paces: dict[int, float] = {}  # of the trials so far, seconds a step
        self._recent: deque[float] = deque(maxlen=_STEPS)
        self._pace = 0.0  # of the choice when it was made
        self._began, self._next = 0.0, 0.0  # trials: the last ones, and the earliest time of more; seconds
        self._last: tuple[float, float] | None = None  # end of the last step, and time this thread had until then
        self._had = 0.0  # time this thread had in the recent steps
        torch.set_num_threads(self._current)

    def step(self, seconds: float) -> None:
        """Take note that a step has ended.

        Args:
            seconds: Time of the training, at the end of the step.
        """
        now = seconds, time.thread_time()
        if self._last is not None:
            self._recent.append(now[0] - self._last[0])
            self._had += now[1] - self._last[1]
        self._last = now
        if self._trials:
            self._try(seconds)
        elif len(self._recent) == _STEPS and seconds >= self._next:
            self._begin(seconds)
        elif len(self._recent) == _STEPS and self._current > 1 and median(self._recent) > _SLOWER * self._pace:
            self._begin(seconds)

    def _begin(self, seconds: float) -> None:
        self._began = seconds
        self._trials = [1, *(count for count in self._choices if count != 1)]
        self._paces.clear()
        self._use(1)

    def _try(self, seconds: float) -> None:
        hopeless = self._paces and self._recent and self._recent[-1] > _HOPELESS * min(self._paces.values())
        if len(self._recent) < _STEPS and not hopeless:
            return
        tried = self._trials.pop(0)
        self._paces[tried] = median(self._recent)
        if tried == 1 and self._had < _CROWDED * sum(self._recent):
            self._trials.clear()
        if self._trials:
            self._use(self._trials[0])
        else:
            self._use(min(self._paces, key=lambda count: self._paces[count]))
            self._pace = min(self._paces.values())
            self._next = seconds + max(_SECONDS, _COSTS * (seconds - self._began))

    def _use(self, count: int) -> None:
        self._recent.clear()
        self._had = 0.0
        if count != self._current:
            torch.set_num_threads(count)
            self._current = count
