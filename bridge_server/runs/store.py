"""The runs: which states follow which, and the store that remembers them through every crash.

SQLite keeps it honest between threads and over restarts: every move is a compare-and-set, and two unique indexes make a
press of Train idempotent. Journal mode DELETE with full sync is the slowest and the safest; a run moves four times.
SQLite does not notice a flipped byte: every row carries its checksum, and the file is copied after every change, so
that a damaged one can be set aside and its copy used.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bridge_server.contract.runs import RunState
from bridge_server.errors import ApiError, Conflict
from ganmnist.config import TrainConfig
from ganmnist.storage.atomic import write_atomic

MOVES: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.STOPPED}),
    RunState.RUNNING: frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.STOPPED, RunState.INTERRUPTED}),
    RunState.INTERRUPTED: frozenset({RunState.QUEUED, RunState.STOPPED}),
    RunState.SUCCEEDED: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.STOPPED: frozenset(),
}
FINAL = frozenset(state for state, after in MOVES.items() if not after)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY,
    model TEXT NOT NULL COLLATE NOCASE,
    state TEXT NOT NULL,
    settings TEXT NOT NULL,
    key TEXT,
    created TEXT NOT NULL,
    turn INTEGER NOT NULL,
    reason TEXT,
    problem TEXT,
    checksum TEXT
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS one_run_per_key ON runs (key) WHERE key IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS one_active_run_per_model ON runs (model) WHERE state IN ('queued', 'running');
"""
_COLUMNS = "id, model, state, settings, created, turn, reason, problem"
_CHECKSUM = f"checksum({_COLUMNS}, key)"
_PAGE = 512  # bytes, the smallest there is
# What a flipped byte leads to: a column of another name, pages that do not fit, a file only to be read, no database.
_DAMAGED = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOTADB}
_log = logging.getLogger("ganmnist.runs")


@dataclass(frozen=True)
class Record:
    """What the store knows of a run.

    Attributes:
        turn: Grows with every run that joins the queue; the smallest is trained next.
    """

    id: str
    model: str
    state: RunState
    settings: TrainConfig
    created: str
    turn: int
    reason: str | None
    problem: str | None


class RunStore:
    """All runs, in one SQLite file. Safe to use from several threads.

    What changes something raises ApiError where it cannot be stored, as on a full disk; then nothing has changed.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._copy = path.with_suffix(".copy.sqlite")
        self._database = _open(path, self._copy)

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def add(
        self, model: str | None, settings: TrainConfig, key: str | None, free_name: Callable[[set[str]], str]
    ) -> tuple[Record, bool]:
        """Queue a new run, unless it is there: the run of the same key, or the active run of the same model.

        Args:
            model: Name of the model; `free_name` chooses one that is not among the names it is given unless said.
            settings: What to train.
            key: Idempotency key.

        Returns:
            The run, and whether it is new.

        Raises:
            Conflict: Under a key, other settings than those of the active run of the same model.
        """
        with self._transaction():
            found = self._one("key = ?", key) if key is not None else None
            if found is None and model is not None:
                found = self._one("model = ? AND state IN ('queued', 'running')", model)
                if found is not None and key is not None and found.settings != settings:
                    raise Conflict(
                        f"Model {found.model} is being trained already, with other settings: wait for it, stop it, or "
                        "choose another name."
                    )
            if found is not None:
                return found, False
            record = Record(
                id=secrets.token_hex(8),
                model=model or free_name(self._names()),
                state=RunState.QUEUED,
                settings=settings,
                created=datetime.now(UTC).isoformat(timespec="milliseconds"),
                turn=self._next_turn(),
                reason=None,
                problem=None,
            )
            self._database.execute(
                f"INSERT INTO runs ({_COLUMNS}, key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    record.id,
                    record.model,
                    record.state,
                    settings.model_dump_json(),
                    record.created,
                    record.turn,
                    None,
                    None,
                    key,
                ),
            )
            self._seal(record.id)
            return record, True

    def move(
        self, id: str, before: RunState, after: RunState, reason: str | None = None, problem: str | None = None
    ) -> bool:
        """Change a run's state if it still is what the caller believes, and tell whether it was."""
        if after not in MOVES[before]:
            raise ValueError(f"a run cannot go from {before} to {after}")
        with self._transaction():
            moved = self._database.execute(
                "UPDATE runs SET state = ?, reason = ?, problem = ? WHERE id = ? AND state = ?",
                (after, reason, problem, id, before),
            )
            self._seal(id)
            return moved.rowcount == 1

    def requeue(self, id: str, model: str) -> None:
        """Queue an interrupted run again, behind those that wait.

        Args:
            id: The run.
            model: The name that its model has by now.

        Raises:
            Conflict: It is not interrupted, or another run trains a model of that name.
        """
        with self._transaction():
            record = self.get(id)
            if RunState.QUEUED not in MOVES[record.state]:
                raise Conflict(f"Run {id} is {record.state}: only an interrupted run can go on.")
            try:
                self._database.execute(
                    "UPDATE runs SET state = ?, model = ?, turn = ?, reason = NULL, problem = NULL WHERE id = ?",
                    (RunState.QUEUED, model, self._next_turn(), id),
                )
            except sqlite3.IntegrityError:
                raise Conflict(f"Another run is training the model {model}: wait for it, or stop it first.") from None
            self._seal(id)

    def get(self, id: str) -> Record:
        """Return one run.

        Raises:
            ApiError: There is none of that id.
        """
        with self._lock:
            record = self._one("id = ?", id)
        if record is None:
            raise ApiError(404, "run_not_found", f"There is no run {id}.")
        return record

    def all(self) -> list[Record]:
        """Return all runs, newest first, whatever the clock said when they were made."""
        return self._select("1 ORDER BY rowid DESC")

    def is_active(self, id: str) -> bool:
        """Tell whether a run is queued or running. False if there is none of that id."""
        with self._lock:
            record = self._one("id = ?", id)
        return record is not None and record.state.is_active

    def queue(self) -> list[Record]:
        """Return the queued runs, the next one first."""
        return self._select("state = 'queued' ORDER BY turn")

    def running(self) -> list[Record]:
        """Return the runs that are under way: one at most, but for what a crash left behind."""
        return self._select("state = 'running' ORDER BY turn")

    def _names(self) -> set[str]:
        """Return the names that runs have taken and models perhaps not yet, in lower case."""
        rows = self._database.execute("SELECT model FROM runs WHERE state IN ('queued', 'running', 'interrupted')")
        return {name.lower() for (name,) in rows}

    def _next_turn(self) -> int:
        (turn,) = self._database.execute("SELECT coalesce(max(turn), 0) + 1 FROM runs").fetchone()
        return int(turn)

    def _one(self, where: str, *values: str) -> Record | None:
        return next(iter(self._select(where, *values)), None)

    def _select(self, where: str, *values: str) -> list[Record]:
        with self._lock:
            rows = self._database.execute(f"SELECT {_COLUMNS} FROM runs WHERE {where}", values).fetchall()
        return [
            Record(
                id, model, RunState(state), TrainConfig.model_validate_json(settings), created, turn, reason, problem
            )
            for id, model, state, settings, created, turn, reason, problem in rows
        ]

    def _seal(self, id: str) -> None:
        self._database.execute(f"UPDATE runs SET checksum = {_CHECKSUM} WHERE id = ?", (id,))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                before = self._database.total_changes
                yield
                changed = self._database.total_changes > before
                self._database.execute("COMMIT")
            except sqlite3.OperationalError as error:
                raise ApiError(507, "disk_full", f"Runs cannot be stored ({error}): make room on the disk.") from None
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
            if changed:
                self._keep_copy()

    def _keep_copy(self) -> None:
        try:
            write_atomic(self._copy, self._database.serialize())
        except (OSError, sqlite3.Error):
            _log.exception("%s cannot be written", self._copy)  # the runs themselves are stored


def _open(path: Path, copy: Path) -> sqlite3.Connection:
    """Open the file of a store. A damaged one is set aside, and its copy used, or none if that is damaged too.

    Raises:
        OSError: It cannot be used as things are, on a full disk for instance.
    """
    for rescue in (copy, None):
        try:
            if copy.exists() and path.exists() and path.stat().st_size < _PAGE:
                raise sqlite3.DatabaseError("the file is cut short")  # which SQLite takes for a new one
            return _checked(path)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF not in _DAMAGED:
                raise OSError(errno.EIO, str(error), str(path)) from None
            _log.error("%s: %s; it is set aside, %s", path, error, f"{copy} is used" if rescue else "no run is known")
            path.replace(path.with_name(f"{path.name}.damaged"))
            path.with_name(f"{path.name}-journal").unlink(missing_ok=True)  # belongs to what was set aside
            if rescue and rescue.exists():
                write_atomic(path, rescue.read_bytes())
    return _checked(path)


def _checked(path: Path) -> sqlite3.Connection:
    """Open a file and check all of it.

    Raises:
        sqlite3.DatabaseError, UnicodeDecodeError: It is damaged.
    """
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("PRAGMA synchronous = FULL")
        (verdict,) = database.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        database.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = 1; COMMIT;")
        if "checksum" not in {name for _, name, *_ in database.execute("PRAGMA table_info(runs)")}:
            database.execute("ALTER TABLE runs ADD COLUMN checksum TEXT")  # an earlier version's, without checksums yet
        validate_checksums(database)
    except BaseException:
        database.close()
        raise
    return database


def validate_checksums(database: sqlite3.Connection) -> None:
    """Refuse runs that differ from their checksum, of which the connection learns to make one.

    Raises:
        sqlite3.DatabaseError: One does.
    """
    database.create_function("checksum", -1, _checksum, deterministic=True)
    (damaged,) = database.execute(f"SELECT count(*) FROM runs WHERE checksum != {_CHECKSUM}").fetchone()
    if damaged:
        raise sqlite3.DatabaseError("a checksum differs from what its row says, so the file is damaged")


def _checksum(*values: object) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()
