"""Data sets as the server shows them: read in the background, then remembered."""

from __future__ import annotations

import io
import logging
import os
import secrets
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from bridge_server.access.roles import AS_OWNER, Asker, check_yours
from bridge_server.contract.base import Picture
from bridge_server.contract.datasets import Data, DataImport, DataList, DataState, DataUpload
from bridge_server.contract.models import Deleted
from bridge_server.encoding.pixels import image_grid_picture
from bridge_server.errors import ApiError, Conflict, is_full
from ganmnist.data.store import DatasetManifest, DatasetStore, name_of
from ganmnist.errors import GanError, SettingError, shown
from ganmnist.models.manifest import now

if TYPE_CHECKING:
    from ganmnist.dataset import Dataset

_MAX_IMPORTS = 8  # that wait for their turn
_MAX_FAILED = 20  # imports that are remembered, so that who asks is told why
_ENDING = 16  # letters of a file's ending; the longest that means something has seven
_PREVIEW_ROWS = 4
_PIECE = 1 << 20
_log = logging.getLogger("ganmnist.data")


class DefaultData:
    """What trainings learn from where no data set is named: prepared once, in the background."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._data = Data(state=DataState.ABSENT)
        self._preparations = 0

    def describe(self) -> Data:
        """Say what there is. Data that lie on disk already are read on the first question, in the background."""
        from ganmnist.data.load import is_at_hand, is_drawn
        from ganmnist.data.synthetic import DRAWN

        if self._data.state is not DataState.ABSENT:
            return self._data
        if is_at_hand(self._home):
            return self.prepare()
        return Data(state=DataState.ABSENT, report=[f"{DRAWN}."] if is_drawn(self._home) else [])

    def prepare(self) -> Data:
        """Find or download the data in the background, unless that is done or under way.

        Digits that stand in for MNIST are not what was asked for, so it is tried again.
        """
        from ganmnist.data.synthetic import NAME as STAND_IN

        with self._lock:
            if self._data.state in (DataState.ABSENT, DataState.FAILED) or self._data.name == STAND_IN:
                self._preparations += 1
                self._data = Data(state=DataState.PREPARING)
                threading.Thread(target=self._prepare, name="data", daemon=True).start()
            return self._data

    def _prepare(self) -> None:
        try:
            self._data = self._load()
        except Exception as error:
            self._data = Data(state=DataState.FAILED, problem=_problem(error))

    def _load(self) -> Data:
        from ganmnist.data.load import load_data

        dataset = load_data(home=self._home, on_progress=self._report)
        summary = dataset.summary()
        return Data(
            state=DataState.READY,
            name=summary.name,
            source=summary.source,
            train=summary.train,
            test=summary.test,
            classes=list(summary.classes),
            report=list(summary.sentences()),
            percent=100.0,
            preview=_picture(self._preparations, dataset),
        )

    def _report(self, percent: float, words: str) -> None:
        self._data = Data(state=DataState.PREPARING, percent=float(percent))


@dataclass
class _Import:
    """One import under way, or one that failed."""

    data: Data
    owner: str
    stopped: bool = False

    def told(self, who: Asker) -> Data:
        return self.data.model_copy(update={"yours": who.manages(self.owner)})


class _Stopped(Exception):
    """An import was ended before it was done."""


class ImportedData:
    """The data sets that were imported. One is read at a time, in the background.

    Args:
        home: Data directory.
        check_unused: Raises if the data set of a name may not be changed at this moment, in words for who asks.
    """

    def __init__(self, home: Path, check_unused: Callable[[str, Asker], object] = lambda name, who: None) -> None:
        self._store = DatasetStore(home)
        self._check_unused = check_unused
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._imports: dict[str, _Import] = {}  # by name in small letters
        self._preview = lru_cache(maxsize=16)(self._read_preview)

    def list(self, who: Asker = AS_OWNER) -> DataList:
        """Return those under way and those that failed, then all that are there."""
        under_way = [each.told(who) for each in reversed(self._imports.copy().values())]
        names = {data.name for data in under_way}
        kept = [_described(manifest, who) for manifest in self._store.list() if manifest.name not in names]
        return DataList(datasets=[*under_way, *kept])

    def describe(self, name: str, who: Asker = AS_OWNER) -> Data:
        """Describe one, with its preview.

        Raises:
            DatasetNotFound: There is none of that name.
        """
        if under_way := self._imports.get(name.lower()):
            return under_way.told(who)
        manifest = self._store.summary(name)
        picture, _ = self._preview(manifest.name, manifest.created)
        return _described(manifest, who).model_copy(update={"preview": picture})

    def preview(self, name: str) -> bytes:
        """Return the preview as a PNG.

        Raises:
            DatasetNotFound: There is none of that name that could be read.
        """
        manifest = self._store.summary(name)
        return self._preview(manifest.name, manifest.created)[1]

    def read(self, request: DataImport) -> Data:
        """Begin to read what lies on this machine's disk.

        Raises:
            SettingError: There is nothing at the path, or no name can be made of what was given.
            Conflict: Another import has the name, or too many wait.
        """
        path = _path(request.path)
        return self._begin(request.name, path.name, path, str(path), str(path), AS_OWNER)

    def receive(self, request: DataUpload, content: BinaryIO, who: Asker = AS_OWNER) -> Data:
        """Keep a file until it is read, and begin to.

        Raises:
            SettingError: It has no name by which it can be read.
            Conflict: Another import has the name, or too many wait.
        """
        file = Path(request.file.replace("\\", "/")).name
        file = "".join(letter if letter.isprintable() else "_" for letter in file)
        if not file:
            raise SettingError(f"file: expected what the file is called, got {shown(request.file)}")
        folder = self._store.path / f".{secrets.token_hex(8)}.tmp"
        folder.mkdir(parents=True)
        path = folder / f"sent{Path(file).suffix[:_ENDING]}"  # whatever letters its name has, and however many
        try:
            with path.open("wb") as target:
                while piece := content.read(_PIECE):
                    target.write(piece)
            sent = request.sender(who.name) or f"sent at {now()}"
            return self._begin(request.name, file, path, f"{file}, {sent}", file, who, lambda: _remove(folder))
        except BaseException:
            _remove(folder)
            raise

    def delete(self, name: str, who: Asker = AS_OWNER) -> Deleted:
        """Delete one, or end its import.

        Raises:
            DatasetNotFound: There is none of that name.
            ApiError: It is somebody else's, or may not be changed at this moment.
        """
        with self._lock:
            if under_way := self._imports.get(name.lower()):
                check_yours(who.manages(under_way.owner), f"Data set {name}")
                del self._imports[name.lower()]
                under_way.stopped = True
                return Deleted(deleted=under_way.data.name or name)
            check_yours(who.manages(self._store.summary(name).owner), f"Data set {name}")
            self._check_unused(name, who)
            return Deleted(deleted=self._store.delete(name))

    def close(self) -> None:
        """End all imports."""
        for each in self._imports.copy().values():
            each.stopped = True

    def _begin(
        self,
        name: str | None,
        title: str,
        path: Path,
        source: str,
        known_as: str,
        who: Asker,
        done: Callable[[], object] = lambda: None,
    ) -> Data:
        with self._lock:
            waiting = {key for key, each in self._imports.items() if each.data.state is DataState.PREPARING}
            chosen = self._store.free_name(name or name_of(title), source)
            self._check_unused(chosen, who)
            if chosen.lower() in waiting:
                raise Conflict(f"A data set {chosen} is being imported: wait for it, or choose another name.")
            if len(waiting) >= _MAX_IMPORTS:
                raise Conflict(f"{len(waiting)} imports wait already: wait for one of them.")
            begun = _Import(Data(state=DataState.PREPARING, name=chosen, source=source), who.name)
            self._imports.pop(chosen.lower(), None)  # the new one is the last of them
            self._imports[chosen.lower()] = begun
        threading.Thread(target=self._import, args=(begun, path, known_as, done), name="import", daemon=True).start()
        return begun.told(who)

    def _import(self, begun: _Import, path: Path, known_as: str, done: Callable[[], object]) -> None:
        from ganmnist.data.load import read_data

        name, source = begun.data.name, begun.data.source
        assert name is not None
        assert source is not None

        def report(percent: float, words: str) -> None:
            if begun.stopped:
                raise _Stopped
            begun.data = begun.data.model_copy(update={"percent": float(percent)})

        try:
            with self._turn:
                report(0, "")
                dataset = read_data(path, report)
                report(100, "")
                self._store.add(replace(dataset, source=source), name, begun.owner)
            failure = None
        except _Stopped:
            failure = begun.data  # nobody asks for it any more
        except Exception as error:
            problem = _problem(error).replace(str(path), known_as)
            failure = Data(state=DataState.FAILED, name=name, source=source, problem=problem)
        done()
        with self._lock:
            if failure:
                begun.data = failure
                self._forget()
            elif self._imports.get(name.lower()) is begun:
                del self._imports[name.lower()]

    def _forget(self) -> None:
        """Forget the imports that failed first, where more have failed than are remembered."""
        failed = [key for key, each in self._imports.items() if each.data.state is DataState.FAILED]
        for key in failed[:-_MAX_FAILED]:
            del self._imports[key]

    def _read_preview(self, name: str, created: str) -> tuple[Picture, bytes]:
        from ganmnist.dataset import first_of_each, image_grid_columns
        from ganmnist.export.pictures import sample_grid

        dataset = self._store.load(name)
        file = io.BytesIO()
        sample_grid(first_of_each(dataset, _PREVIEW_ROWS), image_grid_columns(dataset)).save(file, "PNG")
        return _picture(int(datetime.fromisoformat(created).timestamp() * 1000), dataset), file.getvalue()


def _path(text: str) -> Path:
    """Return the path that somebody typed, or copied from a file manager, which puts it in quotes.

    What it says goes first, since a name may end in a blank or a quote; on Windows none ends in a blank.
    """
    bare = text.strip()
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'":
        bare = bare[1:-1]
    path = Path(bare if os.name == "nt" else text).expanduser()
    if not path.is_absolute() or not _is_there(path):
        path = Path(bare).expanduser()
    if not path.is_absolute():
        raise SettingError(f"path: expected a whole path, from the root of the disk on, got {shown(bare)!r}")
    if not _is_there(path):
        raise SettingError(f"path: there is nothing at {shown(path)}: name a folder or a file on the server's machine")
    return path


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise SettingError(f"path: {shown(path)} cannot be read ({error.strerror})") from None


def _described(manifest: DatasetManifest, who: Asker) -> Data:
    return Data(
        state=DataState.READY,
        name=manifest.name,
        source=manifest.source,
        created=manifest.created,
        train=manifest.train,
        test=manifest.test,
        classes=list(manifest.classes),
        report=list(manifest.sentences()),
        percent=100.0,
        yours=who.manages(manifest.owner),
    )


def _picture(number: int, dataset: Dataset) -> Picture:
    from ganmnist.dataset import first_of_each, image_grid_columns

    return image_grid_picture(number, first_of_each(dataset, _PREVIEW_ROWS), image_grid_columns(dataset), below=True)


def _problem(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        file = error.filename or "A file"
        if is_full(error):
            return f"{file} cannot be written: make room on the disk."
        if isinstance(error, FileNotFoundError):
            return f"{file} is not there any more: import once more."
        return f"{file} cannot be read or written ({error.strerror})."
    if isinstance(error, GanError | ApiError | OSError):
        return str(error)
    _log.error("data cannot be prepared", exc_info=error)
    return f"{type(error).__name__}: {error}"


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
