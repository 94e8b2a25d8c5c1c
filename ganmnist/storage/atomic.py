"""Files that are there whole or not at all, whenever the process or the power goes."""

from __future__ import annotations

import errno
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_WINDOWS_BUSY = {5, 32, 33}  # access denied, sharing violation, lock violation: a virus scanner looks at the file
_PATIENCE = 2.5  # seconds
_STEM = 40  # letters of a name that its temporary file shows


def write_atomic(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file so that a reader, or a crash, meets the old one or the new one and never a part.

    Args:
        path: Where to; its folder is made if need be.
        content: What to write.
        private: Readable by this user alone.
    """
    write_pieces(path, (content,), private=private)


def write_pieces(path: Path, pieces: Iterable[bytes], *, private: bool = False) -> None:
    """Write a file as `write_atomic` does, piece by piece as they come; where they end in an exception, none of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    stem = path.name[:_STEM]  # all of a name that is as long as may be would leave the temporary one no room
    try:
        handle, name = tempfile.mkstemp(prefix=f".{stem}.", suffix=".tmp", dir=path.parent)  # made with mode 0600
    except OSError as error:
        error.filename = str(path)
        raise
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        if not private:
            temporary.chmod(0o666 & ~_umask())
        _replace(temporary, path)
    except OSError as error:
        error.filename, error.filename2 = str(path), None  # nobody knows the other by its name
        raise
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def write_json(path: Path, value: Any, *, private: bool = False) -> None:
    """Write a value as readable JSON, atomically."""
    # Half a letter, as names on a disk may have it, is escaped as JSON escapes it.
    content = json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace")
    write_atomic(path, content + b"\n", private=private)


def read_json(path: Path) -> Any:
    """Read what `write_json` wrote.

    Raises:
        OSError: The file is not there or cannot be read.
        ValueError: It is not JSON.
    """
    return json.loads(path.read_bytes())


def _replace(temporary: Path, path: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            temporary.replace(path)
        except PermissionError as error:
            if getattr(error, "winerror", None) not in _WINDOWS_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return  # Windows has no handle of a folder to sync
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0o077)  # there is no way to read it but to set it
    os.umask(mask)
    return mask
