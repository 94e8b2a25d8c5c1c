"""Evaluations as the server shows them: made in the background one after the other, the newest ones kept."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from bridge_server.contract.evaluation import EXPLANATIONS, Evaluated, EvaluateRequest, EvaluationState
from bridge_server.errors import ApiError, Conflict
from ganmnist.errors import GanError
from ganmnist.models.figures import Evaluation
from ganmnist.models.manifest import Source
from ganmnist.names import OWNER

MAX_ACTIVE = 8  # evaluations that run or wait, minutes of one processor
MAX_THEIRS = 3  # of them, of one person's: the queue is everybody's
MAX_ENDED = 32  # evaluations that are remembered, a kilobyte each
RETRY_SECONDS = 5
_GOODBYE = 1.0  # seconds
_log = logging.getLogger("ganmnist.evaluations")

Report = Callable[[float], None]  # takes the fraction that is done; what it raises ends the work


class Figures(NamedTuple):
    """What an evaluation finds: the data set, the figures of the digits and of real images, and what they say."""

    data: str
    samples: Evaluation
    real_baseline: Evaluation
    explanations: dict[str, str] = EXPLANATIONS


Work = Callable[[Report], Figures]


class _Stopped(Exception):
    """Nobody wants to know any more."""


@dataclass
class _Job:
    """An evaluation: what it is of, who asked for it, what is told of it, and its work until that is taken up."""

    source: Source
    owner: str
    told: Evaluated
    work: Work | None

    def tell(self, **news: Any) -> None:
        self.told = self.told.model_copy(update=news)


class Evaluations:
    """The evaluations under way and those that have ended, oldest first, and the thread that makes them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: list[_Job] = []
        self._thread: threading.Thread | None = None

    def ask(self, request: EvaluateRequest, source: Source, work: Work, who: str = OWNER) -> Evaluated:
        """Say how far an evaluation is, and begin it unless it is under way or done.

        Args:
            request: What was asked for.
            source: The model as it is now.
            work: Finds its figures.
            who: Asks for it.

        Raises:
            Conflict: The evaluation of an earlier step is asked for and not remembered.
            ApiError: Too many are waiting.
        """
        with self._lock:
            job = self._find(request, source)
            if job is None:
                job = self._begin(request, source, work, who)
            return _named(job, source)

    def stop(self, request: EvaluateRequest, source: Source, who: str = OWNER) -> Evaluated:
        """End an evaluation, or leave it as it is if it has ended.

        Raises:
            Conflict: There is none.
            ApiError: Somebody else asked for it.
        """
        with self._lock:
            job = self._find(request, source)
            if job is None:
                raise Conflict(f"No evaluation of {source.model} with {request.count} digits is under way.")
            if who not in (job.owner, OWNER):
                raise ApiError(403, "role", f"{job.owner} asked for this evaluation: ask them to stop it.")
            self._stop(job)
            return _named(job, source)

    def close(self) -> None:
        """End all of them, and wait a moment for the thread."""
        with self._lock:
            for job in self._jobs:
                self._stop(job)
            thread = self._thread
        if thread:
            thread.join(_GOODBYE)

    def _find(self, request: EvaluateRequest, source: Source) -> _Job | None:
        """Return the newest job that a request is about; one that failed or was stopped only if it is named."""
        for job in reversed(self._jobs):
            if (job.source.model_id, job.told.count) != (source.model_id, request.count):
                continue
            state = job.told.state
            is_current = state is EvaluationState.READY and job.source.sha256 == source.sha256
            if request.step == job.told.step or (request.step is None and (state.is_active or is_current)):
                return job
        return None

    def _begin(self, request: EvaluateRequest, source: Source, work: Work, who: str) -> _Job:
        if request.step not in (None, source.step):
            raise Conflict(
                f"step: model {source.model} is at step {source.step} by now, and what it was at {request.step} is not "
                "remembered: leave step out"
            )
        active = [job.owner for job in self._jobs if job.told.state.is_active]
        theirs = MAX_ACTIVE if who == OWNER else MAX_THEIRS
        if len(active) >= MAX_ACTIVE or active.count(who) >= theirs:
            most = f"{MAX_ACTIVE} evaluations" if len(active) >= MAX_ACTIVE else f"{theirs} evaluations of {who}'s"
            message = f"{most} are under way or waiting, as many as there may be: ask again later."
            raise ApiError(429, "too_many_evaluations", message, headers={"Retry-After": str(RETRY_SECONDS)})
        told = Evaluated(
            state=EvaluationState.WAITING if active else EvaluationState.RUNNING,
            model=source.model,
            step=source.step,
            count=request.count,
            explanations=EXPLANATIONS,
        )
        self._jobs.append(_Job(source, who, told, work))
        ended = [job for job in self._jobs if not job.told.state.is_active]
        for job in ended[: max(0, len(ended) - MAX_ENDED)]:
            self._jobs.remove(job)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="evaluations", daemon=True)
            self._thread.start()
        return self._jobs[-1]

    def _stop(self, job: _Job) -> None:
        if job.told.state.is_active:
            job.work = None
            job.tell(state=EvaluationState.STOPPED)

    def _run(self) -> None:
        """Work off what is waiting: the thread, which ends where nothing is."""
        while True:
            with self._lock:
                job = next((job for job in self._jobs if job.work), None)
                if job is None:
                    self._thread = None
                    return
                work, job.work = job.work, None
                job.tell(state=EvaluationState.RUNNING)
            assert work is not None
            news = _carry_out(work, partial(self._report, job))
            del work  # the model in it
            with self._lock:
                if job.told.state is EvaluationState.RUNNING:
                    job.tell(**news)

    def _report(self, job: _Job, fraction: float) -> None:
        with self._lock:
            if job.told.state is not EvaluationState.RUNNING:
                raise _Stopped
            job.tell(percent=100.0 * fraction)


def _carry_out(work: Work, report: Report) -> dict[str, Any]:
    """Return what is to be told of an evaluation in the end."""
    try:
        found = work(report)
    except _Stopped:
        return {"state": EvaluationState.STOPPED}
    except (GanError, OSError) as error:
        return {"state": EvaluationState.FAILED, "problem": str(error)}
    except Exception as error:
        _log.exception("a model cannot be evaluated")
        return {"state": EvaluationState.FAILED, "problem": f"{type(error).__name__}: {error}"}
    return {"state": EvaluationState.READY, "percent": 100.0, **found._asdict()}


def _named(job: _Job, source: Source) -> Evaluated:
    return job.told.model_copy(update={"model": source.model})  # its name by now
