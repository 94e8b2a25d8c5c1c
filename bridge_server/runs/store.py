"""The runs: which states follow which, and the store that remembers them through every crash.

SQLite keeps it honest between threads and over restarts: every move is a compare-and-set, and two unique indexes make a
press of Train idempotent. Journal mode DELETE with full sync is the slowest and the safest; a run moves four times.
SQLite does not notice a flipped byte: every row carries its checksum, and the file is copied after every change, so
that a damaged one can be set aside and its copy used.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from bridge_server.contract.runs import RunState
from bridge_server.errors import ApiError, Conflict
from bridge_server.runs import quotas
from bridge_server.runs.database import CHECKSUM, COLUMNS, open_database
from ganmnist.config import TrainConfig
from ganmnist.errors import shown
from ganmnist.names import OWNER
from ganmnist.storage.atomic import write_atomic

MOVES: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.STOPPED}),
    RunState.RUNNING: frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.STOPPED, RunState.INTERRUPTED}),
    RunState.INTERRUPTED: frozenset({RunState.QUEUED, RunState.STOPPED}),
    RunState.SUCCEEDED: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.STOPPED: frozenset({RunState.QUEUED}),  # by whoever changes their mind; nothing else goes on with it
}
FINAL = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.STOPPED})

_ACTIVE = "state IN ('queued', 'running')"
_UNFINISHED = "state IN ('queued', 'running', 'interrupted')"
_ONLY = {None: "1", "active": _ACTIVE, "unfinished": _UNFINISHED}
_log = logging.getLogger("ganmnist.runs")


@dataclass(frozen=True)
class Record:
    """What the store knows of a run.

    Attributes:
        turn: Grows with every run that joins the queue.
        owner: Who pressed Train, by the name that the token has.
        wanted: The name that was asked for, if one was.
        begun: Grows with every training that begins; none before the first of this run.
        number: Grows with every run.
        readable: Whether this version can read its settings; else they are not those shown.
    """

    id: str
    model: str
    state: RunState
    settings: TrainConfig
    created: str
    turn: int
    reason: str | None
    problem: str | None
    owner: str = OWNER
    wanted: str | None = None
    begun: int | None = None
    number: int = 0
    readable: bool = True


class Press(NamedTuple):
    """A press of Train: what is wanted, and by whom.

    Attributes:
        model: Name of the model, if one is given.
        settings: What to train.
        key: Idempotency key.
        owner: Who presses.
        asked: A digest of all that was asked for, by which the same request is known again.
    """

    model: str | None
    settings: TrainConfig
    key: str | None = None
    owner: str = OWNER
    asked: str | None = None


class Held(NamedTuple):
    """A name that a run has taken and its model perhaps not yet, in small letters, and whose it is."""

    name: str
    owner: str


class RunStore:
    """All runs, in one SQLite file. Safe to use from several threads.

    What changes something raises ApiError where it cannot be stored, as on a full disk; then nothing has changed.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self.changes = 0  # grows with every change
        self._copy = path.with_suffix(".copy.sqlite")
        self._database = open_database(path, self._copy)

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def pressed(self, press: Press) -> Record | None:
        """Return the run of an earlier press with the same key, if there is one.

        Raises:
            Conflict: Something else was asked for under that key.
        """
        if press.key is None:
            return None
        with self._lock:
            found = self._one("owner = ? AND key = ?", press.owner, press.key)
            if found is None:
                return None
            ((asked,),) = self._rows("SELECT asked FROM runs WHERE id = ?", found.id)
        if None not in (asked, press.asked) and asked != press.asked:
            raise another_request(found.id)
        return found

    def add(self, press: Press, choose: Callable[[str | None, list[Held]], str]) -> tuple[Record, bool]:
        """Queue a new run, unless it is there: the run of the same key, or one's own active run of the same model.

        Args:
            press: What is wanted.
            choose: Chooses the name of the model, given the one that is wanted, if any, and those that runs hold.

        Returns:
            The run, and whether it is new.

        Raises:
            Conflict: Something else was asked for under its key, or its model is being trained with other settings.
            ApiError: One person's trainings are as many as may be.
        """
        with self._transaction():
            found = self.pressed(press)
            if found is None and press.model is not None:
                found = self._one(f"model = ? AND {_ACTIVE} AND owner = ?", press.model, press.owner)
                if found is not None and press.key is not None and found.settings != press.settings:
                    raise Conflict(
                        f"Model {found.model} is being trained already, with other settings: wait for it, stop it, or "
                        "choose another name."
                    )
            if found is not None:
                return found, False
            self._check_quota(press.owner)
            return self.get(self._insert(press, choose(press.model, self._held()))), True

    def _insert(self, press: Press, model: str) -> str:
        """Queue a run of a model of that name, within a transaction, and return its id."""
        id, turn = secrets.token_hex(8), self._next("turn")
        created = datetime.now(UTC).isoformat(timespec="milliseconds")
        settings = press.settings.model_dump_json()
        self._database.execute(
            f"INSERT INTO runs ({COLUMNS}, key, asked) VALUES (?, ?, ?, ?, ?, ?, NULL, NULL, ?, ?, NULL, ?, ?)",
            (
                *(id, model, RunState.QUEUED, settings, created, turn),
                *(press.owner, press.model, press.key, press.asked),
            ),
        )
        self._seal(id)
        return id

    def move(
        self, id: str, before: RunState, after: RunState, reason: str | None = None, problem: str | None = None
    ) -> bool:
        """Change a run's state if it still is what the caller believes, and tell whether it was."""
        if after not in MOVES[before]:
            raise ValueError(f"a run cannot go from {before} to {after}")
        with self._transaction():
            moved = self._database.execute(
                "UPDATE runs SET state = ?, reason = ?, problem = ?, begun = coalesce(?, begun) "
                "WHERE id = ? AND state = ?",
                (after, reason, problem, self._next("begun") if after is RunState.RUNNING else None, id, before),
            )
            self._seal(id)
            return moved.rowcount == 1

    def requeue(self, id: str, model: str) -> None:
        """Queue an interrupted or stopped run again, behind those of its owner that wait.

        Args:
            id: The run.
            model: The name that its model has by now.

        Raises:
            Conflict: It is neither, or another run trains a model of that name.
            ApiError: Its owner's trainings are as many as may be.
        """
        with self._transaction():
            record = self.get(id)
            if RunState.QUEUED not in MOVES[record.state]:
                raise Conflict(
                    f"Run {id} is {record.state}: one that was interrupted or stopped can go on. A new training may "
                    f"begin from its model: start_from {record.model}."
                )
            self._check_quota(record.owner)
            try:
                self._database.execute(
                    "UPDATE runs SET state = ?, model = ?, turn = ?, reason = NULL, problem = NULL WHERE id = ?",
                    (RunState.QUEUED, model, self._next("turn"), id),
                )
            except sqlite3.IntegrityError:
                raise Conflict(f"Another run is training the model {model}: wait for it, or stop it first.") from None
            self._seal(id)

    def get(self, id: str) -> Record:
        """Return one run.

        Raises:
            ApiError: There is none of that id.
        """
        record = self._one("id = ?", id)
        if record is None:
            raise run_not_found(id)
        return record

    def all(self) -> list[Record]:
        """Return all runs, newest first, whatever the clock said when they were made."""
        return self._select("1 ORDER BY rowid DESC")

    def page(
        self, after: int, limit: int, only: Literal["active", "unfinished"] | None = None, owner: str | None = None
    ) -> tuple[list[Record], int, int]:
        """Return some runs, newest first.

        Args:
            after: The number of the last one of the page before; 0 for the first page.
            limit: How many, at most.
            only: Those that are active, or those that are not final either.
            owner: Whose they are; everybody's if none is named.

        Returns:
            The runs, what leads to the next page, 0 on the last, and how many there are on all pages.
        """
        wanted, whose = (_ONLY[only], ()) if owner is None else (f"{_ONLY[only]} AND owner = ?", (owner,))
        with self._lock:
            found = self._select(
                f"{wanted} AND rowid < ? ORDER BY rowid DESC LIMIT ?", *whose, after or sys.maxsize, limit + 1
            )
            ((total,),) = self._rows(f"SELECT count(*) FROM runs WHERE {wanted}", *whose)
        return found[:limit], found[limit - 1].number if len(found) > limit else 0, total

    def of_model(self, name: str, id: str | None) -> list[Record]:
        """Return the runs that were started under the name of a model, newest first, and that of the model's id."""
        return self._select("model = ? OR id = ? ORDER BY rowid DESC LIMIT 500", name, id)

    def is_active(self, id: str) -> bool:
        """Tell whether a run is queued or running. False if there is none of that id."""
        return bool(self._rows(f"SELECT 1 FROM runs WHERE id = ? AND {_ACTIVE}", id))

    def active(self) -> list[Record]:
        """Return the runs that are queued or running, in the order of their turns."""
        return self._select(f"{_ACTIVE} ORDER BY turn")

    def active_ids(self) -> set[str]:
        """Return the ids of the runs that are queued or running."""
        return {id for (id,) in self._rows(f"SELECT id FROM runs WHERE {_ACTIVE}")}

    def count(self, state: RunState) -> int:
        """Return how many runs are in a state."""
        ((count,),) = self._rows("SELECT count(*) FROM runs WHERE state = ?", state)
        return int(count)

    def queue(self) -> list[Record]:
        """Return the queued runs in the order in which they were pressed."""
        return self._select("state = 'queued' ORDER BY turn")

    def running(self) -> list[Record]:
        """Return the runs that are under way, and what a crash left behind as such; the first begun comes first."""
        return self._select("state = 'running' ORDER BY begun")

    def last_begun(self) -> dict[str, int]:
        """Return when the last training of each owner who waits began, as its `begun`; without those who had none."""
        found = self._rows(
            "SELECT DISTINCT owner, (SELECT max(begun) FROM runs AS theirs WHERE theirs.owner = runs.owner) "
            "FROM runs WHERE state = 'queued'"
        )
        return {owner: begun for owner, begun in found if begun is not None}

    def _held(self) -> list[Held]:
        return [Held(*row) for row in self._rows(f"SELECT lower(model), owner FROM runs WHERE {_UNFINISHED}")]

    def _check_quota(self, owner: str, more: int = 1) -> None:
        ((count,),) = self._rows(f"SELECT count(*) FROM runs WHERE owner = ? AND {_ACTIVE}", owner)
        quotas.validate_active(owner, count, more)

    def _next(self, column: Literal["turn", "begun"]) -> int:
        ((number,),) = self._rows(f"SELECT coalesce(max({column}), 0) + 1 FROM runs")
        return int(number)

    def _one(self, where: str, *values: str) -> Record | None:
        return next(iter(self._select(where, *values)), None)

    def _select(self, where: str, *values: object) -> list[Record]:
        return [_record(*row) for row in self._rows(f"SELECT {COLUMNS}, rowid FROM runs WHERE {where}", *values)]

    def _rows(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            return self._database.execute(query, values).fetchall()

    def _seal(self, id: str) -> None:
        self._database.execute(f"UPDATE runs SET checksum = {CHECKSUM} WHERE id = ?", (id,))

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
                self.changes += 1
                self._keep_copy()

    def _keep_copy(self) -> None:
        try:
            write_atomic(self._copy, self._database.serialize())
        except (OSError, sqlite3.Error):
            _log.exception("%s cannot be written", self._copy)  # the runs themselves are stored


@lru_cache(maxsize=512)  # the runs of a page are looked at again and again
def _settings(text: str) -> TrainConfig:
    return TrainConfig.model_validate_json(text)


def run_not_found(id: str) -> ApiError:
    """Return the refusal of a run that is not there, or not for whoever asks."""
    return ApiError(404, "run_not_found", f"There is no run {shown(id)}.")


def another_request(id: str) -> Conflict:
    """Return the refusal of a key with which another run was started."""
    return Conflict(f"key: run {id} was started with this key and other settings: take another key for another run.")


def _record(id: str, model: str, state: str, settings: str, *others: Any) -> Record:
    """Read a row; one whose settings this version cannot read is shown without them, and harms no other."""
    try:
        return Record(id, model, RunState(state), _settings(settings), *others)
    except ValidationError:
        unread = Record(id, model, RunState(state), TrainConfig(), *others)
        return replace(unread, readable=False)
