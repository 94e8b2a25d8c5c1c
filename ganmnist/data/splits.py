"""Which images are kept for the test: as folders or files are called, or every tenth."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

_Bytes = NDArray[np.uint8]
Parts = tuple[_Bytes, _Bytes, _Bytes, _Bytes]
_SEED = 28
_FEW = 20  # of fewer images none is spared for the test
_WORDS = re.compile(
    r"[xy]?(?:(?P<train>train|training|trainset|trn)|(?P<test>test|testing|tests|testset|t10k|tst|eval|evaluation)"
    r"|(?P<validation>val|valid|validation|valset|dev))[xy]?"
)


class Split(StrEnum):
    """What images are for, as a name tells it."""

    TRAIN = "train"
    TEST = "test"
    VALIDATION = "validation"


def split_called(name: str) -> Split | None:
    """Tell which split is called so, and nothing else: Testing, val."""
    found = _WORDS.fullmatch(name.strip().lower())
    return Split(found.lastgroup) if found and found.lastgroup else None


def split_of(path: str) -> Split | None:
    """Tell which split a file's name has in it, or else the last folder's that has one: mnist_train, x_test, t10k."""
    for name in reversed(path.split("/")):
        words = re.findall(r"[a-z]+\d*[a-z]*", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
        found = {split_called(word) for word in words} - {None}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def is_given(splits: Iterable[Split | None]) -> bool:
    """Tell whether some images are for the training and others for the test."""
    found = set(splits)
    return Split.TRAIN in found and not found.isdisjoint((Split.TEST, Split.VALIDATION))


def split(images: _Bytes, labels: _Bytes) -> Parts:
    """Keep every tenth of each class, by chance but always the same, for the test if there are 20 images in all.

    Returns:
        Training images uint8 (N, 28, 28), their labels (N,), test images and their labels.
    """
    train, test = _split(labels)
    return images[train], labels[train], images[test], labels[test]


def how_split(labels: _Bytes) -> str:
    """Say how `split` parts images with such labels."""
    if len(labels) < _FEW:
        return f"none of fewer than {_FEW}"
    return "every tenth of each class" if labels.any() else "every tenth"


def shuffled(images: _Bytes, labels: _Bytes) -> tuple[_Bytes, _Bytes]:
    """Return images and labels by chance but always in the same order: files lie class by class."""
    order = np.random.default_rng(_SEED).permutation(len(labels))
    return images[order], labels[order]


def _split(labels: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of the training images, in the order they are trained in, and of the test images."""
    shuffled = np.random.default_rng(_SEED).permutation(len(labels))
    if len(labels) < _FEW:
        return shuffled, shuffled[:0]
    of_each = [shuffled[labels[shuffled] == label] for label in np.unique(labels)]
    test = np.concatenate([places[: len(places) // 10] for places in of_each])
    return shuffled[~np.isin(shuffled, test)], test
