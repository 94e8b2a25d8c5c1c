"""MNIST from the network: a built-in list of mirrors, every file checked before it is kept."""

from __future__ import annotations

import hashlib
import time
import urllib.request
import zlib
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path

from ganmnist.storage.atomic import write_atomic

MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
_TOTAL = 11_594_722  # bytes of the four gzip'd files, for the progress alone
_LIMIT = 64 << 20  # bytes, inflated or not; the largest file has 47 MB
_SILENCE = 10.0  # seconds without a byte before a mirror is given up
_PATIENCE = 300.0  # seconds for one file


def fetch(digests: Mapping[str, str], folder: Path, on_progress: Callable[[float, str], object]) -> None:
    """Download the files that are not in the folder yet, as `name.gz`.

    Args:
        digests: SHA-256 of each file once inflated, by its name without `.gz`.
        folder: Where to; a file appears there whole and checked, or not at all.
        on_progress: Called with percent of all files and a few words.

    Raises:
        OSError: No mirror gave a file; says what each of them answered.
    """
    got = 0
    for name, digest in digests.items():
        target = folder / f"{name}.gz"
        if target.exists():
            got += target.stat().st_size
            continue
        answers = []
        for mirror in MIRRORS:
            try:
                content = _get(
                    f"{mirror}{name}.gz",
                    lambda size, got=got: on_progress(  # type: ignore[misc]
                        min(100.0 * (got + size) / _TOTAL, 99.0), "downloading MNIST"
                    ),
                )
                _check(content, digest)
            except (OSError, ValueError, HTTPException) as error:
                answers.append(f"{mirror}: {error}")
            else:
                write_atomic(target, content)
                got += len(content)
                break
        else:
            raise OSError("; ".join(answers))


def _get(url: str, on_bytes: Callable[[int], object]) -> bytes:
    content = bytearray()
    deadline = time.monotonic() + _PATIENCE
    with urllib.request.urlopen(url, timeout=_SILENCE) as response:
        while piece := response.read(1 << 16):
            content += piece
            on_bytes(len(content))
            if len(content) > _LIMIT or time.monotonic() > deadline:
                raise OSError("too much, or too slow")
    return bytes(content)


def _check(content: bytes, digest: str) -> None:
    """Raise ValueError unless the bytes inflate to what the digest says."""
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        inflated = inflater.decompress(content, _LIMIT)
    except zlib.error as error:
        raise ValueError(f"not gzip ({error})") from None
    if hashlib.sha256(inflated).hexdigest() != digest:
        raise ValueError("another file than MNIST's (SHA-256 differs)")
