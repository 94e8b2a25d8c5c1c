"""Files of SQLite that a flipped byte may have hit: how that shows."""

from __future__ import annotations

import sqlite3

# What a flipped byte leads to: a column of another name, pages that do not fit, no database.
_DAMAGED = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def validate_pages(database: sqlite3.Connection) -> None:
    """Look at all pages of an open file.

    Raises:
        sqlite3.DatabaseError: They do not fit together.
    """
    (verdict,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)


def is_damage(error: Exception, *more: int) -> bool:
    """Tell whether an error comes of a damaged file, and not of a full disk or the like.

    Args:
        error: What SQLite raised, or what the text in it did.
        more: Codes of SQLite that mean damage here too.
    """
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF in _DAMAGED | {*more}
