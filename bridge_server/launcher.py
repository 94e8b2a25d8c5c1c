"""Starts training processes, one at a time, and judges how each ended."""

from __future__ import annotations

import logging
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

from bridge_server.contract import RunState
from bridge_server.runs import Record, RunStore
from bridge_server.worker import FAILURE, LOG, SETTINGS, Exit
from ganmnist.files import read_json, write_json

STOP_SECONDS = 4.0  # from the question to the kill
_RETRY_SECONDS = 1.0
_log = logging.getLogger("ganmnist.launcher")
# No window, and like the process group elsewhere: a Ctrl-C in the server's terminal does not reach the trainer.
if sys.platform == "win32":
    _FLAGS = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.BELOW_NORMAL_PRIORITY_CLASS
else:
    _FLAGS = 0
_RESUME = "Resume goes on from the last checkpoint."


class Outcome(NamedTuple):
    """How a training ended."""

    state: RunState
    reason: str | None = None
    problem: str | None = None


SERVER_STOPPED = Outcome(
    RunState.INTERRUPTED, "server_stopped", f"The server was stopped while the training was under way. {_RESUME}"
)


class _Trainer:
    """A training process under way."""

    def __init__(self, record: Record, folder: Path) -> None:
        self.id = record.id
        self.folder = folder
        self.asked: Outcome | None = None  # how it will have ended if it does what it is asked
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FAILURE).unlink(missing_ok=True)
        write_json(folder / SETTINGS, {"model": record.model, "settings": record.settings.model_dump(mode="json")})
        self._killed_for_memory = _oom_kills()
        with (folder / LOG).open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bridge_server.worker", str(folder)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                creationflags=_FLAGS,
                process_group=None if sys.platform == "win32" else 0,
            )

    def ask(self, outcome: Outcome) -> None:
        """Ask the process to end; kill it where it does not in time."""
        if self.asked is None:
            self.asked = outcome
            timer = threading.Timer(STOP_SECONDS, self._process.kill)
            timer.daemon = True  # the server need not wait for it
            timer.start()
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(b"stop\n")
            self._process.stdin.flush()
        except OSError:
            _log.info("trainer ended before it was asked", extra={"fields": {"run": self.id}})

    def wait(self) -> Outcome:
        code = self._process.wait()
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except OSError:
            _log.info("trainer left its orders unread", extra={"fields": {"run": self.id}})
        return judge(code, self.asked, self.folder, out_of_memory=_oom_kills() > self._killed_for_memory)


class Launcher:
    """Trains the queued runs one after the other, in a thread."""

    def __init__(self, runs: RunStore, models: Path) -> None:
        self._runs = runs
        self._models = models
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._trainer: _Trainer | None = None
        self._thread = threading.Thread(target=self._loop, name="launcher", daemon=True)

    def start(self) -> None:
        """Begin with the queue. Runs that a crash of the server left behind as running are interrupted first."""
        for record in self._runs.running():
            self._runs.move(record.id, RunState.RUNNING, *SERVER_STOPPED)
        self._thread.start()

    def wake(self) -> None:
        """Look at the queue again."""
        self._wake.set()

    def stop(self, id: str) -> None:
        """Stop a run, queued or running; it is final within 5 s. Others are left as they are."""
        with self._lock:
            if self._runs.move(id, RunState.QUEUED, RunState.STOPPED):
                return
            if self._trainer and self._trainer.id == id:
                self._trainer.ask(Outcome(RunState.STOPPED))

    def is_stopping(self, id: str) -> bool:
        trainer = self._trainer
        return trainer is not None and trainer.id == id and trainer.asked is not None

    def close(self) -> None:
        """Interrupt the training under way, so that it can go on after the next start."""
        self._closing.set()
        self._wake.set()
        with self._lock:
            if self._trainer:
                self._trainer.ask(SERVER_STOPPED)
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS + 2)

    def _loop(self) -> None:
        while not self._closing.is_set():
            self._wake.clear()
            try:
                waiting = self._runs.queue()
                if waiting:
                    self._train(waiting[0])
                else:
                    self._wake.wait()
            except (OSError, sqlite3.Error):  # a full disk, most likely: the queue must outlive it
                _log.exception("the queue is held up")
                self._closing.wait(_RETRY_SECONDS)

    def _train(self, record: Record) -> None:
        with self._lock:  # from here to the trainer nobody can ask for a stop in vain
            if self._closing.is_set() or not self._runs.move(record.id, RunState.QUEUED, RunState.RUNNING):
                return
            try:
                self._trainer = _Trainer(record, self._models / record.id)
            except OSError as error:
                outcome = Outcome(RunState.FAILED, "start", f"The training could not be started: {error}.")
                self._runs.move(record.id, RunState.RUNNING, *outcome)
                return
        outcome = self._trainer.wait()
        _log.info("run ended", extra={"fields": {"run": record.id, "state": outcome.state, "reason": outcome.reason}})
        self._settle(record.id, outcome)
        with self._lock:
            self._trainer = None

    def _settle(self, id: str, outcome: Outcome) -> None:
        while True:
            try:
                self._runs.move(id, RunState.RUNNING, *outcome)
                return
            except sqlite3.Error:
                _log.exception("a run's end cannot be stored")
                if self._closing.wait(_RETRY_SECONDS):
                    return  # the next start finds it running, and interrupts it


def judge(code: int, asked: Outcome | None, folder: Path, *, out_of_memory: bool) -> Outcome:
    """Tell how a training ended.

    Args:
        code: Exit status of its process, minus the signal where one ended it.
        asked: What it was asked to do, if anything.
        folder: Its folder, where it says why it failed.
        out_of_memory: Whether the system killed a process for its memory meanwhile.
    """
    if code == Exit.FINISHED:
        return Outcome(RunState.SUCCEEDED)
    if code == Exit.FAILED and (folder / FAILURE).exists():
        failure = read_json(folder / FAILURE)
        return Outcome(RunState.FAILED, failure["code"], failure["message"])
    if asked:
        return asked
    if code == Exit.DISK_FULL:
        return _interrupted("disk_full", "The disk is full. Make room, then resume.")
    if code == Exit.OUT_OF_MEMORY or (code == -_SIGKILL and out_of_memory):
        return _interrupted("out_of_memory", "The machine ran out of memory. Close other programs, then resume.")
    if code in _ENDED_BY_OTHERS:
        return _interrupted("killed", f"The training was killed by another program. {_RESUME}")
    return _interrupted("crashed", f"The training crashed (exit status {code}){_last_words(folder)}. {_RESUME}")


_SIGKILL = 9  # not in `signal` on Windows
_ENDED_BY_OTHERS = {Exit.SAVED, -_SIGKILL, -signal.SIGTERM, -signal.SIGINT}


def _interrupted(reason: str, problem: str) -> Outcome:
    return Outcome(RunState.INTERRUPTED, reason, problem)


def _last_words(folder: Path) -> str:
    lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"; its last words: {lines[-1][:200]}" if lines else ""


def _oom_kills() -> int:
    """Count the processes that Linux has killed for their memory since it started; 0 elsewhere."""
    if sys.platform != "linux":
        return 0
    try:
        with open("/proc/vmstat", encoding="ascii") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("oom_kill ")), 0)
    except OSError:
        return 0
