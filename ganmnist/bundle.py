"""Tensors on disk: safetensors beside a JSON manifest that names them by checksum.

The manifest is written last and atomically, so it is the moment a save counts. Neither torch nor safetensors notices a
flipped byte, so every load compares the SHA-256 of both.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganmnist.errors import ModelError
from ganmnist.files import read_json, write_atomic, write_json

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = 1
_HEADER_LIMIT = 1 << 20
_ABANDONED = 60.0  # seconds after which nobody is still writing a temporary file


def save(manifest_path: Path, manifest: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Save tensors and what belongs to them.

    Args:
        manifest_path: The JSON file. The weights lie beside it, named by their checksum; those it replaces are removed.
        manifest: JSON values. `format`, `weights`, `sha256` and `checksum` are added.
        tensors: Tensors by name, in any memory format.
    """
    from safetensors.torch import save as to_bytes

    content = to_bytes({name: tensor.contiguous() for name, tensor in tensors.items()})
    digest = hashlib.sha256(content).hexdigest()
    weights = manifest_path.with_name(f"{manifest_path.stem}-{digest[:12]}.safetensors")
    write_atomic(weights, content)
    whole = {**manifest, "format": FORMAT, "weights": weights.name, "sha256": digest}
    write_json(manifest_path, {**whole, "checksum": _checksum(whole)})
    for old in manifest_path.parent.glob(f"{manifest_path.stem}-*.safetensors"):
        if old != weights:
            old.unlink(missing_ok=True)
    for temporary in manifest_path.parent.glob(".*.tmp"):  # of processes that were killed as they wrote
        with suppress(FileNotFoundError):
            if time.time() - temporary.stat().st_mtime > _ABANDONED:
                temporary.unlink()


def read_manifest(manifest_path: Path) -> dict[str, Any]:
    """Read and check a manifest.

    Raises:
        ModelError: It is absent, damaged, or of a format that this version does not know.
    """
    try:
        manifest = read_json(manifest_path)
        checksum = manifest.pop("checksum")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{manifest_path}: cannot be read as a manifest ({error})") from None
    if checksum != _checksum(manifest):
        raise ModelError(f"{manifest_path}: its checksum differs from what it says, so the file is damaged")
    if manifest.get("format") != FORMAT:
        raise ModelError(
            f"{manifest_path}: format {manifest.get('format')}, but this version reads {FORMAT}: update ganmnist"
        )
    return dict(manifest)


def load(manifest_path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Load what `save` wrote.

    Raises:
        ModelError: A file is absent or damaged; nothing of it is used.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load as load_tensors

    manifest = read_manifest(manifest_path)
    weights = manifest_path.with_name(manifest["weights"])
    try:
        content = weights.read_bytes()
    except OSError as error:
        raise ModelError(f"{weights}: cannot be read ({error.strerror})") from None
    if hashlib.sha256(content).hexdigest() != manifest["sha256"]:
        raise ModelError(f"{weights}: its SHA-256 differs from the manifest's, so the file is damaged")
    if int.from_bytes(content[:8], "little") > _HEADER_LIMIT:
        raise ModelError(f"{weights}: its header is larger than {_HEADER_LIMIT} bytes")
    try:
        return manifest, load_tensors(content)
    except SafetensorError as error:
        raise ModelError(f"{weights}: not a safetensors file ({error})") from None


def update(manifest_path: Path, changes: Mapping[str, Any]) -> None:
    """Change values in a manifest and leave its weights as they are."""
    whole = {**read_manifest(manifest_path), **changes}
    write_json(manifest_path, {**whole, "checksum": _checksum(whole)})


def _checksum(manifest: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
