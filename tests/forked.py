"""Server processes that begin where their modules are imported already: what most of their start takes.

Each is a process of its own, forked from one that has imported what a server needs and done nothing else. The tests of
the start itself run the program instead, and so do all tests on Windows.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

_PRELOADED = [
    "torch",
    "bridge_server.cli.main",
    "bridge_server.backends.mock.backend",
    "bridge_server.backends.service",
    "bridge_server.web.server",
]


class ForkedServer:
    """`python -m bridge_server` with these arguments, as subprocess.Popen has it."""

    def __init__(self, arguments: list[str], home: Path, output: Path, env: dict[str, str]) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOADED)
        self._process: BaseProcess = context.Process(target=_serve, args=(arguments, home, output, env))
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self.poll()

    def poll(self) -> int | None:
        """Return the exit status, or None as long as it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit status."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("bridge_server", timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self._process.kill()


def _serve(arguments: list[str], home: Path, output: Path, env: dict[str, str]) -> None:
    from bridge_server.cli import main

    opened = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(opened, 1)
    os.dup2(opened, 2)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(home)
    sys.argv = ["ganmnist-server", *arguments]
    sys.exit(main.main())
