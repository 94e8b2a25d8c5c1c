"""Images with their labels, as the trainer takes them: a data set, wherever it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ganmnist.fields import Settings, Whole

DIGITS = tuple("0123456789")
_COLUMNS = 10


class ClassSize(Settings):
    """One class, and how many images it has."""

    name: str
    train: Whole = Field(description="Number of its training images.")
    test: Whole = Field(description="Number of its test images.")


class LeftOut(Settings):
    """What was not read, for one reason."""

    reason: str = Field(description="Why, in a few words: .heic is not read, save it as PNG.")
    count: Whole = Field(description="Number of files.", ge=1)
    example: str = Field(description="One of them.")

    def sentence(self) -> str:
        """Say so."""
        return f"left out {_counted(self.count, 'file')}, {self.example} for one: {self.reason}"


class ReadReport(Settings):
    """What a reader made of what lay there, beside the images themselves."""

    split: str = Field("", description="How the test images were told from the others, in a few words.")
    dark_on_light: Whole = Field(0, description="Number of pictures that were turned about, their ink being dark.")
    left_out: tuple[LeftOut, ...] = ()
    remarks: tuple[str, ...] = Field((), description="What else was decided in reading them, a sentence each.")


NO_REPORT = ReadReport()


class DatasetSummary(Settings):
    """What is in a data set."""

    name: str
    source: str = Field(description="Where it came from.")
    train: Whole = Field(description="Number of training images.")
    test: Whole = Field(description="Number of test images.")
    classes: tuple[ClassSize, ...] = Field((), description="Its classes by number; none if the images have none.")
    report: ReadReport = NO_REPORT

    def sentences(self) -> Iterator[str]:
        """Say what is in it and what was left out, a line each, as everybody is told it."""
        count = self.train + self.test
        kinds = _counted(len(self.classes), "class", "es") if self.classes else "no classes"
        yield f"{_counted(count, 'image')} in {kinds}"
        if self.classes:
            yield ", ".join(f"{size.name}: {size.train + size.test:,}" for size in self.classes)
        split = f" ({self.report.split})" if self.report.split else ""
        yield f"{self.train:,} to train on, {self.test:,} kept for the test{split}"
        if self.report.dark_on_light:
            yield f"{self.report.dark_on_light:,} had dark ink on light paper: made light on dark, as digits are"
        yield from (left.sentence() for left in self.report.left_out)
        yield from self.report.remarks


def _counted(count: int, noun: str, plural: str = "s") -> str:
    return f"{count:,} {noun}{plural if count != 1 else ''}"


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
