"""Coloured meshes and points as openNURBS text, written straight from arrays.

rhino3dm writes the same text, but deflates meshes as hard as it can: 20 ms for a relief of 28 x 28, longer than a
frame. This writer takes half a millisecond. Points it takes one by one, and holds Python's interpreter meanwhile: three
seconds for 400,000. The layout is that of an object in a 3dm archive of version 6 (Rhino 6 and later): chunks of
a typecode, a length, a body and the CRC-32 of the body without the chunks inside it.
"""

from __future__ import annotations

import base64
import struct
import zlib
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from ganmnist.geometry.heightfield import unit
from ganmnist.geometry.pieces import Mesh, Points
from ganmnist.pixels import Images

ARCHIVE, VERSION = 60, -1869833980  # as Rhino's CommonObject.FromBase64String wants them
_OBJECT, _CLASS_ID, _CLASS_DATA, _CLASS_END, _ANONYMOUS = 0x00027FFA, 0x0002FFFB, 0x0002FFFC, 0x80027FFF, 0x40008000
_MESH_CLASS = UUID("4ed7d4e4-e947-11d3-bfe5-0010830122f0")
_CLOUD_CLASS = UUID("2488f347-f8fa-11d3-bfec-0010830122f0")
_SMALL = 32_768  # bytes, of which a relief has three such arrays: to deflate them would take a sixth of its time
_UNSET = -1.23432101234321e308  # openNURBS' mark for "no number"
_NO_BOX = (1.0, 1.0, 1.0, -1.0, -1.0, -1.0)
_UNKNOWN = b"".join(
    (
        struct.pack("<8d", *[_UNSET] * 8) + bytes(16),  # domains and scale of the surface that a mesh never came from
        struct.pack("<16f", *_NO_BOX, *_NO_BOX, 1, 1, -1, -1),  # boxes, computed when read
        struct.pack("<i", -1) + bytes(5),  # closed: not known; no mesh parameters, no curvature statistics
    )
)


def encode_mesh(mesh: Mesh) -> tuple[int, int, str]:
    """Encode a mesh as Rhino's CommonObject.ToBase64String does.

    Returns:
        Archive version, openNURBS version and base64 text.
    """
    return _object(_MESH_CLASS, _mesh(mesh))


def encode_points(points: Points) -> tuple[int, int, str]:
    """Encode points as a point cloud, as `encode_mesh` does a mesh."""
    return _object(_CLOUD_CLASS, _cloud(points.points(), points.greys()))


def _object(kind: UUID, body: bytes) -> tuple[int, int, str]:
    uuid = kind.bytes_le
    inner = (
        struct.pack("<Iq", _CLASS_ID, len(uuid) + 4) + uuid + struct.pack("<I", zlib.crc32(uuid)),
        struct.pack("<Iq", _CLASS_DATA, len(body)) + body,
        struct.pack("<Iq", _CLASS_END, 0),
    )
    content = b"".join(inner)
    return ARCHIVE, VERSION, base64.b64encode(struct.pack("<Iq", _OBJECT, len(content)) + content).decode()


class _Chunk:
    """The body of a chunk under way, with the checksum over its own bytes alone."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._crc = 0

    def add(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._parts.append(piece)
            self._crc = zlib.crc32(piece, self._crc)

    def nest(self, body: bytes) -> None:
        self._parts.append(struct.pack("<Iq", _ANONYMOUS, len(body)) + body)

    def end(self) -> bytes:
        return b"".join([*self._parts, struct.pack("<I", self._crc)])


def _identity_mapping() -> bytes:
    chunk = _Chunk()
    chunk.add(struct.pack("<ii", 1, 1), bytes(16 + 4), np.eye(4).tobytes(), bytes(4))
    return chunk.end()


_IDENTITY_MAPPING = _identity_mapping()


def _cloud(points: NDArray[np.float64], greys: Images) -> bytes:
    chunk = _Chunk()
    chunk.add(b"\x12", struct.pack("<i", len(points)), points.astype("<f8").tobytes())  # version 1.2
    chunk.add(struct.pack("<3d", 0, 0, 0), np.eye(3).tobytes(), struct.pack("<4d", 0, 0, 1, 0))  # the world's plane
    chunk.add(struct.pack("<6d", 1, 0, 0, -1, 0, 0))  # box, computed when read
    chunk.add(bytes(4 + 4))  # no order; no normals
    chunk.add(struct.pack("<i", len(points)), _colors(greys).tobytes(), bytes(4))  # no values
    return chunk.end()


def _colors(greys: Images) -> NDArray[np.uint8]:
    """Return red, green, blue, and 0 for opaque: uint8 (N, 4)."""
    colors = np.zeros((len(greys), 4), np.uint8)
    colors[:, :3] = greys[:, None]
    return colors


def _mesh(mesh: Mesh) -> bytes:
    count, faces = len(mesh.vertices), len(mesh.faces)
    chunk = _Chunk()
    chunk.add(b"\x38", struct.pack("<ii", count, faces))  # version 3.8
    chunk.add(_UNKNOWN)
    kind = np.uint8 if count < 1 << 8 else np.uint16 if count < 1 << 16 else np.int32
    chunk.add(struct.pack("<i", kind().nbytes), mesh.faces.astype(kind).tobytes())
    _buffer(chunk, mesh.vertices.astype(np.float32))
    _buffer(chunk, _normals(mesh))
    chunk.add(bytes(8))  # no texture coordinates, no curvatures
    _buffer(chunk, _colors(mesh.colors))
    chunk.add(bytes(4 + 16 + 4))  # no rotated texture, no texture mapping: its id, its kind
    chunk.nest(_IDENTITY_MAPPING)
    chunk.add(bytes(4), b"\x01")  # no n-gons; double precision vertices follow
    chunk.nest(_double_vertices(mesh.vertices))
    chunk.add(struct.pack("<6d", *[_UNSET] * 6))
    return chunk.end()


def _buffer(chunk: _Chunk, array: NDArray[np.generic]) -> None:
    """Add an array with its size and checksum; a large one is deflated, lightly."""
    raw = array.tobytes()
    large = len(raw) > _SMALL
    chunk.add(struct.pack("<IIB", len(raw), zlib.crc32(raw), large))
    if not large:
        chunk.add(raw)
        return
    packed = zlib.compress(raw, 1)
    chunk.nest(packed + struct.pack("<I", zlib.crc32(packed)))


def _double_vertices(vertices: NDArray[np.float64]) -> bytes:
    chunk = _Chunk()
    chunk.add(struct.pack("<iii", 1, 0, len(vertices)))
    _buffer(chunk, vertices)
    return chunk.end()


def _normals(mesh: Mesh) -> NDArray[np.float32]:
    """Return the unit normal of each vertex, the mean of its quads' unit normals, as Rhino computes it."""
    axes = np.ascontiguousarray(mesh.vertices.T)  # numpy is quicker with rows than with triples
    corners = mesh.faces.T
    first, second, third, fourth = (
        axes.take(corner, 1) for corner in corners
    )  # a third of the time of axes[:, corner]
    (ax, ay, az), (bx, by, bz) = third - first, fourth - second
    across = unit(np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx]))
    at = corners.ravel()
    sums = np.empty_like(axes)
    for axis, shares in enumerate(np.concatenate([across] * 4, 1)):
        sums[axis] = np.bincount(at, shares, len(mesh.vertices))  # as np.add.at does, in the same order, and quicker
    return unit(sums).T.astype(np.float32)
