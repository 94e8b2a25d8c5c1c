"""What a run may take: room on the disk, and time at a stretch."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOM = 200_000_000  # bytes of the data directory's disk that a training leaves free
HOURS = 24.0  # of a training at a stretch; then it is interrupted, and the next one has its turn


def lack_of_room(folder: Path) -> str | None:
    """Return what to tell the user if less than ROOM is free on the disk of a folder, and None if there is enough."""
    free = shutil.disk_usage(folder).free
    if free >= ROOM:
        return None
    return (
        f"The disk of {folder} has {free // 1_000_000} MB left, and a training leaves {ROOM // 1_000_000} MB free: "
        "make room first."
    )
