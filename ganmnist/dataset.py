"""Images with their labels, as the trainer takes them: a data set, wherever it came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganmnist.class_names import DIGITS
from ganmnist.dataset_summary import NO_REPORT, ClassSize, DatasetSummary, ReadReport

_COLUMNS = 10


@dataclass(frozen=True)
class Dataset:
    """Images with their labels.

    Attributes:
        name: `MNIST`, `synthetic-mnist` (what stands in for MNIST, and is not MNIST) or the name of a folder or file.
        source: Where it came from, for people.
        train_images, test_images: uint8 (N, 28, 28), row 0 at the top.
        train_labels, test_labels: uint8 (N,), the number of each image's class.
        classes: Names of the classes; empty if the images have none.
        report: What its reader made of what lay there.
    """

    name: str
    source: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]
    classes: tuple[str, ...] = DIGITS
    report: ReadReport = NO_REPORT

    def summary(self) -> DatasetSummary:
        """Return what is in it, without the images."""
        train, test = (
            np.bincount(labels, minlength=len(self.classes)) for labels in (self.train_labels, self.test_labels)
        )
        sizes = (
            ClassSize(name=name, train=int(train[number]), test=int(test[number]))
            for number, name in enumerate(self.classes)
        )
        return DatasetSummary(
            name=self.name,
            source=self.source,
            train=len(self.train_images),
            test=len(self.test_images),
            classes=tuple(sizes),
            report=self.report,
        )


def first_of_each(dataset: Dataset, rows: int = 4) -> NDArray[np.uint8]:
    """Return training images for an image grid, uint8 (N, 28, 28), in rows of `image_grid_columns(dataset)`.

    Each column is a class, black where the class has too few; images without classes come as they are.
    """
    columns = image_grid_columns(dataset)
    if not dataset.classes:
        return dataset.train_images[: rows * columns]
    grid = np.zeros((rows, columns, 28, 28), np.uint8)
    for label in range(columns):
        found = dataset.train_images[np.flatnonzero(dataset.train_labels == label)[:rows]]
        grid[: len(found), label] = found
    return grid.reshape(-1, 28, 28)


def image_grid_columns(dataset: Dataset) -> int:
    """Return how many images stand side by side in an image grid: one of each class, but ten at most."""
    return min(len(dataset.classes), _COLUMNS) or _COLUMNS
