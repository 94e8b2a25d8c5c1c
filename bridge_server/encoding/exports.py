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

    from ganmnist.models.manifest import Source

# Vertices at most, which take two to four seconds of a slow core: objects of their own kind are made for each.
_MANY, _FEW = 400_000, 120_000
_SLOW = ("3dm", "json")


def validate_export_size(request: ExportRequest, count: int, pixels: int = 784) -> None:
    """Refuse a file of so many digits that would take too long, before anything is drawn.

    Raises:
        SettingError: It names the number of digits that fit.
    """
    from ganmnist.geometry.forms import FORMS

    if request.format in ("png", "gif", "npy") or request.form == "images":
        return
    each = FORMS[request.form].max_vertices(pixels, request)
    most = _FEW if request.format in _SLOW else _MANY
    if count * each > most:
        raise SettingError(
            f"count: {count} digits as {request.form} make up to {count * each:,} vertices, at most {most:,} are "
            f"written to .{request.format}: lower it to {most // each}, or use the command line (ganmnist generate)"
        )


def exported(request: ExportRequest, source: Source, z: NDArray[np.float32], images: NDArray[np.uint8]) -> Attachment:
    """Put digits and the whole vectors they came from into a file.

    Raises:
        SettingError: A form that the file cannot hold, or units where it has no place for them.
    """
    from ganmnist.export.write import file_bytes
    from ganmnist.models.provenance import Provenance

    record = Provenance.of(source, request.seed, request, z, request.units)
    content = file_bytes(f".{request.format}", images, record.geometry, record)
    return Attachment(f"{source.model}.{request.format}", content, MEDIA[request.format])
