"""A little room kept back, so that a server starts on a disk that filled, and its users can delete through it."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

RESERVE = "reserve"
SIZE = 4_000_000  # bytes: the journals of the run database, the discovery file, some lines of log
_PIECE = 50_000  # after a large one the C library would keep more of what is freed
_ENOUGH = 10 * SIZE  # free bytes of which the reserve may be taken


def release_on_full_disk(home: Path) -> None:
    """Give back what is kept where the disk has no room for the files of a start."""
    if shutil.disk_usage(home).free < SIZE:
        (home / RESERVE).unlink(missing_ok=True)


def keep_reserve(home: Path) -> None:
    """Keep room back, unless that is done or the disk has none to spare."""
    reserve = home / RESERVE
    if reserve.exists() or shutil.disk_usage(home).free < _ENOUGH:
        return
    with suppress(OSError), reserve.open("wb") as file:
        for _ in range(SIZE // _PIECE):
            file.write(os.urandom(_PIECE))  # zeros would take no room on a disk that packs them
