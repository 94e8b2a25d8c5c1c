"""A line of a CSV file is an image, in the layouts that are about; what is wrong is said with its line and column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganmnist.data import csv_images
from ganmnist.data.csv_images import read_csv
from ganmnist.data.load import read_data
from ganmnist.errors import DataError

PIXELS = ",".join(f"pixel{number}" for number in range(784))


def row(shade: int = 7, label: int | None = None) -> str:
    """An image whose first pixel is 1, its second 2 and all others of one shade."""
    pixels = ",".join(map(str, [1, 2, *[shade] * 782]))
    return pixels if label is None else f"{label},{pixels}"


@pytest.fixture
def write(tmp_path):
    """Write lines, or bytes, and return the path."""

    def write(*lines: str, end: str = "\n") -> Path:
        path = tmp_path / "digits.csv"
        path.write_bytes("".join(line + end for line in lines).encode())
        return path

    return write


def read(path: Path):
    return read_csv(path, lambda percent, words: None)


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("header", [f"label,{PIXELS}", f'"Label","{PIXELS}"', f"\ufefflabel,{PIXELS}", None])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_kaggles_layout_is_read_with_and_without_its_header(write, header, end):
    images, labels = read(write(*([header] if header else []), row(7, 3), row(9, 5), end=end))
    assert (images.shape, images.dtype) == ((2, 28, 28), np.uint8)
    assert images[0, 0, :3].tolist() == [1, 2, 7]
    assert images[1, 27, 27] == 9
    assert labels.tolist() == [3, 5]


@pytest.mark.parametrize("header", [PIXELS, None])
def test_784_columns_are_images_without_labels(write, header):
    images, labels = read(write(*([header] if header else []), row(7)))
    assert images[0, 0, :3].tolist() == [1, 2, 7]
    assert labels is None


def test_the_last_line_needs_no_end(write):
    assert len(read(write(row() + "\n" + row(), end=""))[0]) == 2


def test_a_data_set_of_a_csv_file_has_the_labels_as_classes_and_every_tenth_for_the_test(write):
    found = read_data(write(f"label,{PIXELS}", *(row(number, number % 3) for number in range(60))))
    assert (found.name, found.classes) == ("digits.csv", ("0", "1", "2"))
    np.testing.assert_array_equal(found.train_labels, found.train_images[:, 9, 9] % 3)
    assert (len(found.train_images), len(found.test_images)) == (54, 6)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "has no line of numbers"),
        ([f"label,{PIXELS}"], "has no line of numbers"),
        (["1,2,3"], "line 1: expected 784 pixels separated by commas, or a label and 784 pixels, got 3 columns"),
        ([row().replace(",", ";;")], "line 1: expected 784 pixels separated by commas"),
        ([f"{PIXELS},first,second", row() + ",1,2"], "line 1: expected one column called label beside 784 pixels"),
        ([row(), row() + ",0"], "line 2: expected 784 columns as in the first line, got 785"),
        ([f"label,{PIXELS}", row(7, 1), row(256, 1)], "line 3: expected whole numbers from 0 to 255, got 256"),
        ([row(), row(-1)], "line 2: expected whole numbers from 0 to 255, got -1 in column 3"),
        ([row(), row(0).replace("2", "-0.5")], "got -0.5 in column 2"),
        ([row(), row(0).replace("2", "")], "got nothing in column 2"),
        ([row(), row(0).replace("2", "\x1b[2J")], r"got \x1b[2J in column 2"),
        ([row(0).replace("2", "x")], "line 1: expected whole numbers from 0 to 255, got x in column 2"),
        ([row(), "9" * 70_000], "line 2: is longer than 65,536 letters"),
        (["\0" * 140_000], "line 1: is longer than 65,536 letters"),
        ([row(7, 7 * label % 101) for label in range(101)], "labels of at most 100 classes, got 101"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_the_line(write, lines, words):
    path = write(*lines)
    with pytest.raises(DataError) as caught:
        read_data(path)
    assert f"{path}: {words}" in str(caught.value) or words in str(caught.value)


def test_more_lines_than_memory_holds_images_are_refused(write, monkeypatch):
    monkeypatch.setattr(csv_images, "MAX_IMAGES", 2)
    assert len(read(write(row(), row()))[0]) == 2
    assert "line 3: at most 2 images" in refusal(write(row(), row(), row()))


def test_a_line_without_an_end_is_not_read_to_it(tmp_path, peak):
    with (tmp_path / "a.csv").open("wb") as file:
        file.truncate(100 << 20)
    refusal(tmp_path / "a.csv")
    assert peak() < 1e6


def test_an_absent_file_is_named(tmp_path):
    assert "cannot be read" in refusal(tmp_path / "none.csv")


def test_progress_grows_to_the_end(write):
    said = []
    read_csv(write(*[row()] * 2000), lambda percent, words: said.append(percent))
    assert said == sorted(said)
    assert said[-1] == 100
