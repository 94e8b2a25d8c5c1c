"""Images and labels that lie in several arrays or tables, put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganmnist.data.classes import numbered
from ganmnist.data.files import File
from ganmnist.data.report import Reporting, listed
from ganmnist.data.splits import Parts, Split, how_split, is_given, split
from ganmnist.errors import DataError, shown

_Bytes = NDArray[np.uint8]


class Piece(NamedTuple):
    """Images, labels, or images with their labels.

    Attributes:
        file: What they lie in.
        where: What to call them where something is wrong.
        name: What to call them among others.
        split: As their name tells it.
        images: uint8 (N, 28, 28), if these are images.
        labels: For each image, numbers or words, if these are labels.
    """

    file: File
    where: str
    name: str
    split: Split | None
    images: _Bytes | None
    labels: NDArray[Any] | None


def put_together(
    where: str, pieces: Sequence[Piece], kind: str, remedy: str, report: Reporting
) -> tuple[Parts, tuple[str, ...]]:
    """Make training and test images of pieces.

    Args:
        where: What the user named.
        pieces: What was found.
        kind: What they are called: IDX file.
        remedy: What to do where there are too many.
        report: Told how the split was made, and what was left out.

    Returns:
        Training images uint8 (N, 28, 28), their labels (N,), test images and their labels; and the names of the
        classes, none if there are no labels.

    Raises:
        DataError: There are too many images or labels to tell what belongs to what, or not as many labels as images.
    """
    groups = _by_split(pieces, report)
    found = {each: _pair(where, group, kind, remedy) for each, group in groups.items()}
    images, labels = found.pop(Split.TRAIN)
    for each, (test_images, test_labels) in list(found.items()):
        if labels and not test_labels:
            del found[each]
            report.leave_out(test_images.file, "has no labels, while the training images have")
        elif test_labels and not labels:
            found[each] = test_images, None
            report.remarks.append(
                f"the labels of {shown(test_labels.name)} were left out: the training images have none"
            )
    named = [images, *(each for each, _ in found.values())]
    _remark_on_polarity(_images(images), report)
    numbers, classes = np.zeros(sum(len(_images(piece)) for piece in named), np.uint8), tuple[str, ...]()
    if labels:
        of_each = [labels, *(each for _, each in found.values() if each)]
        numbers, classes = numbered(np.concatenate([_labels(piece) for piece in of_each]), labels.where)
    if not found:
        report.split = how_split(numbers)
        return split(_images(images), numbers), classes
    test = np.concatenate([_images(piece) for piece in named[1:]])
    report.split = f"as they are called: {listed(piece.name for piece in named)}"
    count = len(_images(images))
    return (_images(images), numbers[:count], test, numbers[count:]), classes


def _by_split(pieces: Sequence[Piece], report: Reporting) -> dict[Split, list[Piece]]:
    """Return the pieces of each split: all for the training, where names do not tell any."""
    splits = {piece.split for piece in pieces}
    if not is_given(splits):
        if Split.TEST not in splits or None not in splits or len(splits) > 2:
            return {Split.TRAIN: list(pieces)}
        pieces = [piece if piece.split else piece._replace(split=Split.TRAIN) for piece in pieces]
    groups: dict[Split, list[Piece]] = {Split.TRAIN: []}
    for piece in pieces:
        if piece.split:
            groups.setdefault(piece.split, []).append(piece)
        else:
            report.leave_out(piece.file, "is called neither train nor test, while others are")
    return groups


def _pair(where: str, group: Sequence[Piece], kind: str, remedy: str) -> tuple[Piece, Piece | None]:
    """Return the images and the labels of one split, which may be one piece."""
    images = [piece for piece in group if piece.images is not None]
    labels = [piece for piece in group if piece.labels is not None and piece.images is None]
    if len(images) != 1 or len(labels) > 1:
        names = ", ".join(shown(piece.name) for piece in (*images, *labels)) or "nothing"
        raise DataError(f"{where}: expected one {kind} of images and at most one of labels, got {names}: {remedy}")
    (image,) = images
    count = len(_images(image))
    label = labels[0] if labels else (image if image.labels is not None else None)
    if not count:
        raise DataError(f"{image.where}: has no images")
    if label and len(_labels(label)) != count:
        raise DataError(
            f"{label.where}: expected {count} labels, as many as there are images, got {len(_labels(label))}"
        )
    return image, label


def _remark_on_polarity(images: _Bytes, report: Reporting) -> None:
    """Say so where numbers are dark on light, which is left as it is: nobody knows what they mean."""
    some = images[:: 1 + len(images) // 200]
    border = np.concatenate([some[:, 0], some[:, -1], some[:, :, 0], some[:, :, -1]], 1)
    if np.median(border, axis=1).mean() > 127:
        report.remarks.append("the images are dark on light and stay so, while MNIST's are light on dark")


def _images(piece: Piece) -> _Bytes:
    assert piece.images is not None
    return piece.images


def _labels(piece: Piece) -> NDArray[Any]:
    assert piece.labels is not None
    return piece.labels
