"""What a node of a cluster does for a training: a folder of its own, the same worker there, and word of what changes.

Nothing in here knows which cluster that is. It lives in a process of the node, and is asked by one caller at a time.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from filelock import FileLock, Timeout

from bridge_server.runs import previews, progress
from bridge_server.runs.executors.base import Ended, Job
from bridge_server.runs.executors.local import LocalProcesses
from bridge_server.runs.protocol import FAILURE, LOG
from ganmnist import __version__, paths
from ganmnist.storage.bundle import MAX_MANIFEST

PIECE = 4 << 20  # bytes at most that are handed over at a time, either way
MANIFESTS = re.compile(r"(model|last|discriminator|checkpoints/step-\d+|film/step-\d+)\.json")
SMALL_FILES = {previews.FILE: 4 << 20, FAILURE: 64 << 10}  # bytes that each may have
_PREFIX = "ganmnist-node-"
_ABANDONED = 60.0  # seconds after which a folder is another's for certain, or nobody's
_LAST_SECONDS = 2.0  # for a killed process to be gone


class About(NamedTuple):
    """What has to be the same everywhere, and where a node is."""

    host: str
    ganmnist: str = __version__
    python: str = ".".join(platform.python_version_tuple()[:2])
    torch: str = version("torch")


class Piece(NamedTuple):
    """A part of a file for a node: its name in the data directory there, with /; `begins` where it is the first."""

    name: str
    content: bytes
    begins: bool = True


class Report(NamedTuple):
    """What has changed in a run's folder since the report before.

    Attributes:
        ended: How the worker ended, once it has; then nothing comes after this.
        ticks: Lines of progress, whole ones.
        log: What was written to the log.
        files: Small files that are new, by name.
        manifests: Manifests that are new, by name; the weights that they name have to be asked for.
        there: Names of all manifests that are there.
    """

    ended: Ended | None
    ticks: bytes
    log: bytes
    files: dict[str, bytes]
    manifests: dict[str, bytes]
    there: tuple[str, ...]


class Node:
    """A training on this machine.

    Args:
        id: Of the run.
    """

    def __init__(self, id: str) -> None:
        _remove_abandoned()
        self._home = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock = FileLock(_lock_of(self._home))
        self._lock.acquire()
        self._folder = self._home / "models" / id
        self._job: Job | None = None
        self._ended: Ended | None = None
        self._handed: dict[str, tuple[int, int, int]] = {}  # files as they were when they were handed over
        self._ticks = self._logged = 0  # bytes handed over

    def about(self) -> About:
        """Say what is installed here."""
        return About(socket.gethostname())

    def put(self, pieces: Iterable[Piece]) -> None:
        """Write what the training needs."""
        for piece in pieces:
            path = self._home / _checked(piece.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb" if piece.begins else "ab") as file:
                file.write(piece.content)

    def begin(self, data: str | None) -> None:
        """Start the worker.

        Args:
            data: Name of the folder or file with the images where no data set is named.
        """
        self._ticks = self._size(progress.FILE)
        for name in (*self._manifests(), *SMALL_FILES):
            self._handed[name] = _stamp(self._folder / name)
        environment = {name: value for name, value in os.environ.items() if name != paths.DATA}
        if data:
            environment[paths.DATA] = str(self._home / _checked(data))
        self._job = LocalProcesses(environment=environment).start(self._folder)
        threading.Thread(target=self._wait, args=[self._job], daemon=True).start()

    def look(self) -> Report:
        """Say what has changed."""
        ended = self._ended  # first: what an ended worker has left is all there
        ticks = self._tail(progress.FILE, self._ticks)
        ticks = ticks[: ticks.rfind(b"\n") + 1]
        log = self._tail(LOG, self._logged)
        there = tuple(self._manifests())
        limits = {**SMALL_FILES, **dict.fromkeys(there, MAX_MANIFEST)}
        changed = dict(self._changed(limits))
        self._ticks += len(ticks)
        self._logged += len(log)
        more = len(ticks) == PIECE or len(log) == PIECE
        return Report(
            None if more else ended,
            ticks,
            log,
            {name: content for name, content in changed.items() if name in SMALL_FILES},
            {name: content for name, content in changed.items() if name not in SMALL_FILES},
            there,
        )

    def read(self, name: str, offset: int) -> bytes:
        """Return the next part of weights; nothing at their end, or where newer ones have taken their place."""
        try:
            with (self._folder / _checked(name)).open("rb") as file:
                file.seek(offset)
                return file.read(PIECE)
        except FileNotFoundError:
            return b""

    def ask(self) -> None:
        """Ask the worker to save and end."""
        if self._job:
            self._job.ask()

    def close(self) -> None:
        """End the worker, and remove what it had here."""
        deadline = time.monotonic() + _LAST_SECONDS
        if self._job:
            self._job.kill()
            while self._ended is None and time.monotonic() < deadline:
                time.sleep(0.01)
        self._lock.release()
        shutil.rmtree(self._home, ignore_errors=True)
        _lock_of(self._home).unlink(missing_ok=True)

    def _wait(self, job: Job) -> None:
        self._ended = job.wait()

    def _manifests(self) -> list[str]:
        names = (path.relative_to(self._folder).as_posix() for path in self._folder.glob("**/*.json"))
        return sorted(name for name in names if MANIFESTS.fullmatch(name))

    def _changed(self, limits: dict[str, int]) -> Iterator[tuple[str, bytes]]:
        """Return the files that are others than when they were handed over, each whole and within its limit."""
        for name, most in limits.items():
            with suppress(FileNotFoundError):  # removed just now
                stamp = _stamp(self._folder / name)
                if self._handed.get(name) == stamp or stamp == _NOWHERE or stamp[2] > most:
                    continue
                yield name, (self._folder / name).read_bytes()
                self._handed[name] = stamp  # of it or of one before: then it is handed over once more

    def _tail(self, name: str, offset: int) -> bytes:
        try:
            with (self._folder / name).open("rb") as file:
                file.seek(offset)
                return file.read(PIECE)
        except FileNotFoundError:
            return b""

    def _size(self, name: str) -> int:
        return max(0, _stamp(self._folder / name)[2])


_NOWHERE = (0, 0, -1)


def _stamp(path: Path) -> tuple[int, int, int]:
    """Return what tells a file from the one whose place it takes."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return _NOWHERE
    return found.st_ino, found.st_mtime_ns, found.st_size


def _checked(name: str) -> PurePosixPath:
    """Return a name that leads nowhere else."""
    path = PurePosixPath(name)
    if path.is_absolute() or not {*path.parts}.isdisjoint({"..", ""}) or (sys.platform == "win32" and ":" in name):
        raise ValueError(f"{name} leads out of the folder")
    return path


def _lock_of(folder: Path) -> Path:
    """Return the lock that whoever uses a folder holds; beside it, since nothing that is open is removed on Windows."""
    return folder.with_name(f"{folder.name}.lock")


def _remove_abandoned() -> None:
    """Remove the folders of those that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError, Timeout):
            if folder.is_dir() and time.time() - folder.stat().st_mtime > _ABANDONED:
                with FileLock(_lock_of(folder)).acquire(timeout=0):
                    shutil.rmtree(folder, ignore_errors=True)
                _lock_of(folder).unlink(missing_ok=True)
