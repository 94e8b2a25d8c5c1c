"""Which numbers are black and white is told by all of a data set's: a few that stray do not change it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ganmnist.data.read import read_data
from ganmnist.data.scale import BYTES, SIGNED, UNIT, scale_of
from ganmnist.dataset import Dataset

SHAPES = np.random.default_rng(1).integers(0, 256, (12, 28, 28)).astype(np.float64)
SHAPES[:, [0, -1]] = SHAPES[:, :, [0, -1]] = 0
SHAPES[:, 1, 1] = 255


def npy(path: Path, numbers: np.ndarray) -> Path:
    np.save(path / "a.npy", numbers)
    return path / "a.npy"


def npz(path: Path, numbers: np.ndarray) -> Path:
    np.savez(path / "a.npz", x=numbers, y=np.arange(12) % 3)
    return path / "a.npz"


def table(path: Path, numbers: np.ndarray) -> Path:
    made = io.StringIO()
    np.savetxt(made, numbers.reshape(len(numbers), -1), delimiter=",", fmt="%.7g")
    (path / "a.csv").write_text(made.getvalue())
    return path / "a.csv"


FILES: dict[str, Callable[[Path, np.ndarray], Path]] = {"npy": npy, "npz": npz, "csv": table}


def is_like(found: Dataset, expected: np.ndarray, close: int = 1) -> None:
    """All images are there, but for the pixel (5, 5), which strays."""
    images = np.concatenate([found.train_images, found.test_images]).astype(int)
    images[:, 5, 5] = 0
    assert len(images) == len(expected)
    for image in expected.astype(int):
        image[5, 5] = 0
        assert np.abs(images - image).max((1, 2)).min() <= close


def stray(numbers: np.ndarray, *values: float) -> np.ndarray:
    changed = numbers.copy()
    changed[: len(values), 5, 5] = values
    return changed


STRAYING = {
    "1.0001": (stray(SHAPES / 255, 1.0001), "from 0 to 1 "),
    "-0.0001": (stray(SHAPES / 255, -0.0001), "from 0 to 1 "),
    "bicubic": (stray(SHAPES / 255, -0.09, 1.1), "from 0 to 1 "),
    "signed": (stray(SHAPES / 127.5 - 1, 1.02, -1.1), "from -1 to 1 "),
    "bytes": (stray(SHAPES, -0.0001, 255.0001), ""),
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("numbers", STRAYING)
def test_a_few_numbers_beyond_the_range_change_nothing_else(tmp_path, kind, numbers):
    values, said = STRAYING[numbers]
    found = read_data(FILES[kind](tmp_path, values))
    is_like(found, SHAPES)
    if said:
        (remark,) = found.report.remarks
        assert remark.startswith(f"numbers {said}were taken as from black to white")


def test_how_far_numbers_go_beyond_is_said(tmp_path):
    (remark,) = read_data(npy(tmp_path, STRAYING["bicubic"][0])).report.remarks
    assert remark.endswith(", and those beyond, from -0.09 to 1.1, as the nearer of these")


def test_bicubic_floats_of_bytes_are_bytes(tmp_path):
    found = read_data(npy(tmp_path, stray(SHAPES, -20, 275)))
    is_like(found, SHAPES)
    assert "those beyond, from -20 to 275" in found.report.remarks[0]


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("white", [15, 100])
def test_a_largest_number_far_below_255_is_white_and_it_is_said(tmp_path, kind, white):
    numbers = np.rint(SHAPES * (white / 255)).astype(np.uint8)
    found = read_data(FILES[kind](tmp_path, numbers))
    is_like(found, numbers * (255 / white))
    assert found.report.remarks[0] == (
        f"no number is above {white}: numbers from 0 to {white} were taken as from black to white"
    )


@pytest.mark.parametrize("kind", ["npz", "csv"])
def test_training_and_test_images_are_on_one_scale(tmp_path, kind):
    train, test = np.rint(SHAPES).astype(np.uint8), np.rint(SHAPES / 5).astype(np.uint8)
    if kind == "npz":
        np.savez(tmp_path / "a.npz", x_train=train, x_test=test)
    else:
        for name, images in (("train", train), ("test", test)):
            table(tmp_path, images).rename(tmp_path / f"{name}.csv")
    found = read_data(tmp_path)
    assert (found.train_images.max(), found.test_images.max()) == (255, 51)
    assert found.report.remarks == ()


def test_floats_to_1_and_floats_to_255_in_one_file_are_each_read_as_they_are(tmp_path):
    np.savez(tmp_path / "a.npz", x_train=SHAPES / 255, x_test=SHAPES)
    found = read_data(tmp_path / "a.npz")
    np.testing.assert_array_equal(found.train_images, found.test_images)


@pytest.mark.parametrize(
    ("low", "high", "scale"),
    [
        (0, 1, UNIT), (0, 0, UNIT), (-0.2, 1.2, UNIT), (-1, 1, SIGNED), (-1, 0.3, SIGNED), (-1.1, 1.1, SIGNED),
        (0, 255, BYTES), (0, 128, BYTES), (0, 255.4, BYTES), (-60, 310, BYTES), (3, 200, BYTES),
        (0, 127, (0, 127)), (0, 300, (0, 300)), (0, 65535, (0, 65535)), (-0.42, 2.82, (-0.42, 2.82)),
        (-0.5, 0.5, (-0.5, 0.5)), (2, 15, (0, 15)), (-500, -400, (-500, pytest.approx(-400))),
    ],
)  # fmt: skip
def test_the_usual_scales_are_told_from_a_files_own(low, high, scale):
    assert scale_of(low, high) == scale
