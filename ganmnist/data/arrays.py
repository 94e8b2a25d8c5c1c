"""Arrays of images and of labels, from NumPy's files and IDX files: of any numbers, told apart by their shapes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganmnist.data.classes import LONGEST
from ganmnist.data.files import DAMAGED, File, in_zip, opened
from ganmnist.data.idx import MAX_IMAGES, read_open_idx
from ganmnist.data.kinds import Kind
from ganmnist.data.splits import Split, split_of
from ganmnist.errors import DataError, shape_text, shown
from ganmnist.networks.spec import MAX_CLASSES
from ganmnist.storage.bounded import MAX_INFLATED, most_inflated, read_at_most

_BT601 = np.array([0.299, 0.587, 0.114], np.float32)  # how bright red, green and blue are
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_REMEDY = "save images as (N, 28, 28) and labels as (N,)"
_WORDS = ", words of pandas by .astype(str)"
_SMOOTH = 1e-3  # that the shares of a label's classes may miss 1 by
_HEADER = 4096  # bytes, in which that of an array of texts has ended
_LETTER = {"S": 1, "U": 4}  # bytes of a letter in arrays of texts
_QMNIST = 8  # columns of its labels, the first of which is the digit


class Named(NamedTuple):
    """An array, what it is called where something is wrong, and which split its name tells."""

    where: str
    name: str
    split: Split | None
    array: NDArray[Any]


def read_array_file(file: File, kind: Kind) -> Iterator[Named]:
    """Read all arrays of an IDX, .npy or .npz file.

    Raises:
        DataError: Damaged, too large, or of what is no numbers.
    """
    name = "/".join(file.parts)
    if kind is Kind.ZIP:
        with opened(file) as reading:
            content = reading.content
            if reading.is_packed:
                content = io.BytesIO(read_at_most(content, most_inflated(reading.size)))
            for inner in in_zip(content, file.where).files:
                yield _named(inner, f"{name}/{inner.parts[-1]}")
    elif kind is Kind.IDX:
        packed, size = file.packed()
        with packed:
            array, _ = read_open_idx(packed, size, file.where)
        yield Named(file.where, name, split_of(name), array)
    else:
        yield _named(file, name)


def images_in(array: NDArray[Any], where: str) -> NDArray[Any] | None:
    """Return images (N, 28, 28), their numbers as they are; None if the shape is not that of such images.

    Raises:
        DataError: A number is not finite.
    """
    found = _as_images(array)
    if found is not None and len(found) and not np.isfinite([found.min(), found.max()]).all():
        raise DataError(f"{where}: has pixels that are no finite numbers: mend how they were made")
    return found


def to_labels(array: NDArray[Any]) -> NDArray[Any] | None:
    """Return a label for each image, (N,), also of one-hot rows; None if the array is not of labels.

    Rows may be shares of each class that make 1, or QMNIST's, which begin with the digit.
    """
    if array.ndim == 2 and (array.shape[1] == 1 or (array.shape[1] == _QMNIST and _are_qmnists(array))):
        array = array[:, 0]
    if array.ndim == 2 and array.dtype.kind == "f" and 1 < array.shape[1] <= MAX_CLASSES and array.shape[0]:
        are_shares = array.min() >= 0 and (np.abs(array.sum(1) - 1) <= _SMOOTH * array.shape[1]).all()
        return array.argmax(1) if are_shares else None
    if array.ndim == 2 and array.shape[1] != 784 and array.shape[0] and set(np.unique(array).tolist()) == {0, 1}:
        return array.argmax(1) if (array.sum(1) == 1).all() else None
    if array.ndim != 1:
        return None
    if array.dtype.kind == "f" and np.isfinite(array).all() and (array == np.rint(array)).all():
        return array.astype(np.int64)
    if array.dtype.kind == "S":
        return array.astype(str)
    return array if array.dtype.kind in "iubU" else None


def _are_qmnists(array: NDArray[Any]) -> bool:
    is_digit = array.dtype.kind in "iu" and len(array) > 0 and array[:, 0].min() >= 0 and array[:, 0].max() <= 9
    return bool(is_digit and array.max() > 1)  # which one-hot rows do not go beyond


def described(array: NDArray[Any]) -> str:
    """Say what shape an array has, and of which numbers it is."""
    return f"{shown(array.dtype)} {shape_text(array.shape)}"


def _as_images(array: NDArray[Any]) -> NDArray[Any] | None:
    """Return an array of any common layout as (N, 28, 28), colours as the greys that they are."""
    if array.dtype.kind not in "biuf":
        return None
    if array.shape[1:] == (3, 28, 28):
        array = np.moveaxis(array, 1, -1)
    if array.ndim == 4 and array.shape[1:] == (28, 28, 3):
        grey: NDArray[Any] = array.astype(np.float32) @ _BT601
        return np.rint(grey).astype(np.uint8) if array.dtype == np.uint8 else grey
    if array.shape[1:] in ((28, 28), (784,), (28, 28, 1), (1, 28, 28), (784, 1)):
        return array.reshape(-1, 28, 28)
    return None


def _named(file: File, name: str) -> Named:
    """Read a .npy file, never more of it than its header promises."""
    _check_letters(file)
    with opened(file) as reading:
        content = reading.content
        try:
            shape, is_fortran, kind = _HEADERS[np.lib.format.read_magic(content)](content)
        except Exception as error:  # the header is parsed as Python is: errors of all kinds for damaged bytes
            raise DataError(f"{file.where}: is no array of NumPy's, or damaged ({shown(error)})") from None
        try:
            promised = prod(shape) * kind.itemsize
            if kind.hasobject:
                raise DataError(f"{file.where}: holds objects of Python, which are never read: {_REMEDY}{_WORDS}")
            most = most_inflated(reading.size) if reading.is_packed else MAX_INFLATED
            if promised > most or shape[:1] > (MAX_IMAGES,):
                raise DataError(
                    f"{file.where}: its header promises {shown(shape)}, {promised:,} bytes; at most {MAX_IMAGES:,} "
                    f"images and {most:,} bytes are taken"
                )
            body = read_at_most(content, promised)
        except DAMAGED as error:
            raise DataError(f"{file.where}: is no array of NumPy's, or damaged ({shown(error)})") from None
    if len(body) != promised:
        came = f"{len(body):,}" if len(body) < promised else "more"
        raise DataError(f"{file.where}: expected {promised:,} bytes after the header, got {came}: save it anew")
    try:
        array = np.frombuffer(body, kind)
        array = array.reshape(shape[::-1]).T if is_fortran else array.reshape(shape)
    except ValueError as error:  # words without letters
        raise DataError(f"{file.where}: is no array of images or labels ({shown(error)})") from None
    return Named(file.where, name, split_of(name), array)


def _check_letters(file: File) -> None:
    """Raise if an array of texts has room for longer ones than labels are, before a file in a zip is inflated."""
    try:
        content = io.BytesIO(file.head(_HEADER))
        kind = _HEADERS[np.lib.format.read_magic(content)](content)[2]
    except Exception:  # which is said where all of it is read
        return
    letters = kind.itemsize // _LETTER.get(kind.kind, kind.itemsize or 1)
    if letters > LONGEST:
        raise DataError(
            f"{file.where}: expected labels of at most {LONGEST} letters, its header has room for {letters:,} in each: "
            f"save them by .astype('U{LONGEST}')"
        )
