"""An index of the models on disk, so that one is found by its name, and a page of them listed, however many there are.

The folders are the truth. The index is a memory of them that all processes share, a small database beside their folder
that may be thrown away at any time: what it says is compared with the manifest before it is believed, so it may lead to
nothing, but never to a wrong model. Whoever gives or takes a name says so before (`begin`) and after (`note`). Whoever
dies in between leaves a row that is marked, and marked rows are read from their folders.

What changes the folders without a word, another program or an older version, is found by looking through all of them:
when a store is first used, before somebody is told that there is no such model, and now and then behind a list.

Rows are numbered as models arrive. Their order is that of the list, whatever a clock or a manifest says.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
import threading
import time
import weakref
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ganmnist.errors import ModelError
from ganmnist.models.manifest import ModelManifest, not_later, now
from ganmnist.storage.sqlite_file import is_damage, validate_pages

T = TypeVar("T")
MANIFEST = "model.json"
_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS models (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT COLLATE NOCASE,
    sha256 TEXT,
    finished INTEGER,
    problem TEXT,
    stamp TEXT NOT NULL,
    changing INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS by_name ON models (name);
CREATE INDEX IF NOT EXISTS by_weights ON models (sha256);
CREATE INDEX IF NOT EXISTS cut_short ON models (number) WHERE finished = 0;
CREATE INDEX IF NOT EXISTS marked ON models (number) WHERE changing = 1;
CREATE INDEX IF NOT EXISTS damaged ON models (number) WHERE problem IS NOT NULL;
COMMIT;
"""
_COLUMNS = "id, name, sha256, finished, problem, stamp, changing"
_STORE = f"""
INSERT INTO models ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, 0)
ON CONFLICT (id) DO UPDATE SET name = coalesce(excluded.name, name), sha256 = excluded.sha256,
    finished = excluded.finished, problem = excluded.problem, stamp = excluded.stamp, changing = 0
"""
_FIND = """
SELECT number, id, changing FROM models WHERE name = ? UNION
SELECT number, id, changing FROM models WHERE changing = 1 ORDER BY number DESC
"""
_ROW = f"SELECT {_COLUMNS} FROM models WHERE id = ?"
_DAMAGE = """
SELECT id, name, problem FROM models WHERE problem IS NOT NULL AND (?1 IS NULL OR name = ?1 OR id = ?1)
ORDER BY number DESC LIMIT ?2
"""
_QUICK = 0.005  # seconds that a look through all folders may take at any time
_BEFORE_A_REFUSAL = 20  # a longer one is followed by a pause of so many times its length ...
_BEHIND_A_LIST = 100  # ... and behind a list of so many
_NEVER = float("-inf")
_GIVEN_UP = 2  # failures of the file, after which memory has to do
_log = logging.getLogger("ganmnist.index")


class Damage(NamedTuple):
    """A model that cannot be read: its folder, its name if that is known, and why."""

    folder: Path
    name: str | None
    problem: str


class _Entry(NamedTuple):
    """What a row says of a folder."""

    id: str
    name: str | None
    sha256: str | None
    finished: int | None
    problem: str | None
    stamp: str  # of the manifest's file as it was read, and a checksum of what stands before
    changing: int = 0


class ModelIndex:
    """Where models are, by name, by weights and in the order in which they came. Safe to use from several threads.

    Args:
        folder: The folder of their folders.
        read: Reads the manifest in one of these, or raises ModelError.
    """

    def __init__(self, folder: Path, read: Callable[[Path], ModelManifest]) -> None:
        self._folder = folder
        self._file = folder.with_name(f"{folder.name}.sqlite")
        self._read = read
        self._lock = threading.RLock()
        self._database: sqlite3.Connection | None = None
        self._failures = 0  # of the file: a damaged one is made anew once, then memory has to do
        self._sweeping = threading.Lock()
        self._swept_at, self._took = _NEVER, 0.0

    def close(self) -> None:
        """Let go of the file; it is opened again when it is needed."""
        with self._lock:
            if self._database:
                self._database.close()
            self._database = None

    def find(self, name: str) -> ModelManifest | None:
        """Return the model of a name, the newest if several have it; None if the index leads to none."""
        for _, id, changing in self._ask(_FIND, name):
            manifest = self._manifest(id)
            if manifest and manifest.name.lower() == name.lower():
                return manifest
            if not changing:
                self._correct(id)
        return None

    def of_weights(self, sha256: str) -> list[ModelManifest]:
        """Return the models of which these are the weights."""
        rows = self._ask("SELECT id FROM models WHERE sha256 = ? ORDER BY number DESC", sha256)
        return [found for (id,) in rows if (found := self._manifest(id)) and found.sha256 == sha256]

    def page(self, after: int, limit: int, *, cut_short: bool = False) -> tuple[list[ModelManifest], int]:
        """Return some models, newest first, and the number that leads to the next page: 0 on the last.

        Args:
            after: The number that came with the page before; 0 for the first page.
            limit: How many, at most.
            cut_short: Only those whose training is not finished.
        """
        which = f"FROM models WHERE number < ? AND problem IS NULL{' AND finished = 0' if cut_short else ''}"
        found: list[ModelManifest] = []
        last = after or sys.maxsize
        while len(found) < limit:
            rows = self._ask(f"SELECT number, id {which} ORDER BY number DESC LIMIT ?", last, limit - len(found))
            if not rows:
                return found, 0
            for number, id in rows:
                last = number
                manifest = self._manifest(id)
                if manifest and not (cut_short and manifest.finished):
                    found.append(manifest)
                else:
                    self._correct(id)
        return found, last if self._ask(f"SELECT 1 {which} LIMIT 1", last) else 0

    def count(self) -> int:
        """Return how many models there are that can be read."""
        return self._number("SELECT count(*) FROM models") - self._number(
            "SELECT count(*) FROM models WHERE problem IS NOT NULL"
        )

    def names(self, stem: str) -> set[str]:
        """Return, in small letters, the names that begin with `stem`."""
        after = stem[:-1] + chr(ord(stem[-1]) + 1)
        return {
            name for (name,) in self._ask("SELECT lower(name) FROM models WHERE name >= ? AND name < ?", stem, after)
        }

    def damage(self, limit: int, name: str | None = None) -> tuple[list[Damage], int]:
        """Return some models that cannot be read by now, newest first, and how many there are.

        Args:
            limit: How many, at most.
            name: Only those of that name, or in a folder of that name: not of each is it known what it was called.
        """
        for id, *_ in self._ask(_DAMAGE, name, limit):
            self._correct(id)
        found = [Damage(self._folder / id, name, problem) for id, name, problem in self._ask(_DAMAGE, name, limit)]
        return found, self._number("SELECT count(*) FROM models WHERE problem IS NOT NULL")

    def begin(self, id: str, name: str) -> None:
        """Say that a folder is about to have a model of that name, or to lose its model."""
        mark = (
            "INSERT INTO models (id, name, stamp, changing) VALUES (?, ?, '', 1) "
            "ON CONFLICT (id) DO UPDATE SET changing = 1"
        )
        self._ask(mark, id, name)

    def note(self, id: str) -> None:
        """Remember what a folder holds now, after it was changed."""
        entry, _ = self._entry(id)
        if entry:
            self._ask(_STORE, *entry[:6])
        else:
            self._ask("DELETE FROM models WHERE id = ?", id)

    def refresh(self, *, listed: bool = False, at_once: bool = False) -> None:
        """Look through all folders, if that has not been done for a while; behind a list, who lists does not wait.

        At once, however long that takes, before a name is given: it must not be another's.

        Whoever calls this before saying that there is no such model holds the lock under which names are given, so that
        nobody else is in the midst of that: what is still marked was left by somebody who died.
        """
        if not listed:
            for (id,) in self._ask("SELECT id FROM models WHERE changing = 1"):
                self.note(id)
        pause = self._took * (_BEHIND_A_LIST if listed else _BEFORE_A_REFUSAL) if self._took > _QUICK else 0.0
        if at_once or (not listed and self._is_alone()):
            pause = 0.0  # nobody can have told this index, however long a look takes
        if time.monotonic() < self._swept_at + pause:
            return
        if listed and pause:
            threading.Thread(target=self._sweep, name="index", daemon=True).start()
        else:
            self._sweep()

    def _sweep(self) -> None:
        if self._sweeping.acquire(blocking=False):
            try:
                self._retried(self._look_through)
            finally:
                self._sweeping.release()

    def _look_through(self) -> None:
        """Compare every folder with its row, and read those that differ."""
        began = time.monotonic()
        try:
            there = self._stamps()
        except OSError as error:  # which may pass: what is known is better than nothing
            _log.warning("%s cannot be read (%s)", self._folder, error)
            self._swept_at = began
            return
        known = {row[0]: _Entry(*row) for row in self._run(f"SELECT {_COLUMNS} FROM models")}
        other = [id for id, stamp in there.items() if id not in known or not _agrees(known[id], stamp)]
        read = [(created, entry) for entry, created in map(self._entry, other) if entry]
        read.sort(key=lambda pair: (pair[0], pair[1].id))  # they came in that order, as far as anybody knows
        gone = known.keys() - there.keys()
        found = [
            *((id, known[id], None) for id in gone),
            *((entry.id, known.get(entry.id), entry) for _, entry in read),
        ]
        if found:
            self._replace(found)
        self._swept_at = time.monotonic()
        self._took = self._swept_at - began

    def _correct(self, id: str) -> None:
        """Read a folder anew of which the index says what is not so."""

        def correct() -> None:
            rows = self._run(_ROW, id)
            known = _Entry(*rows[0]) if rows else None
            entry, _ = self._entry(id)
            if entry is None or known is None or known != entry._replace(name=entry.name or known.name):
                self._replace([(id, known, entry)])

        self._retried(correct)

    def _replace(self, found: Sequence[tuple[str, _Entry | None, _Entry | None]]) -> None:
        """Put what was found of folders in place of what was known, but for what somebody else has said meanwhile."""
        with self._lock:
            try:
                self._run("BEGIN IMMEDIATE")
                for id, known, entry in found:
                    if (known and known.changing) or self._run(_ROW, id) != ([known] if known else []):
                        continue
                    if entry:
                        self._run(_STORE, *entry[:6])
                    else:
                        self._run("DELETE FROM models WHERE id = ?", id)
                self._run("COMMIT")
            except BaseException:
                self.close()  # which rolls back
                raise

    def _stamps(self) -> dict[str, str]:
        """Return the stamp of every manifest, by the name of its folder.

        Raises:
            OSError: The folder of the folders cannot be read.
        """
        found = {}
        with suppress(FileNotFoundError), os.scandir(self._folder) as folders:
            for folder in folders:
                if not folder.name.startswith("."):
                    with suppress(FileNotFoundError, NotADirectoryError):
                        found[folder.name] = _stamp(f"{folder.path}/{MANIFEST}")
        return found

    def _entry(self, id: str) -> tuple[_Entry | None, str]:
        """Read a folder. Returns None where there is no model; and when it came to be, no later than now."""
        try:
            stamp = _stamp(str(self._folder / id / MANIFEST))
        except (FileNotFoundError, NotADirectoryError):
            return None, ""
        try:
            found = self._read(self._folder / id)
        except ModelError as error:
            return _Entry(id, None, None, None, str(error), stamp), ""
        entry = _Entry(id, found.name, found.sha256, int(found.finished), None, "")
        return entry._replace(stamp=f"{stamp} {_checksum(entry)}"), not_later(found.created, now())

    def _manifest(self, id: str) -> ModelManifest | None:
        try:
            return self._read(self._folder / id)
        except ModelError:
            return None

    def _number(self, query: str) -> int:
        ((number,),) = self._ask(query)
        return int(number)

    def _ask(self, query: str, *values: object) -> list[Any]:
        """Do something with the database, which by then knows all folders."""

        def ask() -> list[Any]:
            if self._swept_at == _NEVER:
                with self._sweeping:
                    if self._swept_at == _NEVER:
                        self._look_through()
            return self._run(query, *values)

        return self._retried(ask)

    def _retried(self, work: Callable[[], T]) -> T:
        """Do something, once more after the database has failed: with a new one, or with one in memory."""
        while True:
            try:
                return work()
            except (sqlite3.Error, UnicodeDecodeError) as error:
                with self._lock:
                    self.close()
                    self._failures += 1
                    if self._failures > 4:
                        raise
                    _log.warning("%s cannot be used (%s)", self._file, error)
                    if is_damage(error) and self._failures == 1:
                        with suppress(OSError):
                            self._file.unlink(missing_ok=True)  # nothing is lost with it
                    else:
                        self._failures = max(_GIVEN_UP, self._failures)
                    self._swept_at = _NEVER

    def _is_alone(self) -> bool:
        """Tell whether this index is in memory, where other processes cannot say what they change."""
        return self._failures >= _GIVEN_UP

    def _run(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            if self._database is None:
                self._database = self._open()
            return self._database.execute(query, values).fetchall()

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(
            ":memory:" if self._is_alone() else self._file, isolation_level=None, check_same_thread=False
        )
        weakref.finalize(self, database.close)
        # The folders are the truth, so that a power failure may cost the newest rows. Its journal stays, emptied.
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA journal_mode = TRUNCATE")
        database.executescript(_SCHEMA)
        try:
            validate_pages(database)
        except sqlite3.Error:
            database.close()
            raise
        return database


def _stamp(path: str) -> str:
    """Return what tells one version of a file from another, as far as a look from outside can.

    Raises:
        FileNotFoundError, NotADirectoryError: There is none.
    """
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError:
        return "-"  # what is wrong with it is said when it is read
    return f"{found.st_mtime_ns} {found.st_size} {found.st_ino}"


def _agrees(entry: _Entry, stamp: str) -> bool:
    return entry.problem is None and not entry.changing and entry.stamp == f"{stamp} {_checksum(entry)}"


def _checksum(entry: _Entry) -> int:
    return zlib.crc32(repr(entry[:5]).encode())
