"""What goes between a run's folder here and the one on a node, either way.

Only what a training leaves is taken from a node, by name and size; weights have the checksum that their manifest names,
are there before it, and what is no more is removed last. So whoever reads here meets what a local training would show.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bridge_server.runs.executors.node import MANIFESTS, PIECE, SMALL_FILES, Piece, Report
from bridge_server.runs.progress import FILE as TICKS
from bridge_server.runs.progress import TickWriter
from bridge_server.runs.protocol import SETTINGS
from ganmnist.config import TrainConfig
from ganmnist.data.files import OnProgress
from ganmnist.data.load import is_default, locate_default
from ganmnist.data.store import DatasetStore
from ganmnist.errors import DataError, ModelError
from ganmnist.models.index import MANIFEST
from ganmnist.models.manifest import BUNDLED, parse_model_manifest
from ganmnist.models.store import ModelFolder
from ganmnist.storage import bundle
from ganmnist.storage.atomic import write_atomic
from ganmnist.training.presets import MAX_MEMORY
from ganmnist.training.start import starting_model

_KEPT_FOLDERS = ("checkpoints", "film")  # whose manifests come and go
_SOURCE = "source"
_MAX_FILES, _MAX_DATA = 200_000, 4 << 30  # files and bytes of the images that a training learns from
_log = logging.getLogger("ganmnist.relay")


class Shipment:
    """What a node needs for a training: its settings, where it stands, the images, the model that it starts from.

    Args:
        model: Folder of the run.
        request: What stands in its settings.
        settings: The same, read.
        home: The data directory.
        on_progress: Called while images are fetched or drawn that are not there yet.

    Attributes:
        data: What `Node.begin` is told of the images.

    Raises:
        DatasetNotFound, ModelNotFound: What the settings name is not there any more.
    """

    def __init__(
        self,
        model: ModelFolder,
        request: dict[str, Any],
        settings: TrainConfig,
        home: Path,
        on_progress: OnProgress,
    ) -> None:
        self._model, self._request = model, request
        self._start = starting_model(settings, model, model.store)
        self.data: str | None = None
        if settings.data and not is_default(settings.data, home):
            self._images = DatasetStore(home).folder_of(settings.data)
            self._images_name = self._images.relative_to(home).as_posix()
        else:
            self._images = locate_default(home, on_progress)
            self.data = self._images_name = f"{_SOURCE}/{self._images.name}"

    def pieces(self, mended: str | None = None) -> Iterator[list[Piece]]:
        """Return all of it, in lists of at most PIECE bytes or little more.

        Args:
            mended: What went wrong with the node before, for the user.
        """
        held: list[Piece] = []
        size = 0
        for piece in self._files(mended):
            held.append(piece)
            size += len(piece.content)
            if size >= PIECE or len(held) >= 1000:
                yield held
                held, size = [], 0
        yield held

    def _files(self, mended: str | None) -> Iterator[Piece]:
        inside = f"models/{self._model.id}"
        request = {**self._request, **({"mended": mended} if mended else {})}
        yield Piece(f"{inside}/{SETTINGS}", json.dumps(request).encode())
        yield Piece(f"{inside}/{TICKS}", _last_line(self._model.path / TICKS))
        for path in (self._model.path / MANIFEST, *sorted(self._model.checkpoints.glob("step-*.json"))):
            yield from _bundle(path, f"{inside}/{path.relative_to(self._model.path).as_posix()}")
        for path in sorted(self._model.film.glob("step-*.json")):  # which frames there are is all that counts there
            yield from _file(path, f"{inside}/film/{path.name}")
        if self._start and self._start.id != BUNDLED:  # which every node has
            for name in (MANIFEST, "discriminator.json"):
                yield from _bundle(self._start.path / name, f"models/{self._start.id}/{name}")
        if self._images.is_file():
            yield from _file(self._images, self._images_name)
        else:
            yield from _tree(self._images, self._images_name)


class Receiver:
    """Writes into a run's folder what a node reports.

    Args:
        model: Folder of the run.
        ticks: Writes its progress.
        log: Takes what the worker writes to its log.

    Attributes:
        saved: How many checkpoints have come.
    """

    def __init__(self, model: ModelFolder, ticks: TickWriter, log: Callable[[bytes], object]) -> None:
        self.saved = 0
        self._model, self._ticks, self._log = model, ticks, log

    def take(self, report: Report, read: Callable[[str, int], bytes]) -> None:
        """Write what a report tells.

        Args:
            report: Of the node.
            read: Returns the next part of a file of the node, by its name and where the part begins; nothing at its
                end, or where it is not there any more.
        """
        self._log(report.log)
        whole = True
        for name in sorted(report.manifests, key=lambda name: (name != MANIFEST, name)):
            try:
                self._take_bundle(name, report.manifests[name], read)
            except ModelError as error:  # newer weights have taken their place; their manifest comes next time
                _log.info("%s of the node is left out: %s", name, error)
                whole = False
        if whole:
            self._remove_all_but(report.there)
        for name, content in report.files.items():
            if len(content) <= SMALL_FILES.get(name, -1):
                write_atomic(self._model.path / name, content)
        if report.ticks:
            self._ticks.extend(report.ticks)  # last: it tells of what is there by now

    def _take_bundle(self, name: str, content: bytes, read: Callable[[str, int], bytes]) -> None:
        if not MANIFESTS.fullmatch(name):
            raise ModelError(f"{name}: no training leaves that")
        path = self._model.path / name
        values = bundle.parse_manifest(content, path.stem, name)
        manifest = parse_model_manifest(values, name) if name == MANIFEST else None
        weights = name.rpartition("/")[0] + "/" + values["weights"] if "/" in name else values["weights"]
        stored = bundle.receive_weights(path, values["sha256"], _parts(weights, read))
        if manifest:
            here = {"id": self._model.id, "name": self._model.name, "created": self._model.created()}
            self._model.publish_stored(manifest.model_copy(update=here), stored)
        else:
            bundle.finish(path, values, stored)
        self.saved += name.startswith("checkpoints/")

    def _remove_all_but(self, there: tuple[str, ...]) -> None:
        for folder in _KEPT_FOLDERS:
            for path in (self._model.path / folder).glob("step-*.json"):
                if f"{folder}/{path.name}" not in there:
                    path.unlink()  # from here on it is none, whatever becomes of its weights
                    for weights in path.parent.glob(f"{path.stem}-*.safetensors"):
                        weights.unlink()


def _parts(name: str, read: Callable[[str, int], bytes]) -> Iterator[bytes]:
    size = 0
    while part := read(name, size):
        size += len(part)
        if len(part) > PIECE or size > MAX_MEMORY:
            raise ModelError(f"{name}: is larger than a training may be")
        yield part


def _bundle(manifest: Path, name: str) -> Iterator[Piece]:
    """Return a manifest after the weights that it names; nothing where one of them is damaged or not there."""
    try:
        weights = manifest.with_name(bundle.read_manifest(manifest)["weights"])
    except ModelError:
        return
    if weights.exists():
        yield from _file(weights, name.removesuffix(manifest.name) + weights.name)
        yield from _file(manifest, name)


def _tree(folder: Path, name: str) -> Iterator[Piece]:
    files = size = 0
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            files += 1
            size += path.stat().st_size
            if files > _MAX_FILES or size > _MAX_DATA:
                raise DataError(
                    f"{folder}: expected at most {_MAX_FILES:,} files and {_MAX_DATA >> 30} GB to send to a node, "
                    "there are more: import them as a data set, or name a folder with the images alone"
                )
            yield from _file(path, f"{name}/{path.relative_to(folder).as_posix()}")


def _file(path: Path, name: str) -> Iterator[Piece]:
    with path.open("rb") as file:
        yield Piece(name, file.read(PIECE))
        while content := file.read(PIECE):
            yield Piece(name, content, begins=False)


def _last_line(path: Path) -> bytes:
    """Return the last whole line of a file, with which a node's count of ticks goes on."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - PIECE))
            content = file.read()
    except FileNotFoundError:
        return b""
    lines = content[: content.rfind(b"\n") + 1].splitlines(keepends=True)
    return lines[-1] if lines else b""
