"""How many processor threads a training uses: tried out while it runs, since the neighbours come and go.

torch's threads wait for each other at the end of every operation, so with one busy core beside them two threads can be
ten times as slow as on a quiet machine, and then one alone is quicker.
"""

from __future__ import annotations

import math
import os
import time
from collections import deque
from collections.abc import Collection

import torch

from ganmnist.training.processor import OtherPrograms

_MAX_THREADS = 4  # our layers are small: beyond this the waiting costs more than the work it saves
_STEPS = 6  # of a trial, and of a new look at the pace
_HOPELESS = 3.0  # two steps so many times as long as the best pace end their trial; beside other programs one is slow
_CROWDED = 0.8  # a single thread that gets less of the time than this has neighbours on every core
_SLOWER = 1.4  # a pace so much worse than before calls for trials
_PATIENCE = 0.7  # seconds after which it does, or
_SHORT_PATIENCE = 0.4  # where it is plain that other programs take a core
_LOOK = 0.2  # seconds from one look at them to the next
_QUIET = 1.0  # seconds without them after which more threads are tried again, where they were there before
_SECONDS = (2.0, 30.0)  # from a choice of fewer threads to the next trials, growing, or
_COSTS = 20.0  # times what the last ones cost: one step of two threads may wait for seconds


class ThreadCount:
    """Chooses the number of torch's threads from the pace of the steps. Begins with one, the safe choice.

    Attributes:
        most: Threads that it may choose.
    """

    def __init__(self) -> None:
        cores = os.cpu_count() or 1
        self._choices = [count for count in (1, 2, _MAX_THREADS) if count <= cores]
        self._current = 1
        self._beside, self._in_company = max(1, cores - 1), False
        self._trials = list(self._choices)  # still to come; the first one is under way
        self._paces: dict[int, float] = {}  # of the trials so far, seconds a step
        self._recent: deque[float] = deque(maxlen=_STEPS)
        self._costs: dict[int, float] = {}  # of the same trials, seconds
        self._pace = 0.0  # of the choice when it was made
        self._good = 0.0  # second until which the pace was as when it was chosen
        self._slow = 0  # steps since then
        self._wait, self._next = _SECONDS[0], 0.0  # until more threads are tried again, and when that is; seconds
        self._last: tuple[float, float] | None = None  # end of the last step, and time this thread had until then
        self._had = 0.0  # time this thread had in the recent steps
        self.most = self._choices[-1]
        self._others, self._next_look = OtherPrograms(), 0.0
        self._crowded, self._chosen_crowded = False, False  # now, and when the choice was made
        self._crowded_until = 0.0  # the last second of it
        torch.set_num_threads(self._current)

    @property
    def trying(self) -> bool:
        """Whether numbers are tried out, so that the pace says little of how the training goes."""
        return bool(self._trials)

    def step(self, seconds: float, *, in_company: bool = False) -> None:
        """Take note that a step has ended.

        Args:
            seconds: Time of the training, at the end of the step.
            in_company: A thread of our own is at work beside the training, and is left a core of its own.
        """
        if in_company != self._in_company:
            self._in_company = in_company
            torch.set_num_threads(min(self._current, self._beside) if in_company else self._current)
            self._recent.clear()
            self._had, self._last = 0.0, None
        if in_company:
            return
        now = seconds, time.thread_time()
        if self._last is not None:
            self._recent.append(now[0] - self._last[0])
            self._had += now[1] - self._last[1]
        else:
            self._good, self._slow = seconds, 0
        self._last = now
        self._look(seconds)
        if self._trials:
            self._try(seconds)
        elif self._is_time_for_more(seconds) and len(self._recent) == _STEPS:
            self._begin_trials(self._choices, {})
        elif self._is_slower(seconds):  # what the number has come to needs no trial
            fewer = [count for count in self._choices if count < self._current]
            self._begin_trials(fewer, {self._current: (seconds - self._good) / self._slow})

    def _look(self, seconds: float) -> None:
        """See whether other programs take what more threads could use."""
        if seconds < self._next_look:
            return
        self._next_look = seconds + _LOOK
        share = self._others.share()
        self._crowded = share is not None and self._others.crowd(self.most, share)
        if self._crowded:
            self._crowded_until = seconds

    def _is_time_for_more(self, seconds: float) -> bool:
        if self._current == self.most:
            return False
        return seconds >= self._next or (self._chosen_crowded and seconds - self._crowded_until > _QUIET)

    def _is_slower(self, seconds: float) -> bool:
        if self._current == 1 or not self._recent:
            return False
        stalled = self._crowded and self._recent[-1] > _HOPELESS * self._pace
        if stalled or (len(self._recent) > 1 and _typical(self._recent) > _SLOWER * self._pace):
            self._slow += 1
        else:
            self._good, self._slow = seconds, 0
        patience = _SHORT_PATIENCE if self._crowded else max(_PATIENCE, _STEPS * self._pace)
        return seconds - self._good > patience

    def _begin_trials(self, counts: list[int], known: dict[int, float]) -> None:
        self._trials, self._paces = list(counts), known
        self._costs.clear()
        self._use(counts[0])

    def _try(self, seconds: float) -> None:
        best = min(self._paces.values(), default=math.inf)
        hopeless = len(self._recent) >= 2 and min(list(self._recent)[-2:]) > _HOPELESS * best
        if len(self._recent) < _STEPS and not hopeless:
            return
        tried = self._trials.pop(0)
        self._paces[tried], self._costs[tried] = _typical(self._recent), sum(self._recent)
        if tried == 1 and self._had < _CROWDED * sum(self._recent):
            self._trials, self._paces = [], {1: self._paces[1]}
        if self._trials:
            self._use(self._trials[0])
        else:
            self._choose(seconds)

    def _choose(self, seconds: float) -> None:
        chosen = min(self._paces, key=lambda count: self._paces[count])
        self._pace, self._good, self._slow = self._paces[chosen], seconds, 0
        self._chosen_crowded = self._crowded
        cost = sum(cost for count, cost in self._costs.items() if count != chosen)
        self._next = seconds + max(self._wait, _COSTS * cost)
        self._wait = min(2 * self._wait, _SECONDS[1]) if chosen == 1 else _SECONDS[0]
        self._use(chosen)

    def _use(self, count: int) -> None:
        self._recent.clear()
        self._had = 0.0
        if count != self._current:
            torch.set_num_threads(count)
            self._current = count


def _typical(steps: Collection[float]) -> float:
    """Return the mean without the slowest: one slow step says nothing, but of several a median would say nothing."""
    return (sum(steps) - max(steps)) / max(1, len(steps) - 1)
