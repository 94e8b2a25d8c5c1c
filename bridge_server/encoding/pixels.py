"""Pixels as the contract sends them: bytes, Rhino objects, image grids of digits."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from bridge_server.contract.base import Picture, Pixels, RhinoObject

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ganmnist.geometry.pieces import Piece

COLUMNS = 4  # digits side by side in a preview


def rhino(piece: Piece) -> list[RhinoObject]:
    """Turn geometry into openNURBS text, one for each object."""
    from ganmnist.export.rhino import encode

    return [RhinoObject(archive3dm=archive, opennurbs=version, data=data) for archive, version, data in encode(piece)]


def image_grid_picture(number: int, images: NDArray[np.uint8], columns: int = COLUMNS, below: bool = False) -> Picture:
    """Make the picture of images side by side: uint8 (N, rows, columns), on the X axis or below it."""
    from ganmnist.geometry.layout import image_grid_mesh

    return Picture(number=number, mesh=rhino(image_grid_mesh(images, columns, below=below))[0])


def pixels(images: NDArray[np.uint8]) -> Pixels:
    """Turn images, uint8 (N, rows, columns), into bytes."""
    count, rows, columns = images.shape
    return Pixels(shape=(count, rows, columns), data=base64.b64encode(images.tobytes()).decode())


def floats(numbers: NDArray[np.float32]) -> str:
    """Turn float32 numbers of any shape into base64 of them, little endian."""
    return base64.b64encode(numbers.astype("<f4").tobytes()).decode()


def owned(pieces: list[Piece]) -> tuple[list[RhinoObject], list[int]]:
    """Turn geometry into openNURBS text, and tell which piece each object belongs to; one left empty has none."""
    from ganmnist.geometry.pieces import is_empty

    objects = [[] if is_empty(piece) else rhino(piece) for piece in pieces]
    return [each for some in objects for each in some], [owner for owner, some in enumerate(objects) for _ in some]
