"""The progress of a run as a file: the training process appends lines, the server reads what is new."""

from __future__ import annotations

import os
import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from ganmnist.fields import Number, Settings, Whole
from ganmnist.training.pace import Slowdown

FILE = "progress.jsonl"
_TAIL = 4096  # bytes, in which there is at least one whole line


class Tick(Settings):
    """One line: where the training stands."""

    tick: Whole = 0
    epoch: Whole = 0
    step: Whole = 0
    percent: Number = 0.0
    seconds: Number = 0.0
    seconds_left: Number | None = None
    loss_d: Number | None = None  # none where it is not finite
    loss_g: Number | None = None
    frechet: Number | None = None  # none until the judge has spoken
    confident: Number | None = None
    preview: Whole = 0
    data: str | None = None
    note: str | None = None  # what it is doing in place of training
    problem: str | None = None  # what went wrong and was mended
    warnings: tuple[str, ...] = ()  # training diagnostics
    remarks: tuple[str, ...] = ()  # those of them that say nothing against the model
    slowdown: Slowdown | None = None  # by other programs


class TickWriter:
    """Appends ticks; goes on counting where an earlier process in the same folder was cut off.

    Safe to use from several threads.
    """

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        path = folder / FILE
        content = path.read_bytes() if path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        self.last = _last(whole)
        self._file = path.open("r+b" if path.exists() else "w+b")
        self._file.truncate(len(whole))  # a line that a crash cut in half
        self._file.seek(0, os.SEEK_END)

    def write(self, **changes: object) -> None:
        """Append a tick: the last one with `changes`. It is with the operating system when this returns."""
        with self._lock:
            self.last = Tick.model_validate({**self.last.model_dump(), **changes, "tick": self.last.tick + 1})
            self._file.write(self.last.model_dump_json(exclude_defaults=True).encode() + b"\n")
            self._file.flush()

    def extend(self, lines: bytes) -> None:
        """Append ticks that another writer has numbered, whole lines that go on where this one is."""
        with self._lock:
            self.last = _last(lines)
            self._file.write(lines)
            self._file.flush()


class TickReader:
    """The ticks of one run; reads only what was appended since it last looked. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._lock = threading.Lock()
        self._offset = 0
        self._ticks: list[Tick] = []

    def since(self, number: int) -> list[Tick]:
        """Return the ticks after `number`."""
        with self._lock:
            self._read()
            return self._ticks[bisect_right(self._ticks, number, key=lambda tick: tick.tick) :]

    def _read(self) -> None:
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                content = file.read()
        except OSError:  # not there yet, or not to be read, as `last_tick` says
            return
        whole = content[: content.rfind(b"\n") + 1]  # the last line may still be under way
        self._offset += len(whole)
        self._ticks.extend(_parse(whole.splitlines()))


def last_tick(folder: Path) -> Tick:
    """Return the newest tick of a run, or one of zeros, with a warning where the file cannot be read."""
    try:
        with (folder / FILE).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            content = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return Tick()
    except OSError as error:
        return Tick(warnings=(f"{folder / FILE} cannot be read ({error.strerror}), so how far this is is not known.",))
    return _last(content[: content.rfind(b"\n") + 1])


def _parse(lines: Iterable[bytes]) -> Iterator[Tick]:
    for line in lines:
        with suppress(ValidationError):  # a damaged line costs one point of a curve
            yield Tick.model_validate_json(line)


def _last(content: bytes) -> Tick:
    lines = content[-_TAIL:].splitlines()  # the first of these may be cut, the last is whole
    return next(_parse(reversed(lines)), Tick())
