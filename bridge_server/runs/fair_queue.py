"""Whose training is next: the rule of the queue, as pure functions.

Fair queuing: owners take turns, and each has theirs trained in the order in which they were pressed (Nagle 1985, RFC
970, "Fairness in Packet Switching Systems": a queue for each source, served in round robin). So whoever floods the
queue keeps others waiting for one training and no more. Where several are trained at a time the owner who has the
fewest under way comes first, which shares the slots out as evenly as may be (max-min fairness); among equals the one
whose last training began longest ago.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple


class Waiting(NamedTuple):
    """A run that waits for its turn.

    Attributes:
        turn: Grows with every run that joins the queue.
        seconds: Estimate of the time that it will take; infinite where nobody knows.
    """

    id: str
    owner: str
    turn: int
    seconds: float = math.inf


class UnderWay(NamedTuple):
    """A run that is being trained, and an estimate of the seconds to its end; infinite where nobody knows."""

    owner: str
    seconds: float = math.inf


class Turn(NamedTuple):
    """When a run will begin: after so many seconds, infinite where that depends on one of which nobody knows."""

    id: str
    seconds: float


def next_run(waiting: Sequence[Waiting], under_way: Iterable[str], begun: Mapping[str, float]) -> Waiting:
    """Return whose turn it is.

    Args:
        waiting: The runs that wait, at least one.
        under_way: The owner of each run that is being trained.
        begun: When each owner's last training began, as a number that grows; owners who had none come first.
    """
    queues = _by_owner(waiting)
    return queues[_next_owner(queues, Counter(under_way), begun)][0]


def forecast(
    waiting: Sequence[Waiting], under_way: Sequence[UnderWay], begun: Mapping[str, float], slots: int
) -> list[Turn]:
    """Return the order in which the waiting runs will begin, and when, if nobody presses or stops anything.

    Args:
        waiting: The runs that wait.
        under_way: Those that are being trained, the first begun first.
        begun: As in `next_run`.
        slots: How many are trained at a time.
    """
    queues, busy, last = _by_owner(waiting), Counter(run.owner for run in under_way), dict(begun)
    ends = [(max(run.seconds, 0.0), begun_as, run.owner) for begun_as, run in enumerate(under_way)]
    heapq.heapify(ends)
    now, newest = 0.0, max(last.values(), default=0.0)
    turns = []
    while queues:
        while len(ends) >= slots:
            end, _, ended = heapq.heappop(ends)
            now = max(now, end)
            busy[ended] -= 1
        owner = _next_owner(queues, busy, last)
        run = queues[owner].popleft()
        if not queues[owner]:
            del queues[owner]
        turns.append(Turn(run.id, now))
        newest += 1
        last[owner] = newest
        busy[owner] += 1
        heapq.heappush(ends, (now + run.seconds, len(under_way) + len(turns), owner))
    return turns


def _by_owner(waiting: Iterable[Waiting]) -> dict[str, deque[Waiting]]:
    queues: dict[str, deque[Waiting]] = {}
    for run in sorted(waiting, key=lambda run: run.turn):
        queues.setdefault(run.owner, deque()).append(run)
    return queues


def _next_owner(queues: Mapping[str, deque[Waiting]], busy: Counter[str], begun: Mapping[str, float]) -> str:
    return min(queues, key=lambda owner: (busy[owner], begun.get(owner, 0.0), queues[owner][0].turn))
