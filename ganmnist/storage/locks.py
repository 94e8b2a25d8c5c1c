"""What one process has at a time: a lock on a file, which the system lets go of however the process ends."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from filelock import FileLock, Timeout

from ganmnist.errors import GanError

_POLL = 0.02  # seconds from one try to the next


class Held(GanError):
    """Another program has the lock of a file."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(f"{path} is held by another program: wait, or end it")


def hold(path: Path, seconds: float = 0.0) -> AbstractContextManager[object]:
    """Take the lock of a file, and return what lets go of it at the end of its block.

    Args:
        path: The file, which is made if need be.
        seconds: How long to wait for whoever has it.

    Raises:
        Held: Another program has it, and does not let go.
        OSError: It cannot be used.
    """
    try:
        return FileLock(path).acquire(timeout=seconds, poll_interval=_POLL)
    except Timeout:
        raise Held(path) from None


def is_held(path: Path) -> bool:
    """Tell whether another program has the lock of a file at this moment.

    Raises:
        OSError: It cannot be used.
    """
    if not path.exists():
        return False
    try:
        with hold(path):
            return False
    except Held:
        return True
