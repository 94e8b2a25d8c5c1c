"""Digits as files: which kinds there are, and what each holds."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ganmnist.config import Form, GeometryConfig
from ganmnist.errors import SettingError
from ganmnist.export.label import Label
from ganmnist.export.mesh_formats import obj, ply, stl, three_mf
from ganmnist.export.pictures import SCALE, enlarge, gif, grid_columns, sample_grid, viewing_scale
from ganmnist.export.rhino import three_dm
from ganmnist.geometry.forms import FORMS, build, print_remark
from ganmnist.geometry.pieces import Curves, Mesh, Piece, Points, is_empty
from ganmnist.models.provenance import KEY, Provenance
from ganmnist.storage.atomic import write_atomic

_SIDE = 28  # pixels of a digit
_FRAME = 200  # milliseconds that a digit is shown in a GIF
# At most, so that memory and whoever opens the file take it: images of a picture, vertices of geometry.
_MAX_IMAGES = {".png": 100_000, ".gif": 2_000}
_MAX_VERTICES = 2_000_000
_MAX_OBJECT_VERTICES = 1_000_000  # where objects are made of each, .3dm and .json
_ANYWAY = 256  # digits that any file holds: what a form may have at most is reckoned far too high for some


def write(
    path: Path,
    images: NDArray[np.uint8],
    config: GeometryConfig | None = None,
    record: Provenance | None = None,
    scale: int | None = None,
) -> None:
    """Write images, or the geometry made of them; the ending of the file's name says what.

    Args:
        path: .npy (uint8, N x 28 x 28), .png (an image grid) and .gif (one after the other) hold the images; .obj,
            .stl, .ply, .3mf, .3dm and .json (COMPAS) their geometry.
        images: uint8 (N, rows, columns).
        config: Form, cell, height and plane of the geometry, and how many digits stand side by side.
        record: Where they come from. The file holds it, and says in which units it is, as far as it has a place.
        scale: Pixels of a picture to the side of an image's pixel; 1 in a .png and 8 in a .gif unless given.

    Raises:
        SettingError: An unknown ending, a form that the file cannot hold, or units where it has no place for them.
    """
    write_atomic(path, file_bytes(ending_of(path), images, config or GeometryConfig(), record, scale))


def ending_of(path: Path) -> str:
    """Return the ending that says what kind of file it is.

    Raises:
        SettingError: There is no such kind.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise SettingError(f"out: {path.name} ends in {ending or 'nothing'}; known endings are {', '.join(ENDINGS)}")
    return ending


def file_bytes(
    ending: str,
    images: NDArray[np.uint8],
    config: GeometryConfig,
    record: Provenance | None = None,
    scale: int | None = None,
) -> bytes:
    """Return what `write` writes: the same arguments give the same bytes."""
    _check_units(ending, record)
    validate_size(ending, len(images), config, images[0].size if len(images) else 0)
    label = Label(config.form, record, (record.units if record else None) or "mm")
    if config.invert and ending in (".npy", *_PICTURES):
        images = 255 - images
    if ending == ".npy":
        return _npy(images)
    if ending in _PICTURES:
        return _PICTURES[ending](images, config.columns, label.text(), scale)
    return _geometry(ending, build(images, config), label)


def validate_settings(ending: str, given: Iterable[str], *, in_rows: bool = True) -> None:
    """Refuse settings of geometry for a file that holds images.

    Args:
        ending: Of the file's name.
        given: Names of the settings that were given, of GeometryConfig.
        in_rows: A picture of it has rows, so that `columns` can be shown.

    Raises:
        SettingError: The file cannot show one of them.
    """
    if ending not in (".npy", *_PICTURES):
        return
    seen = {"invert", *(["columns"] if in_rows and ending == ".png" else [])}
    for name in given:
        if name not in seen:
            raise SettingError(
                f"{name}: is of geometry, and a {ending} file holds the images: leave it out, or choose "
                f"{', '.join(_KINDS)}"
            )


def validate_size(ending: str, count: int, config: GeometryConfig, pixels: int = 784) -> None:
    """Refuse more digits than a kind of file can hold, before they are drawn. Arrays, .npy, take any number.

    Args:
        ending: Of the file's name.
        count: Number of digits.
        config: Their form.
        pixels: Of each.

    Raises:
        SettingError: They are too many; names how many would do.
    """
    if ending in _MAX_IMAGES:
        most, what = _MAX_IMAGES[ending], ""
    elif ending in _KINDS and config.form != "images":
        each = FORMS[config.form].max_vertices(pixels, config)
        vertices = _MAX_OBJECT_VERTICES if ending in (".3dm", ".json") else _MAX_VERTICES
        most, what = max(vertices // max(each, 1), _ANYWAY), f" as {config.form}, up to {each:,} vertices each"
    else:
        return
    if count > most:
        raise SettingError(
            f"count: a {ending} file holds {most:,} digits at most{what}, got {count:,}: lower it, or write .npy"
        )


def scale_to_look_at(ending: str, count: int, columns: int | None, wanted: int | None) -> int | None:
    """Return the scale of a picture of digits that people are to look at, as `write` takes it, before they are drawn.

    Args:
        ending: Of the file's name.
        count: Number of digits.
        columns: Digits side by side, in a .png; near a square unless given.
        wanted: What was asked for.

    Returns:
        None where the file is no picture.

    Raises:
        SettingError: A scale was asked for, and the file is no picture or would be too large.
    """
    if ending not in _PICTURES:
        if wanted:
            raise SettingError(
                f"scale: is of pictures, and {ending} is none: leave it out, or choose {', '.join(_PICTURES)}"
            )
        return None
    if ending == ".gif":
        return viewing_scale(_SIDE, _SIDE, wanted, count)
    side_by_side = columns or grid_columns(count)
    return viewing_scale(_SIDE * side_by_side, _SIDE * -(-count // side_by_side), wanted)


def write_picture(path: Path, picture: Image.Image) -> None:
    """Write a picture as PNG."""
    write_atomic(path, _saved(picture, "PNG"))


def write_geometry(path: Path, pieces: Sequence[Piece], form: Form) -> None:
    """Write geometry as .obj, .stl, .ply, .3mf, .3dm or .json (COMPAS).

    Args:
        path: Its ending says what.
        pieces: What to write; those in which nothing is left are passed over.
        form: What they are, for the names in the file and for what goes wrong.

    Raises:
        SettingError: A form that the file cannot hold, or nothing to write.
    """
    write_atomic(path, _geometry(path.suffix.lower(), pieces, Label(form)))


def _geometry(ending: str, pieces: Sequence[Piece], label: Label) -> bytes:
    full = {number: piece for number, piece in enumerate(pieces, 1) if not is_empty(piece)}
    if not full:
        reason = "no pixel is white enough: lower the threshold" if pieces else "it has no geometry: choose another"
        raise SettingError(f"form: {label.form} leaves nothing for {ending}; {reason}")
    able = endings_for(label.form)
    if ending not in able:
        raise SettingError(
            f"form: {label.form} cannot be written as {ending}: choose {', '.join(able)}, or another form"
        )
    return _KINDS[ending].write(full, label)


def remarks_on(ending: str, form: Form) -> list[str]:
    """Return what there is to say of a form in a kind of file: in one that printers take, that it cannot be printed."""
    remark = print_remark(form)
    return [remark] if remark and ending in PRINTED else []


def endings_for(form: Form) -> list[str]:
    """Return the endings of the files that can hold a form: pictures for images, geometry for all others."""
    if form == "images":
        return [".npy", *_PICTURES]
    return [ending for ending, kind in _KINDS.items() if issubclass(FORMS[form].piece, kind.holds)]


def _check_units(ending: str, record: Provenance | None) -> None:
    if record and record.units and ending not in _WITH_UNITS:
        raise SettingError(f"units: {ending} has no place for them: leave them out, or choose {', '.join(_WITH_UNITS)}")


def _npy(images: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    np.save(file, images, allow_pickle=False)
    return file.getvalue()


def _png(images: NDArray[np.uint8], columns: int | None, text: str | None, scale: int | None) -> bytes:
    """Return an image grid, the record as text of the picture."""
    info = PngInfo()
    if text:
        info.add_text(KEY, text)
    return _saved(enlarge(sample_grid(images, columns), scale or 1), "PNG", pnginfo=info)


def _gif(images: NDArray[np.uint8], columns: int | None, text: str | None, scale: int | None) -> bytes:
    """Return the images one after the other, for ever, the record as comment."""
    return gif(images, _FRAME, text or "", scale or SCALE)


def _saved(picture: Image.Image, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def _json(pieces: Mapping[int, Piece], label: Label) -> bytes:
    """COMPAS: a mesh or a point cloud for each digit, for contours a list of polylines, and where they come from."""
    from compas.data import json_dumps

    records = label.record.each() if label.record else []
    made = []
    for number, piece in pieces.items():
        objects = piece.to_compas()
        for each in objects if isinstance(objects, list) else [objects]:
            each.name = f"digit {number}"
            if records and isinstance(piece, Mesh):
                each.attributes[KEY] = json.loads(records[number - 1])
        made.append(objects)
    if label.record is None:
        return str(json_dumps(made, minimal=True)).encode()
    return str(json_dumps({KEY: label.record.model_dump(mode="json"), "digits": made}, minimal=True)).encode()


class _Kind(NamedTuple):
    """A kind of file that holds geometry."""

    holds: tuple[type[Piece], ...]
    write: Callable[..., bytes]


_PICTURES = {".png": _png, ".gif": _gif}
_KINDS = {
    ".obj": _Kind((Mesh, Curves, Points), obj),
    ".stl": _Kind((Mesh,), stl),
    ".ply": _Kind((Mesh, Points), ply),
    ".3mf": _Kind((Mesh,), three_mf),
    ".3dm": _Kind((Mesh, Curves, Points), three_dm),
    ".json": _Kind((Mesh, Curves, Points), _json),
}
PRINTED = (".stl", ".3mf")
_WITH_UNITS = (".3mf", ".3dm")
WITH_RECORD = (*_PICTURES, *(ending for ending in _KINDS if ending != ".stl"))  # which .npy has no place for either
ENDINGS = (".npy", *_PICTURES, *_KINDS)
