"""Tensors on disk: safetensors beside a JSON manifest that names them by checksum.

The manifest is written last and atomically, so it is the moment a save counts. Neither torch nor safetensors notices a
flipped byte, so every load compares the SHA-256 of both; and before a tensor is made, its name, shape and type are
compared with what the manifest's settings build.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from reprlib import repr
from typing import TYPE_CHECKING, Any, NamedTuple

from ganmnist.errors import ModelError, shown
from ganmnist.remedies import UPDATE
from ganmnist.storage import safetensors_header as headers
from ganmnist.storage.atomic import write_atomic, write_pieces

if TYPE_CHECKING:
    from torch import Tensor


FORMAT = 1
MAX_MANIFEST = 1_000_000  # bytes; networks as long as can be have a hundredth
_ABANDONED = 60.0  # seconds after which nobody is still writing a temporary file


def save(manifest_path: Path, manifest: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Save tensors and what belongs to them.

    Args:
        manifest_path: The JSON file. The weights lie beside it, named by their checksum; those it replaces are removed.
        manifest: JSON values. `format`, `weights`, `sha256` and `checksum` are added.
        tensors: Tensors by name, in any memory format and on any device.
    """
    finish(manifest_path, manifest, save_weights(manifest_path, tensors))


def write(manifest_path: Path, manifest: Mapping[str, Any], content: bytes) -> None:
    """Save tensors that are bytes already, as `save` does."""
    finish(manifest_path, manifest, write_weights(manifest_path, content))


class Stored(NamedTuple):
    """Weights on the disk that no manifest names yet: their file and their SHA-256."""

    path: Path
    digest: str


def save_weights(manifest_path: Path, tensors: Mapping[str, Tensor]) -> Stored:
    """Save the tensors of a manifest that is to follow with `finish`; until then nothing has changed."""
    from safetensors.torch import save as to_bytes

    return write_weights(manifest_path, to_bytes({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}))


def write_weights(manifest_path: Path, content: bytes) -> Stored:
    """As `save_weights`, of tensors that are bytes already."""
    digest = hashlib.sha256(content).hexdigest()
    weights = manifest_path.with_name(weights_name(manifest_path.stem, digest))
    write_atomic(weights, content)
    return Stored(weights, digest)


def receive_weights(manifest_path: Path, digest: str, pieces: Iterable[bytes]) -> Stored:
    """As `save_weights`, of bytes that come in pieces and have to have a SHA-256.

    Raises:
        ModelError: They have another; nothing of them is kept.
    """
    weights = manifest_path.with_name(weights_name(manifest_path.stem, digest))
    found = hashlib.sha256()

    def checked() -> Iterator[bytes]:
        for piece in pieces:
            found.update(piece)
            yield piece
        if found.hexdigest() != digest:
            raise ModelError(f"{weights}: its SHA-256 differs from the manifest's, so it is not kept")

    write_pieces(weights, checked())
    return Stored(weights, digest)


def finish(manifest_path: Path, manifest: Mapping[str, Any], stored: Stored) -> None:
    """Write the manifest of weights that are stored, and remove those before them."""
    weights, digest = stored
    whole = {**manifest, "format": FORMAT, "weights": weights.name, "sha256": digest}
    write_atomic(manifest_path, manifest_bytes(whole))
    for old in manifest_path.parent.glob(f"{manifest_path.stem}-*.safetensors"):
        if old != weights:
            old.unlink(missing_ok=True)
    for temporary in manifest_path.parent.glob(".*.tmp"):  # of processes that were killed as they wrote
        with suppress(FileNotFoundError):
            if time.time() - temporary.stat().st_mtime > _ABANDONED:
                temporary.unlink()


def weights_name(stem: str, digest: str) -> str:
    """Return the name of the weights beside the manifest `stem`.json."""
    return f"{stem}-{digest[:12]}.safetensors"


def read_manifest(manifest_path: Path) -> dict[str, Any]:
    """Read and check a manifest.

    Raises:
        ModelError: It is absent, damaged, or of a format that this version does not know.
    """
    return parse_manifest(read_manifest_bytes(manifest_path), manifest_path.stem, str(manifest_path))


def read_manifest_bytes(manifest_path: Path) -> bytes:
    """Read a manifest and no more of it than is needed to see that it is too long.

    Raises:
        ModelError: It cannot be read.
    """
    try:
        with manifest_path.open("rb") as file:
            return file.read(MAX_MANIFEST + 1)
    except OSError as error:
        raise ModelError(f"{manifest_path}: cannot be read as a manifest ({error.strerror or shown(error)})") from None


def parse_manifest(content: bytes, stem: str, where: str) -> dict[str, Any]:
    """Read and check the bytes of a manifest whose file is `stem`.json; `where` names it in what is said of it.

    Raises:
        ModelError: As `read_manifest`.
    """
    try:
        if len(content) > MAX_MANIFEST:
            raise ValueError(f"it has more than {MAX_MANIFEST:,} bytes")
        manifest = json.loads(content)
        checksum = manifest.pop("checksum")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{where}: cannot be read as a manifest ({shown(error)})") from None
    if checksum != _checksum(manifest):
        raise ModelError(f"{where}: its checksum differs from what it says, so the file is damaged")
    if manifest.get("format") != FORMAT:
        raise ModelError(f"{where}: format {repr(manifest.get('format'))}, but this version reads {FORMAT}: {UPDATE}")
    digest = manifest.get("sha256")
    if not isinstance(digest, str) or manifest.get("weights") != weights_name(stem, digest):
        raise ModelError(f"{where}: does not name its weights by their SHA-256")
    return dict(manifest)


def load(
    manifest_path: Path, expected: Callable[[dict[str, Any]], headers.Layouts]
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Load what `save` wrote.

    Args:
        manifest_path: The JSON file.
        expected: Tells from the manifest what tensors there must be; a file with others is refused.

    Raises:
        ModelError: A file is absent or damaged, or its tensors are others; nothing of it is used.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load as load_tensors

    manifest = read_manifest(manifest_path)
    weights = manifest_path.with_name(manifest["weights"])
    content = read_weights(weights, manifest["sha256"], expected(manifest))
    try:
        return manifest, load_tensors(content)
    except SafetensorError as error:
        raise ModelError(f"{weights}: not a safetensors file ({error})") from None


def read_weights(weights: Path, digest: str, expected: headers.Layouts | None = None) -> bytes:
    """Read the bytes of weights whose checksum, names, shapes and types are right.

    Raises:
        ModelError: They are not; says which tensor.
    """
    try:
        with weights.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise ModelError(f"{weights}: its SHA-256 differs from the manifest's, so the file is damaged")
            size = file.tell()
            file.seek(0)
            found = headers.read_layouts(file, size, str(weights))
            if expected is not None:
                headers.validate_layouts(found, expected, str(weights))
            file.seek(0)
            return file.read(size)
    except OSError as error:
        raise ModelError(f"{weights}: cannot be read ({error.strerror})") from None


def update(manifest_path: Path, changes: Mapping[str, Any]) -> None:
    """Change values in a manifest and leave its weights as they are."""
    whole = {**read_manifest(manifest_path), **changes}
    write_atomic(manifest_path, manifest_bytes(whole))


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """Return a manifest as its file holds it, with the checksum over the rest."""
    whole = {**manifest, "checksum": _checksum(manifest)}
    return (json.dumps(whole, indent=2, ensure_ascii=False) + "\n").encode()


def _checksum(manifest: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
