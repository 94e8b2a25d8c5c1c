"""Has trainings carried out, as many at a time as there are slots, and judges how each ended."""

from __future__ import annotations

import logging
import signal
import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from bridge_server import errors
from bridge_server.contract.runs import RunState
from bridge_server.errors import ApiError
from bridge_server.runs import quotas
from bridge_server.runs.executors.base import Ended, Executor, Job
from bridge_server.runs.fair_queue import Waiting, next_run
from bridge_server.runs.protocol import FAILURE, LOG, SETTINGS, SIGKILL, Exit
from bridge_server.runs.store import Record, RunStore
from ganmnist.models.store import ModelStore
from ganmnist.remedies import UPDATE
from ganmnist.storage.atomic import read_json, write_json

STOP_SECONDS = 4.0  # from the question to the kill
_RETRY_SECONDS = 1.0
_log = logging.getLogger("ganmnist.launcher")
_RESUME = "Resume goes on from the last checkpoint."
_ANOTHER_DEVICE = "On the processor: ganmnist train --resume --model with its name, --device cpu."
ANOTHER_VERSION = f"Its settings are another version's: {UPDATE}, then resume."


class Outcome(NamedTuple):
    """How a training ended."""

    state: RunState
    reason: str | None = None
    problem: str | None = None


STOPPED = Outcome(RunState.STOPPED)
SERVER_STOPPED = Outcome(
    RunState.INTERRUPTED, "server_stopped", f"The server was stopped while the training was under way. {_RESUME}"
)
TIME_LIMIT = Outcome(
    RunState.INTERRUPTED,
    "time_limit",
    f"The training had {quotas.HOURS:g} hours at a stretch: others have their turn. {_RESUME}",
)
_DISK_FULL = Outcome(
    RunState.INTERRUPTED,
    "disk_full",
    f"The disk is full: a training leaves {quotas.ROOM // 1_000_000} MB free. Make room, then resume.",
)


class _Trainer:
    """A training, under way or ended."""

    def __init__(self, record: Record, folder: Path, executor: Executor) -> None:
        self.id = record.id
        self.owner = record.owner
        self.unstored: Outcome | None = None  # how it ended, as long as the store cannot take that
        self._folder = folder
        self._asked: Outcome | None = None  # how it will have ended if it does what it is asked
        self._ended = Ended(0)
        self._job: Job | None = None
        self._not_started: OSError | None = None
        if not record.readable:
            return
        try:
            _prepare(record, folder)
            self._job = executor.start(folder)
        except OSError as error:
            self._not_started = error

    def is_asked(self) -> bool:
        return self._asked is not None

    def ask(self, outcome: Outcome) -> None:
        """Ask the training to end; have it killed where it does not in time."""
        if self._asked is None and self._job:
            timer = threading.Timer(STOP_SECONDS, self._job.kill)
            timer.daemon = True  # the server need not wait for it
            timer.start()
        if self._asked is None or outcome is STOPPED:  # what a user asks outweighs the rest
            self._asked = outcome
        if self._job:
            self._job.ask()

    def wait(self) -> None:
        """Return when the training has ended."""
        if self._job:
            self._ended = self._job.wait()

    def outcome(self) -> Outcome:
        """Tell how the training ended; what it was asked until now counts."""
        if self._job is None:
            if self._asked:
                return self._asked
            if self._not_started is None:
                return _interrupted("version", ANOTHER_VERSION)
            if errors.is_full(self._not_started):
                return _DISK_FULL
            return _interrupted(
                "start", f"The training could not be started ({self._not_started}): see to that, then resume."
            )
        return judge(self._ended, self._asked, self._folder)


def _prepare(record: Record, folder: Path) -> None:
    """Write into a training's folder what it is, and whose."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FAILURE).unlink(missing_ok=True)
    ModelStore(folder.parents[1]).folder(record.id, record.model).give_to(record.owner)
    settings = {"model": record.model, "settings": record.settings.model_dump(mode="json")}
    write_json(folder / SETTINGS, settings)


class Launcher:
    """Trains the queued runs whose turn it is, one in each slot at a time. A thread per slot.

    Args:
        runs: The runs.
        models: The folder of the models' folders.
        slots: How many trainings may be under way at once.
        executor: Carries them out.
    """

    def __init__(self, runs: RunStore, models: Path, slots: int, executor: Executor) -> None:
        self._runs = runs
        self._executor = executor
        self._models = models
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._closing = threading.Event()
        self._trainers: dict[str, _Trainer] = {}  # by run, each until its end is stored
        self._threads = [
            threading.Thread(target=self._work, name=f"slot {number}", daemon=True) for number in range(1, slots + 1)
        ]

    def start(self) -> None:
        """Begin with the queue. Runs that a crash of the server left behind as running are interrupted first."""
        try:
            self._interrupt_orphans()
        except ApiError:
            _log.exception("orphans cannot be interrupted")  # the slots try again
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Look at the queue again."""
        with self._lock:
            self._changed.notify_all()

    def stop(self, id: str) -> None:
        """Stop a run, queued, running or interrupted; it is final within 5 s. Others are left as they are."""
        with self._lock:
            if trainer := self._trainers.get(id):
                trainer.ask(STOPPED)
            elif not self._runs.move(id, RunState.QUEUED, RunState.STOPPED):
                self._runs.move(id, RunState.INTERRUPTED, RunState.STOPPED)

    def is_stopping(self, id: str) -> bool:
        trainer = self._trainers.get(id)
        return trainer is not None and trainer.is_asked()

    def seen(self, record: Record) -> Record:
        """Return a record with what the store could not take yet: that its training was interrupted.

        On a full disk the user has to hear that it is full before the store can say so.
        """
        trainer = self._trainers.get(record.id)
        if trainer and trainer.unstored:
            state, reason, problem = trainer.unstored
            return replace(record, state=state, reason=reason, problem=problem)
        return record

    def close(self) -> None:
        """Interrupt the trainings under way, so that they can go on after the next start."""
        self._closing.set()
        with self._lock:
            for trainer in self._trainers.values():
                trainer.ask(SERVER_STOPPED)
            self._changed.notify_all()
        ends = time.monotonic() + STOP_SECONDS + 2
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, ends - time.monotonic()))

    def _work(self) -> None:
        """Train one run after the other: the thread of a slot."""
        while not self._closing.is_set():
            try:
                if trainer := self._begin_next():
                    self._see_through(trainer)
            except Exception:  # whatever it is, the queue must outlive it
                _log.exception("the queue is held up")
                self._closing.wait(_RETRY_SECONDS)

    def _begin_next(self) -> _Trainer | None:
        """Wait until a run has its turn, and begin its training; None where the server ends."""
        with self._lock:  # from the choice to the trainer nobody can ask for a stop in vain
            while not self._closing.is_set():
                self._interrupt_orphans()
                if not (queued := self._runs.queue()):
                    self._changed.wait()
                    continue
                waiting = [Waiting(record.id, record.owner, record.turn) for record in queued]
                under_way = [trainer.owner for trainer in self._trainers.values()]
                id = next_run(waiting, under_way, self._runs.last_begun()).id
                if self._runs.move(id, RunState.QUEUED, RunState.RUNNING):
                    self._trainers[id] = _Trainer(self._runs.get(id), self._models / id, self._executor)
                    return self._trainers[id]
        return None

    def _interrupt_orphans(self) -> None:
        """Interrupt what is called running while nobody trains it."""
        for record in self._runs.running():
            if record.id not in self._trainers:
                self._runs.move(record.id, RunState.RUNNING, *SERVER_STOPPED)

    def _see_through(self, trainer: _Trainer) -> None:
        """Wait for the end of a training, and store it."""
        alarm = threading.Timer(quotas.HOURS * 3600, self._end, [trainer])
        alarm.daemon = True
        alarm.start()
        try:
            try:
                trainer.wait()
            finally:
                alarm.cancel()
            while not self._settle(trainer):
                if self._closing.wait(_RETRY_SECONDS):
                    return  # the next start finds it running, and interrupts it
        finally:
            with self._lock:
                self._trainers.pop(trainer.id, None)

    def _end(self, trainer: _Trainer) -> None:
        with self._lock:
            trainer.ask(TIME_LIMIT)

    def _settle(self, trainer: _Trainer) -> bool:
        """Store how a training ended, and tell whether that could be done."""
        with self._lock:  # a press of Stop comes before this, and counts, or finds the run ended
            outcome = trainer.outcome()
            try:
                self._runs.move(trainer.id, RunState.RUNNING, *outcome)
            except (ApiError, sqlite3.Error):
                _log.exception("a run's end cannot be stored")
                # What is final is not said before it is stored: a crash would take it back.
                trainer.unstored = outcome if outcome.state is RunState.INTERRUPTED else None
                return False
            del self._trainers[trainer.id]
        fields = {"run": trainer.id, "state": outcome.state, "reason": outcome.reason}
        _log.info("run ended", extra={"fields": fields})
        return True


def judge(ended: Ended, asked: Outcome | None, folder: Path) -> Outcome:
    """Tell how a training ended.

    Args:
        ended: How its process did.
        asked: What it was asked to do, if anything.
        folder: Its folder, where it says why it failed.
    """
    code = ended.code
    if code == Exit.FINISHED:
        return Outcome(RunState.SUCCEEDED)
    if code == Exit.FAILED and (failure := _failure(folder)):
        return Outcome(RunState.FAILED, *failure)
    if asked:
        return asked
    if code == Exit.DISK_FULL:
        return _DISK_FULL
    if code == Exit.NODE:
        reason, problem = _failure(folder) or ("node", f"The cluster has failed{_last_words(folder)}.")
        return _interrupted(reason, f"{problem} {_RESUME}")
    if code == Exit.FILES:
        reason, problem = _failure(folder) or ("files", f"A file could not be read or written{_last_words(folder)}.")
        return _interrupted(reason, f"{problem} See to that; {_RESUME[0].lower()}{_RESUME[1:]}")
    if code == Exit.DEVICE:
        reason, problem = _failure(folder) or ("device", f"The device has failed{_last_words(folder)}.")
        return _interrupted(reason, f"{problem.rstrip('.')}. {_RESUME} {_ANOTHER_DEVICE}")
    if code == Exit.OUT_OF_MEMORY or ended.out_of_memory:
        return _interrupted("out_of_memory", "The machine ran out of memory. Close other programs, then resume.")
    if code in _ENDED_BY_OTHERS:
        return _interrupted("killed", f"The training was killed by another program. {_RESUME}")
    return _interrupted("crashed", f"The training crashed (exit status {code}){_last_words(folder)}. {_RESUME}")


_ENDED_BY_OTHERS = {Exit.SAVED, -SIGKILL, -signal.SIGTERM, -signal.SIGINT}


def _interrupted(reason: str, problem: str) -> Outcome:
    return Outcome(RunState.INTERRUPTED, reason, problem)


def _failure(folder: Path) -> tuple[str, str] | None:
    """Return what a training said of its failure, if it could say that: a code and a sentence."""
    try:
        failure = read_json(folder / FAILURE)
        return str(failure["code"]), str(failure["message"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _last_words(folder: Path) -> str:
    try:
        lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return f"; its last words: {lines[-1][:200]}" if lines else ""
