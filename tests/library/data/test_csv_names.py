"""The names of a table's columns tell where each pixel stands, in whatever order the columns come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ganmnist.data.read import read_data
from ganmnist.dataset import Dataset
from ganmnist.errors import DataError

IMAGES = np.random.default_rng(1).integers(0, 256, (12, 28, 28)).astype(np.uint8)
IMAGES[:, [0, -1]] = IMAGES[:, :, [0, -1]] = 0
LABELS = np.arange(12) % 3
NAMES: dict[str, Callable[[int, int], str]] = {
    "pixel0": lambda row, column: f"pixel{28 * row + column}",
    "0": lambda row, column: f"{28 * row + column}",
    "px_1": lambda row, column: f"px_{28 * row + column + 1}",
    "pix[0]": lambda row, column: f"pix[{28 * row + column}]",
    "1x1": lambda row, column: f"{row + 1}x{column + 1}",
    "p_0_0": lambda row, column: f"p_{row}_{column}",
    "(0-0)": lambda row, column: f"({row}-{column})",
    "r0c0": lambda row, column: f"r{row}c{column}",
    "row0_col0": lambda row, column: f"row0{row}_col0{column}",
    "x0_y0": lambda row, column: f"x{column}_y{row}",
    "col0_row0": lambda row, column: f"col{column}_row{row}",
}
ORDERS = {
    "as text": sorted,
    "backwards": lambda names: list(names)[::-1],
    "by chance": lambda names: [list(names)[place] for place in np.random.default_rng(3).permutation(len(names))],
}


def write(path: Path, names: list[str], at: dict[str, int], label: str | None = "label") -> Path:
    head = [*([label] if label else []), *names]
    rows = [
        [*([str(number)] if label else []), *(str(image.ravel()[at[name]]) for name in names)]
        for image, number in zip(IMAGES, LABELS, strict=True)
    ]
    path.write_text("\n".join(",".join(row) for row in [head, *rows]))
    return path


def is_whole(found: Dataset) -> None:
    images = np.concatenate([found.train_images, found.test_images])
    assert {image.tobytes() for image in images} == {image.tobytes() for image in IMAGES}


def named(name: str) -> dict[str, int]:
    return {NAMES[name](place // 28, place % 28): place for place in range(784)}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("label", ["label", None])
def test_columns_in_any_order_are_put_in_the_order_of_their_names_and_it_is_said(tmp_path, name, order, label):
    at = named(name)
    found = read_data(write(tmp_path / "a.csv", ORDERS[order](at), at, label))
    is_whole(found)
    assert found.classes == (("0", "1", "2") if label else ())
    assert any(words.startswith("the columns were put in the order of their names") for words in found.report.remarks)


@pytest.mark.parametrize("name", [name for name in NAMES if name[0] not in "xc"])
def test_columns_that_stand_in_order_are_not_spoken_of(tmp_path, name):
    at = named(name)
    found = read_data(write(tmp_path / "a.csv", list(at), at))
    is_whole(found)
    assert found.report.remarks == ()


@pytest.mark.parametrize("first", [0, 1])
def test_numbers_alone_may_be_those_of_rows_and_columns(tmp_path, first):
    at = {f"{place // 28 + first}.{place % 28 + first}": place for place in range(784)}
    is_whole(read_data(write(tmp_path / "a.csv", sorted(at), at)))


@pytest.mark.parametrize(
    ("replaced", "words"), [({"pixel9": "p8"}, "got pixel8 and p8"), ({"pixel9": "9x9"}, "got pixel0 and 9x9")]
)
def test_names_that_do_not_tell_an_order_are_refused_with_two_of_them(tmp_path, replaced, words):
    at = {replaced.get(name, name): place for name, place in named("pixel0").items()}
    with pytest.raises(DataError, match=r"a\.csv: line 1: expected columns whose names tell the order") as caught:
        read_data(write(tmp_path / "a.csv", list(at), at))
    assert words in str(caught.value)
    assert "name them pixel0 to pixel783" in str(caught.value)
