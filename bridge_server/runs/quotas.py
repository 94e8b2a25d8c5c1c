"""What runs may take: room on the disk, time at a stretch, slots, and places in the queue."""

from __future__ import annotations

import shutil
from pathlib import Path

from bridge_server.contract.sweeps import MAX_RUNS
from bridge_server.errors import ApiError
from ganmnist.names import OWNER

ROOM = 200_000_000  # bytes of the data directory's disk that a training leaves free
ACTIVE = 8  # trainings of one person that run or wait, so that the queue is everybody's
OWNERS_ACTIVE = MAX_RUNS  # of the owner of the data directory, who may have a program press, or sweep at once
SLOTS = 1  # trainings at a time unless `serve --slots` says otherwise: a processor is fully used by one
MAX_SLOTS = 64
HOURS = 24.0  # of a training at a stretch; then it is interrupted, and the next one has its turn


def validate_active(owner: str, count: int, more: int = 1) -> None:
    """Refuse more trainings of somebody's of whose so many run or wait.

    Args:
        owner: Whose they are.
        count: How many run or wait.
        more: How many are to be added, all of them or none.

    Raises:
        ApiError: They would be more than may be.
    """
    most = OWNERS_ACTIVE if owner == OWNER else ACTIVE
    if count + more <= most:
        return
    message = f"{most} of {owner}'s trainings run or wait, as many as may: wait for one of them, or stop one."
    if count < most:
        message = (
            f"{more} trainings at once are too many: {most} of {owner}'s may run or wait, and {count} do, so "
            f"{most - count} fit. Sweep over fewer values, or wait."
        )
    raise ApiError(409, "too_many_runs", message)


def lack_of_room(folder: Path) -> str | None:
    """Return what to tell the user if less than ROOM is free on the disk of a folder, and None if there is enough."""
    free = shutil.disk_usage(folder).free
    if free >= ROOM:
        return None
    return (
        f"The disk of {folder} has {free // 1_000_000} MB left, and a training leaves {ROOM // 1_000_000} MB free: "
        "make room first."
    )
