"""What ended runs and killed processes leave on the disk; removed when the server starts."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from bridge_server.runs.store import FINAL, Record

_KEPT = 24 * 3600.0  # seconds since it was last written to: a log may be read, a command line go on with a training
_WRITING = 60.0  # seconds after which nobody is still writing a temporary file
# Of files.write_atomic, and the folder of a model under way into the store.
_TEMPORARY = (
    ".*.tmp",
    "models/.*.tmp",
    "models/*/.*.tmp",
    "models/*/checkpoints/.*.tmp",
    "models/*/film/.*.tmp",
    "data/*/.*.tmp",  # sets/ too, where an import under way has a folder of such a name
)
_log = logging.getLogger("ganmnist.leftovers")


def remove(home: Path, runs: Iterable[Record], closing: threading.Event) -> None:
    """Remove what nobody will ask for again, which takes a minute. Returns at once when `closing` is set.

    Of a run that has ended, a day after: its checkpoints, with which a stopped one could have gone on, or the whole
    folder if there is no model in it, since none was published or it was deleted. Of processes that were killed as they
    wrote: their temporary files. The folder of no run is left alone: a command line may be training there.
    """
    temporary = _temporary(home)
    for run in runs:
        folder = home / "models" / run.id
        if run.state in FINAL:
            _remove_old(folder / "checkpoints" if (folder / "model.json").exists() else folder)
    if temporary and not closing.wait(_WRITING):
        for path in temporary & _temporary(home):  # their names are never used twice
            _remove(path)


def _temporary(home: Path) -> set[Path]:
    return {path for pattern in _TEMPORARY for path in home.glob(pattern)}


def _remove_old(folder: Path) -> None:
    try:
        newest = max(path.lstat().st_mtime for path in (folder, *folder.rglob("*")))
    except OSError:  # there is none, or it is being written to
        return
    if time.time() - newest > _KEPT:
        _remove(folder)


def _remove(path: Path) -> None:
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError as error:  # in use, or not ours
        _log.warning("%s cannot be removed (%s)", path, error)
    else:
        _log.info("removed %s", path)
