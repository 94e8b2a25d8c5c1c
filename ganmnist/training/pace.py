"""What other programs cost a training: its pace beside them, and the pace that it could have. No torch.

What it could have is what it had on the same machine while that was quiet. Where it never was, that follows from the
processor time that a step takes on one thread, which neighbours hardly change.
"""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass

from pydantic import Field

from ganmnist.fields import Number, Settings, Whole
from ganmnist.training.budget import Budget
from ganmnist.training.processor import OtherPrograms

_WINDOW = 1.0  # seconds that are looked at together
_WINDOWS = 10  # of the pace that is told
_AFTER = 5.0  # seconds of a training before anything is said of it
_SURE = 3  # windows in a row, so that what comes and goes is not told of
_TWO_THREADS = 1.5  # times as quick as one on a quiet machine: fast 1.5, tutorial 1.65
_CLEARLY, _NEARLY = 0.8, 0.9  # of what is possible: below the one it is told, above the other no more
_NEWS = 0.25  # weight of what a window says beside those before
_SAME = (
    0.1  # figures that differ by less are not told anew, and what is possible, which is rougher, by half as much more
)


def about(count: int) -> int:
    """Return a count as it is said: to two digits."""
    return round(count, 1 - math.floor(math.log10(count))) if count else 0


class Slowdown(Settings):
    """What other programs on the machine cost a training."""

    others: Number = Field(description="Share of the machine's processor that other programs take, 0 to 1.")
    steps: Whole = Field(description="Steps of the whole training, by its pace now.")
    seconds: Number = Field(description="Time of the whole training, by its pace now.")
    possible_steps: Whole = Field(description="Steps that it could do in its budget with the machine to itself.")
    possible_seconds: Number = Field(description="Time that these would take.")
    over: bool = Field(False, description="Whether the training has ended, and this is what has become of it.")

    @property
    def factor(self) -> float:
        """How many times as long as it could a step takes."""
        return self.seconds / max(self.steps, 1) * max(self.possible_steps, 1) / self.possible_seconds

    @property
    def fewer(self) -> bool:
        """Whether it has clearly fewer steps, and not only more time for as many."""
        return self.steps < _NEARLY * self.possible_steps


@dataclass
class _Steps:
    """Steps that are looked at together."""

    count: int = 0
    seconds: float = 0.0
    had: float = 0.0  # processor time of the training's thread, seconds

    def add(self, seconds: float, had: float) -> None:
        self.count, self.seconds, self.had = self.count + 1, self.seconds + seconds, self.had + had


class Pace:
    """The pace of a training, told where other programs are why it is slow.

    Attributes:
        slowdown: What they cost now; None where they do not, or not much. It stays as it is while it is nearly right.
    """

    def __init__(self, budget: Budget, threads: int) -> None:
        """Begin to look.

        Args:
            budget: Of the training.
            threads: That the training may use.
        """
        self.slowdown: Slowdown | None = None
        self._budget, self._others, self._usable = budget, OtherPrograms(), threads
        self._last: tuple[float, float] | None = None  # end of the last step, and time this thread had until then
        self._window = _Steps()
        self._of_threads, self._settled = dict[int, _Steps](), dict[int, _Steps]()  # in the window, by their number
        self._crowded: deque[tuple[_Steps, float]] = deque(maxlen=_WINDOWS)  # with the share of others
        self._was_crowded, self._in_a_row = False, 0
        self._quiet_paces: dict[int, float] = {}  # of so many threads, seconds a step
        self._costs: dict[int, float] = {}  # likewise, time that the training's thread has in a step
        self._taken = self._seen = 0.0  # share times seconds, and seconds, of the whole training

    def step(self, step: int, seconds: float, threads: int, *, settled: bool = True) -> None:
        """Take note that a step has ended.

        Args:
            step: Its number.
            seconds: Time of the training, at its end.
            threads: That it had.
            settled: Nothing of our own was in its way: no trial of threads, no judge.
        """
        now = seconds, time.thread_time()
        if self._last is not None:
            took = now[0] - self._last[0], now[1] - self._last[1]
            self._window.add(*took)
            self._of_threads.setdefault(threads, _Steps()).add(*took)
            if settled:
                self._settled.setdefault(threads, _Steps()).add(*took)
        self._last = now
        if self._window.seconds >= _WINDOW:
            self._look()
            self._tell(step, seconds)
            self._window, self._of_threads, self._settled = _Steps(), {}, {}

    def at_end(self, step: int, seconds: float) -> Slowdown | None:
        """Return what other programs have cost a training that has used up its budget, if that was much."""
        possible = self._possible()
        if seconds < _AFTER or possible is None or not self._seen:
            return None
        told = self._slowdown(self._taken / self._seen, step, seconds, possible, over=True)
        costly = told.steps < _CLEARLY * told.possible_steps and self._others.crowd(self._usable, told.others)
        return told if costly else None

    def _look(self) -> None:
        share = self._others.share()
        if share is None:
            return
        window = self._window
        self._taken, self._seen = self._taken + share * window.seconds, self._seen + window.seconds
        crowded = self._others.crowd(self._usable, share)
        for threads, steps in self._of_threads.items():
            cost, before = steps.had / steps.count, self._costs.get(threads)
            dearer = before is not None and cost > before  # as neighbours, who share caches, can only make it
            self._costs[threads] = _blend(before, cost, _NEWS / 4 if dearer else _NEWS)
        for threads, steps in self._settled.items() if not crowded else ():
            self._quiet_paces[threads] = _blend(self._quiet_paces.get(threads), steps.seconds / steps.count, _NEWS)
        self._in_a_row = self._in_a_row + 1 if crowded is self._was_crowded else 1
        self._was_crowded = crowded
        if crowded and self._in_a_row > 1:  # in the first one they came
            self._crowded.append((window, share))
        elif self._in_a_row >= _SURE:
            self._crowded.clear()

    def _tell(self, step: int, seconds: float) -> None:
        possible = self._possible()
        if len(self._crowded) < _SURE or seconds < _AFTER or possible is None:
            self.slowdown = None
            return
        count = sum(window.count for window, _ in self._crowded)
        pace = sum(window.seconds for window, _ in self._crowded) / count
        if possible > (_NEARLY if self.slowdown else _CLEARLY) * pace:
            self.slowdown = None
            return
        steps, end = self._budget.at_end(step, seconds, pace)
        others = sum(share for _, share in self._crowded) / len(self._crowded)
        told = self._slowdown(others, steps, end, possible)
        if self.slowdown is None or not _nearly_the_same(self.slowdown, told):
            self.slowdown = told

    def _slowdown(self, others: float, steps: float, end: float, possible: float, *, over: bool = False) -> Slowdown:
        possible_steps, possible_end = self._budget.at_end(0, 0.0, possible)
        return Slowdown(
            others=others,
            steps=round(steps),
            seconds=end,
            possible_steps=round(possible_steps),
            possible_seconds=possible_end,
            over=over,
        )

    def _possible(self) -> float | None:
        """Return the seconds that a step would take with the machine to itself; None where that is not known yet."""
        if self._quiet_paces:
            return min(self._quiet_paces.values())
        if not self._costs:
            return None
        threads = min(self._costs)
        return self._costs[threads] / (_TWO_THREADS if threads == 1 < self._usable else 1.0)


def _blend(before: float | None, now: float, weight: float) -> float:
    return now if before is None else before + weight * (now - before)


def _nearly_the_same(told: Slowdown, now: Slowdown) -> bool:
    pairs = (
        (told.steps, now.steps, _SAME),
        (told.seconds, now.seconds, _SAME),
        (told.possible_steps, now.possible_steps, 1.5 * _SAME),
        (told.possible_seconds, now.possible_seconds, 1.5 * _SAME),
    )
    return abs(told.others - now.others) < 2 * _SAME and all(abs(a - b) <= same * b for a, b, same in pairs)
