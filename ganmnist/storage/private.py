"""Files that only their user may write: who could write to them could have programs started, or models exchanged."""

from __future__ import annotations

import os
from pathlib import Path

_OTHERS_WRITE, _OTHERS_READ = 0o022, 0o044


def make_private(folder: Path) -> None:
    """Make a folder that only this user can look into, or take the right to write from others if it is there.

    Raises:
        OSError: It cannot be made, or is another user's.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    if writable_by_others(folder):
        folder.chmod(folder.stat().st_mode & ~_OTHERS_WRITE)


def writable_by_others(path: Path) -> bool:
    """Tell whether other users can write to a file or folder. On Windows a user's folders are closed by themselves."""
    if os.name != "posix":
        return False
    found = path.stat()
    return bool(found.st_mode & _OTHERS_WRITE) or found.st_uid not in (0, os.getuid())


def readable_by_others(path: Path) -> bool:
    """Tell whether other users can look into a file or folder."""
    return os.name == "posix" and bool(path.stat().st_mode & _OTHERS_READ)
