"""A model as one file, `.ganmnist`: a zip of its manifest and its weights, checked as a whole before it counts.

The same model gives the same bytes: the entries are stored as they are, and their time is always the same.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ganmnist.errors import ModelError, SettingError, shown
from ganmnist.models.manifest import ModelManifest, NewName, parse_model_manifest
from ganmnist.models.store import ModelFolder, ModelStore
from ganmnist.storage import bundle, safetensors_header
from ganmnist.storage.atomic import write_atomic
from ganmnist.storage.magic import HEAD, what_is
from ganmnist.storage.zips import open_zip, zip_bytes
from ganmnist.validation import read_settings

ENDING = ".ganmnist"
MAX_FILE = 256 << 20  # bytes; the weights of the largest networks have 200 MB
_MANIFEST = "model.json"
_WORDS = 255
_WANTED = f"a {ENDING} is wanted, as ganmnist models export, the page and the server write it"

_PICTURES = "pictures are imported as data: ganmnist data import, or dropped on Train"


class ModelFile(NamedTuple):
    """What a model file holds, checked: it can be kept as it is."""

    manifest: ModelManifest
    weights: bytes


def export_model(folder: ModelFolder, path: Path) -> None:
    """Write a model to a .ganmnist file.

    Raises:
        SettingError: The name has another ending.
        ModelError: The model's files are damaged.
    """
    if path.suffix.lower() != ENDING:
        raise SettingError(f"out: {path} ends in {path.suffix or 'nothing'}; a model is written as {ENDING}")
    write_atomic(path, model_bytes(folder))


def model_bytes(folder: ModelFolder) -> bytes:
    """Return the bytes of a model's file.

    Raises:
        ModelError: The model's files are damaged.
    """
    manifest, weights = folder.read_files()
    entries = {_MANIFEST: bundle.manifest_bytes(manifest), manifest["weights"]: weights}
    return zip_bytes(entries, packed=False)


def import_model(
    store: ModelStore,
    path: Path,
    name: str | None = None,
    check: Callable[[ModelFile, str], object] = lambda found, where: None,
) -> ModelFolder:
    """Keep the model of a file, once all of it was checked.

    Args:
        store: Where to.
        path: The file.
        name: What to call it; as it is called in the file unless given. If that name is taken it becomes name-1, -2 ...
        check: Is given what was read, and the file's name, before it is kept: `validate_drawing`.

    Raises:
        SettingError: The name is none that a model may have.
        ModelError: The file is no model file, damaged, or its weights are not those of its networks. Nothing is kept.
    """
    chosen = read_settings(NewName, {"model": name}).model
    try:
        with path.open("rb") as file:
            found = read_model(file, str(path))
    except OSError as error:
        if path.is_dir():
            raise ModelError(f"{path}: is a folder, and no model file: {_WANTED}") from None
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    check(found, str(path))
    return store.add(found.manifest.model_copy(update={"name": chosen or found.manifest.name}), found.weights)


def read_model(file: BinaryIO, where: str) -> ModelFile:
    """Read a model file and check all of it, in memory.

    Args:
        file: The file, to be sought in.
        where: Its name, for the sentence that says what is wrong.

    Raises:
        ModelError: Too large, no zip of exactly the two files, damaged, or the weights are not those of its networks or
            not finite.
    """
    import numpy as np
    import safetensors.numpy

    from ganmnist.networks.build import generator_layouts

    def fail(words: str) -> ModelError:
        return ModelError(f"{where}: {words}")

    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(HEAD)
    if size > MAX_FILE:
        raise fail(f"is {what_is(head)}, larger than {MAX_FILE:,} bytes, and no model file: {_WANTED}")
    if not head.startswith(b"PK"):
        raise fail(f"is {what_is(head)}, and no model file: {_WANTED}")
    other = f"is a zip of other files, and no model file: {_WANTED}; {_PICTURES}"
    with open_zip(file, 2, fail, other) as archive:
        entries = {entry.filename: entry for entry in archive.entries}
        if len(entries) != 2 or len(archive.entries) != 2 or _MANIFEST not in entries:
            names = ", ".join(shown(entry.filename) for entry in archive.entries[:4])
            got = f"expected {_MANIFEST} and its weights, got {names or 'nothing'}"
            raise fail(f"is no model file: {got}; {_WANTED}; {_PICTURES}")
        content = archive.read(entries.pop(_MANIFEST), bundle.MAX_MANIFEST)
        values = bundle.parse_manifest(content, Path(_MANIFEST).stem, f"{where}: {_MANIFEST}")
        manifest = parse_model_manifest(values, f"{where}: {_MANIFEST}")
        _check_words(manifest, f"{where}: {_MANIFEST}")
        if manifest.weights not in entries:
            raise fail(f"is no model file: expected {manifest.weights} beside {_MANIFEST}, got {shown(*entries)}")
        expected = generator_layouts(manifest.networks)
        weights = archive.read(entries[manifest.weights], safetensors_header.largest_file(expected))
    if hashlib.sha256(weights).hexdigest() != manifest.sha256:
        raise fail(f"the SHA-256 of {manifest.weights} differs from the manifest's, so the file is damaged")
    inner = f"{where}: {manifest.weights}"
    found = safetensors_header.read_layouts(io.BytesIO(weights), len(weights), inner)
    safetensors_header.validate_layouts(found, expected, inner)
    try:
        tensors = safetensors.numpy.load(weights)
    except (safetensors.SafetensorError, KeyError) as error:  # a kind that NumPy does not have
        raise ModelError(f"{inner}: not a safetensors file ({shown(error)})") from None
    for name, numbers in tensors.items():
        if not np.isfinite(numbers).all():
            raise ModelError(f"{inner}: tensor {name} has numbers that are not finite, so it would draw nothing")
    return ModelFile(manifest, weights)


def _check_words(manifest: ModelManifest, where: str) -> None:
    """Refuse words that would do something to the terminal they are shown on."""
    said = {field: getattr(manifest, field) or "" for field in ("created", "data", "preset")}
    said |= {f"class_names.{number}": name for number, name in enumerate(manifest.class_names)}
    for field, words in said.items():
        if not words.isprintable() or len(words) > _WORDS:
            raise ModelError(f"{where}: {field}: expected at most {_WORDS} letters that can be shown")
