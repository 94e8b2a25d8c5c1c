"""Trainings as processes of this machine."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from bridge_server.runs.executors.base import Ended
from bridge_server.runs.protocol import LOG, SIGKILL

WORKER = "bridge_server.runs.worker"
_log = logging.getLogger("ganmnist.executor")
# No window, and like the process group elsewhere: a Ctrl-C in the server's terminal does not reach the trainer.
if sys.platform == "win32":
    _FLAGS = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.BELOW_NORMAL_PRIORITY_CLASS
else:
    _FLAGS = 0


class LocalProcesses:
    """Starts a process for each training: `python -m PROGRAM ARGUMENTS FOLDER`, which writes into the folder's log.

    Args:
        program: A module that trains as `bridge_server.runs.worker` does, or has it done.
        arguments: What it is told before the folder.
        environment: Its environment variables, this process's unless given.
    """

    def __init__(self, program: str = WORKER, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self._environment = environment
        self._command = [sys.executable, "-m", program, *arguments]
        self._lock = threading.Lock()
        self._under_way: set[_Process] = set()

    def start(self, folder: Path) -> _Process:
        """Start a process, as `Executor.start`."""
        killed = _oom_kills()
        with (folder / LOG).open("wb") as log:
            process = subprocess.Popen(
                [*self._command, str(folder)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                creationflags=_FLAGS,
                process_group=None if sys.platform == "win32" else 0,
            )
        job = _Process(self, process, folder.name, killed)
        with self._lock:
            self._under_way.add(job)
        return job

    def ended(self, job: _Process, code: int) -> Ended:
        """Take note that a process has ended, and tell it from the others whose end that may have been."""
        with self._lock:
            self._under_way.discard(job)
            out_of_memory = code == -SIGKILL and _oom_kills() > job.killed_before
            if out_of_memory:
                for other in self._under_way:
                    other.killed_before += 1
        return Ended(code, out_of_memory)


class _Process:
    """A training process and the pipe to it."""

    def __init__(self, executor: LocalProcesses, process: subprocess.Popen[bytes], id: str, killed_before: int) -> None:
        self.killed_before = killed_before  # processes for their memory, by the system, and none of them this one
        self.kill = process.kill
        self._executor, self._process, self._id = executor, process, id

    def ask(self) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(b"stop\n")
            self._process.stdin.flush()
        except (OSError, ValueError):  # a pipe without a reader, or closed on this side
            _log.info("trainer ended before it was asked", extra={"fields": {"run": self._id}})

    def wait(self) -> Ended:
        assert self._process.stdin is not None
        code = self._process.wait()
        try:
            self._process.stdin.close()
        except OSError:
            _log.info("trainer left its orders unread", extra={"fields": {"run": self._id}})
        return self._executor.ended(self, code)


def _oom_kills() -> int:
    """Count the processes that Linux has killed for their memory since it started; 0 elsewhere."""
    if sys.platform != "linux":
        return 0
    try:
        with open("/proc/vmstat", encoding="ascii") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("oom_kill ")), 0)
    except OSError:
        return 0
