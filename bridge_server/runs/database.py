"""The file of the runs and sweeps: its tables, how it is opened, checked and mended, and what an older one becomes.

SQLite does not notice a flipped byte: every row carries its checksum, so that a damaged file can be set aside and its
copy used. Older files are brought to the present form as they are opened, in one transaction.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import sqlite3
from pathlib import Path

from bridge_server.errors import is_full
from ganmnist.names import OWNER
from ganmnist.storage.atomic import write_atomic
from ganmnist.storage.sqlite_file import is_damage, validate_pages

VERSION = 4
_BEFORE_OWNERS = "id, model, state, settings, created, turn, reason, problem"
_BEFORE_TURNS = f"{_BEFORE_OWNERS}, owner, wanted"
COLUMNS = f"{_BEFORE_TURNS}, begun"
CHECKSUM = f"checksum({COLUMNS}, key, asked)"
_TABLE = f"""
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
    checksum TEXT,
    owner TEXT NOT NULL DEFAULT '{OWNER}',
    wanted TEXT,
    asked TEXT,
    begun INTEGER
) STRICT;
"""
_INDEXES = """
DROP INDEX IF EXISTS one_run_per_key;
CREATE UNIQUE INDEX IF NOT EXISTS one_run_per_owner_and_key ON runs (owner, key) WHERE key IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS one_active_run_per_model ON runs (model) WHERE state IN ('queued', 'running');
CREATE INDEX IF NOT EXISTS by_state ON runs (state, turn);
CREATE INDEX IF NOT EXISTS by_model ON runs (model);
CREATE INDEX IF NOT EXISTS by_turn ON runs (turn);
CREATE INDEX IF NOT EXISTS by_owner ON runs (owner, begun);
CREATE UNIQUE INDEX IF NOT EXISTS one_sweep_per_owner_and_key ON sweeps (owner, key) WHERE key IS NOT NULL;
CREATE INDEX IF NOT EXISTS by_end ON sweeps (settled);
"""
SWEEP_COLUMNS = "id, name, owner, wanted, created, axes, runs, others, key, asked, verdict, settled"
SWEEP_CHECKSUM = f"checksum({SWEEP_COLUMNS})"
_SWEEPS = """
CREATE TABLE IF NOT EXISTS sweeps (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL COLLATE NOCASE,
    owner TEXT NOT NULL,
    wanted TEXT,
    created TEXT NOT NULL,
    axes TEXT NOT NULL,
    runs TEXT NOT NULL,
    others TEXT NOT NULL,
    key TEXT,
    asked TEXT NOT NULL,
    verdict TEXT,
    settled INTEGER NOT NULL,
    checksum TEXT
) STRICT;
"""
# What later versions have added, with what it is where nobody has said; and the checksums of rows without it.
_ADDED = (
    ("checksum", "TEXT"),
    ("owner", f"TEXT NOT NULL DEFAULT '{OWNER}'"),
    ("wanted", "TEXT"),
    ("asked", "TEXT"),
    ("begun", "INTEGER"),
)
_CHECKSUM_WITHOUT = {
    "owner": f"checksum({_BEFORE_OWNERS}, key)",
    "begun": f"checksum({_BEFORE_TURNS}, key, asked)",
}
_PAGE = 512  # bytes, the smallest there is
_log = logging.getLogger("ganmnist.runs")


def open_database(path: Path, copy: Path) -> sqlite3.Connection:
    """Open the file of a store. A damaged one is set aside, and its copy used, or none if that is damaged too.

    Raises:
        OSError: It cannot be used as things are, on a full disk for instance.
    """
    for rescue in (copy, None):
        try:
            if copy.exists() and path.exists() and _is_cut_short(path):
                raise sqlite3.DatabaseError("the file is cut short")
            return _checked(path)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if not is_damage(error, sqlite3.SQLITE_READONLY):  # a flipped byte may say that it is only to be read
                raise OSError(errno.ENOSPC if is_full(error) else errno.EIO, str(error), str(path)) from None
            _log.error("%s: %s; it is set aside, %s", path, error, f"{copy} is used" if rescue else "no run is known")
            path.replace(path.with_name(f"{path.name}.damaged"))
            path.with_name(f"{path.name}-journal").unlink(missing_ok=True)  # belongs to what was set aside
            if rescue and rescue.exists():
                write_atomic(path, rescue.read_bytes())
    return _checked(path)


def _is_cut_short(path: Path) -> bool:
    """Tell whether a file ends within a page, which SQLite takes for a new one or fills up with zeros."""
    with path.open("rb") as file:
        header = file.read(_PAGE)
    page = int.from_bytes(header[16:18], "big")  # as the format has it, where 1 is 65,536
    return len(header) < _PAGE or (page > 1 and path.stat().st_size % page > 0)


def _checked(path: Path) -> sqlite3.Connection:
    """Open a file, check all of it, and bring it to the present form.

    Raises:
        sqlite3.DatabaseError, UnicodeDecodeError: It is damaged.
    """
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("PRAGMA synchronous = FULL")
        validate_pages(database)
        database.execute("BEGIN IMMEDIATE")
        database.execute(_TABLE)
        database.execute(_SWEEPS)
        validate_checksums(database)
        _bring_up(database)
        database.execute(f"PRAGMA user_version = {VERSION}")
        database.execute("COMMIT")
    except BaseException:
        database.close()
        raise
    return database


def _bring_up(database: sqlite3.Connection) -> None:
    """Add what a file of an earlier version lacks; whole rows have checksums over all of it from then on."""
    missing = [(name, kind) for name, kind in _ADDED if name not in _columns(database)]
    for name, kind in missing:
        database.execute(f"ALTER TABLE runs ADD COLUMN {name} {kind}")
    if missing:
        database.execute(f"UPDATE runs SET checksum = {CHECKSUM}")
    for statement in _INDEXES.strip().splitlines():
        database.execute(statement)


def validate_checksums(database: sqlite3.Connection) -> None:
    """Refuse runs and sweeps that differ from their checksum, of which the connection learns to make one.

    Raises:
        sqlite3.DatabaseError: One does.
    """
    database.create_function("checksum", -1, _checksum, deterministic=True)
    if _columns(database, "sweeps"):  # which an earlier version's file lacks
        _compare(database, "sweeps", SWEEP_CHECKSUM)
    columns = _columns(database)
    if "checksum" not in columns:  # an earlier version's, without checksums yet
        return
    lacking = (checksum for added, checksum in _CHECKSUM_WITHOUT.items() if added not in columns)
    _compare(database, "runs", next(lacking, CHECKSUM))


def _compare(database: sqlite3.Connection, table: str, expected: str) -> None:
    (damaged,) = database.execute(f"SELECT count(*) FROM {table} WHERE checksum != {expected}").fetchone()
    if damaged:
        raise sqlite3.DatabaseError("a checksum differs from what its row says, so the file is damaged")


def _columns(database: sqlite3.Connection, table: str = "runs") -> set[str]:
    return {name for _, name, *_ in database.execute(f"PRAGMA table_info({table})")}


def _checksum(*values: object) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()
