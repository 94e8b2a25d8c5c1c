"""Digits as a file that a request asks for, of a size that is made and sent while somebody waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge_server.contract.digits import ExportRequest
from bridge_server.contract.media import MEDIA
from bridge_server.contract.replies import Attachment
from ganmnist.errors import SettingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bridge_server.encoding.file_process import FileProcess
    from ganmnist.models.manifest import Source

# Vertices at most, which take two to four seconds of a slow core: objects of their own kind are made for each.
_MANY, _FEW = 400_000, 120_000
_SLOW = ("3dm", "json")
_AT_ONCE = 6_000  # vertices that take a few milliseconds: as one digit in any form


def validate_export(request: ExportRequest, count: int, pixels: int = 784) -> None:
    """Refuse a form that the file cannot show, and so many digits that it would take too long, before any is drawn.

    Raises:
        SettingError: It names the files that can, or the number of digits that fit.
    """
    from ganmnist.export.write import validate_settings
    from ganmnist.geometry.forms import FORMS

    if request.form != "images":
        validate_settings(f".{request.format}", request.model_fields_set & {"form"})
    most = _FEW if request.format in _SLOW else _MANY
    if vertices(request, count, pixels) > most:
        each = FORMS[request.form].max_vertices(pixels, request)
        raise SettingError(
            f"count: {count} digits as {request.form} make up to {count * each:,} vertices, at most {most:,} are "
            f"written to .{request.format}: lower it to {most // each}, or use the command line (ganmnist generate)"
        )


def vertices(request: ExportRequest, count: int, pixels: int = 784) -> int:
    """Return how many vertices a file of so many digits has at most; 0 where it holds images."""
    from ganmnist.geometry.forms import FORMS

    if request.format in ("png", "gif", "npy") or request.form == "images":
        return 0
    return count * FORMS[request.form].max_vertices(pixels, request)


def exported(
    request: ExportRequest,
    source: Source,
    z: NDArray[np.float32],
    images: NDArray[np.uint8],
    process: FileProcess,
) -> Attachment:
    """Put digits and the whole vectors they came from into a file; a large one is written by the process.

    Raises:
        SettingError: A form that the file cannot hold, or units where it has no place for them.
    """
    from ganmnist.export.write import file_bytes, remarks_on
    from ganmnist.models.provenance import Provenance

    record = Provenance.of(source, request.seed, request, z, request.units)
    write = process.file_bytes if vertices(request, len(images)) > _AT_ONCE else file_bytes
    content = write(f".{request.format}", images, record.geometry, record)
    remarks = tuple(remarks_on(f".{request.format}", request.form))
    return Attachment(f"{source.model}.{request.format}", content, MEDIA[request.format], remarks)
