"""MNIST is found, read and checked; what is wrong with a file is said with its name."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganmnist.data import download
from ganmnist.data.load import MNIST, load_data
from ganmnist.data.read import read_data
from ganmnist.dataset import Dataset, first_of_each, image_grid_columns
from ganmnist.errors import DataError
from ganmnist.pixels import rescale

ROOT = Path(__file__).resolve().parents[3]
REAL = ROOT.parent / "shared" / "mnist"
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = MNIST


def idx(array: np.ndarray) -> bytes:
    magic = 2051 if array.ndim == 3 else 2049
    return struct.pack(f">{1 + array.ndim}i", magic, *array.shape) + array.tobytes()


def write_mnist(folder: Path, train: int = 5, test: int = 3, seed: int = 0, packed: bool = False) -> Path:
    """Write four small files of MNIST's names and layout."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(seed)
    for count, images, labels in ((train, TRAIN_IMAGES, TRAIN_LABELS), (test, TEST_IMAGES, TEST_LABELS)):
        for name, array in (
            (images, chance.integers(0, 256, (count, 28, 28), np.uint8)),
            (labels, chance.integers(0, 10, count, np.uint8)),
        ):
            content = idx(array)
            (folder / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(content) if packed else content)
    return folder


@pytest.fixture
def small(tmp_path):
    return write_mnist(tmp_path / "small")


@pytest.fixture
def nowhere(monkeypatch, home):
    """No folder in the environment, an empty home, and no network."""
    monkeypatch.delenv("GANMNIST_DATA", raising=False)

    def refuse(*_):
        raise OSError("no network in this test")

    monkeypatch.setattr(download, "fetch", refuse)
    return home


def refusal(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_data(folder)
    return str(caught.value)


def test_plain_and_packed_files_give_the_same_images(tmp_path):
    plain = read_data(write_mnist(tmp_path / "plain"))
    packed = read_data(write_mnist(tmp_path / "packed", packed=True))
    for part in ("train_images", "train_labels", "test_images", "test_labels"):
        np.testing.assert_array_equal(getattr(plain, part), getattr(packed, part))
    assert plain.train_images.shape == (5, 28, 28)
    assert plain.test_labels.shape == (3,)


def test_the_first_byte_is_the_top_left_pixel_of_the_first_image(small):
    images = np.zeros((5, 28, 28), np.uint8)
    images[0, 0, 1], images[0, 1, 0], images[1, 0, 0] = 10, 20, 30
    content = bytearray((small / TRAIN_IMAGES).read_bytes())
    content[16:] = bytes(5 * 784)
    content[16 + 1], content[16 + 28], content[16 + 784] = 10, 20, 30
    (small / TRAIN_IMAGES).write_bytes(content)
    np.testing.assert_array_equal(read_data(small).train_images, images)


def test_a_folder_of_other_images_has_its_own_name(small):
    assert read_data(small).name == "small"


@pytest.mark.parametrize("name", MNIST)
def test_a_missing_file_is_named_with_the_four_that_are_needed(small, name):
    (small / name).unlink()
    message = refusal(small)
    assert str(small / name) in message
    assert all(needed in message for needed in MNIST)


def test_a_missing_file_stays_missing_among_pictures(small):
    (small / TEST_LABELS).unlink()
    Image.new("L", (28, 28)).save(small / "digit.png")
    assert str(small / TEST_LABELS) in refusal(small)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    assert str(tmp_path / "none") in refusal(tmp_path / "none")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda content: content[:-1], ["3,920", "3,919"]),
        (lambda content: content + b"\0", ["3,920", "more"]),
        (lambda content: b"\0\0\x08\x01" + content[4:], ["2051", "2049"]),
        (lambda content: b"", ["2051"]),
        (lambda content: content[:9], ["2051"]),
        (lambda content: struct.pack(">4i", 2051, 2_000_000, 28, 28) + content[16:], ["1,568,000,000", "promises"]),
        (lambda content: b"\0\0\x08\x03" + b"\xff" * 12 + content[16:], ["promises"]),
        (lambda content: struct.pack(">4i", 2051, 5, 14, 56) + content[16:], ["28 x 28", "14 x 56"]),
    ],
    ids=["truncated", "oversized", "labels", "empty", "half a header", "gigabytes", "more than memory", "wide"],
)
def test_a_damaged_file_is_named_with_what_was_expected(small, packed, spoil, words):
    path = small / TRAIN_IMAGES
    content = spoil(path.read_bytes())
    if packed:
        path.unlink()
        path = small / f"{TRAIN_IMAGES}.gz"
        content = gzip.compress(content)
    path.write_bytes(content)
    message = refusal(small)
    for word in [str(path), *words]:
        assert word in message


def test_fewer_labels_than_images_are_refused(small):
    (small / TEST_LABELS).write_bytes(idx(np.array([1, 2], np.uint8)))
    message = refusal(small)
    assert TEST_LABELS in message
    assert "expected 3 labels" in message
    assert "got 2" in message


def test_a_label_that_is_no_digit_is_refused(small):
    (small / TEST_LABELS).write_bytes(idx(np.array([1, 10, 2], np.uint8)))
    assert "0 to 9" in refusal(small)


def test_a_cut_or_spoilt_gzip_is_refused(tmp_path):
    folder = write_mnist(tmp_path / "packed", packed=True)
    path = folder / f"{TRAIN_IMAGES}.gz"
    whole = path.read_bytes()
    spoilt = bytearray(whole)
    spoilt[len(whole) // 2] ^= 0xFF
    for content in (whole[:-20], bytes(spoilt), b"not gzip at all"):
        path.write_bytes(content)
        assert str(path) in refusal(folder)


def test_a_gzip_that_swells_is_not_inflated_beyond_what_its_header_promises(tmp_path):
    folder = write_mnist(tmp_path / "packed", packed=True)
    path = folder / f"{TRAIN_IMAGES}.gz"
    path.write_bytes(gzip.compress(struct.pack(">4i", 2051, 1, 28, 28) + bytes(30 << 20)))
    assert "expected 784 bytes" in refusal(folder)


def test_a_gzip_that_promises_far_more_than_it_can_hold_is_refused_before_it_is_inflated(tmp_path, peak):
    folder = write_mnist(tmp_path / "packed", packed=True)
    path = folder / f"{TRAIN_IMAGES}.gz"
    path.write_bytes(gzip.compress(struct.pack(">4i", 2051, 400_000, 28, 28) + bytes(1 << 20)))
    assert "promises 313,600,000 bytes" in refusal(folder)
    assert peak() < 4e6


def test_memory_grows_with_what_is_there_and_not_with_what_a_header_promises(small, peak):
    (small / TRAIN_IMAGES).write_bytes(struct.pack(">4i", 2051, 600_000, 28, 28) + bytes(784))
    assert "expected 470,400,000 bytes" in refusal(small)
    assert peak() < 4e6


@pytest.fixture
def own(tmp_path):
    """A folder with 30 images and their labels under names of its own, the shade of each its number."""
    folder = tmp_path / "letters"
    folder.mkdir()
    images = np.broadcast_to(np.arange(1, 31, dtype=np.uint8)[:, None, None], (30, 28, 28)).copy()
    images[:, 14, 14] = 255
    (folder / "emnist-images.idx").write_bytes(idx(images))
    (folder / "emnist-labels.gz").write_bytes(gzip.compress(idx(np.arange(30, dtype=np.uint8) % 26)))
    (folder / "readme.txt").write_text("about them")
    return folder


def test_idx_files_under_other_names_are_found_by_what_is_in_them(own):
    found = read_data(own)
    assert found.name == "letters"
    assert found.classes == tuple(str(number) for number in range(26))
    shades = found.train_images[:, 5, 5]
    np.testing.assert_array_equal(found.train_labels, (shades - 1) % 26)
    assert len(found.train_images) + len(found.test_images) == 30


def test_idx_images_without_labels_have_no_classes(own):
    (own / "emnist-labels.gz").unlink()
    found = read_data(own)
    assert found.classes == ()
    assert len(found.train_images) == 27


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("more.idx", np.zeros((3, 28, 28), np.uint8), ["emnist-images.idx, more.idx", "one IDX file of images"]),
        ("more.idx", np.zeros(30, np.uint8), ["emnist-labels.gz, more.idx", "at most one of labels"]),
        ("emnist-labels.gz", None, ["emnist-labels.gz", "expected 30 labels", "got 3"]),
        ("emnist-images.idx", np.zeros((30, 28, 27), np.uint8), ["28 x 28", "28 x 27"]),
        ("emnist-images.idx", np.zeros((0, 28, 28), np.uint8), ["has no images"]),
    ],
)
def test_what_is_wrong_with_own_idx_files_is_said(own, name, array, words):
    content = gzip.compress(idx(np.zeros(3, np.uint8))) if array is None else idx(array)
    (own / name).write_bytes(content)
    message = refusal(own)
    for word in words:
        assert word in message


def test_a_label_beyond_the_classes_a_model_may_have_is_refused(own):
    (own / "emnist-images.idx").write_bytes(idx(np.zeros((101, 28, 28), np.uint8)))
    (own / "emnist-labels.gz").write_bytes(gzip.compress(idx(np.arange(101, dtype=np.uint8))))
    assert "at most 100 classes, got 101" in refusal(own)


def test_labels_alone_are_no_data_set(own):
    (own / "emnist-images.idx").unlink()
    assert "expected one IDX file of images" in refusal(own)


@pytest.mark.parametrize("name", ["digits.txt", "digits.gz", "digits"])
def test_a_file_that_is_neither_zip_nor_csv_says_what_to_name(tmp_path, name):
    (tmp_path / name).write_bytes(b"12")
    assert f"{tmp_path / name}: is neither a folder nor a .zip" in refusal(tmp_path / name)


def test_the_named_folder_comes_before_the_environment_before_the_cache(nowhere, tmp_path, monkeypatch):
    write_mnist(nowhere / "data" / "mnist", train=7, packed=True)
    assert len(load_data().train_images) == 7
    monkeypatch.setenv("GANMNIST_DATA", str(write_mnist(tmp_path / "environment", train=8)))
    assert len(load_data().train_images) == 8
    assert len(load_data(str(write_mnist(tmp_path / "option", train=9))).train_images) == 9


def test_what_is_being_read_is_told_in_plain_words(nowhere, tmp_path):
    told = []
    load_data(write_mnist(tmp_path / "mine", train=7), on_progress=lambda percent, words: told.append((percent, words)))
    assert told[0] == (0, "reading the training pictures")
    assert not [words for _, words in told if "ubyte" in words]


def test_the_cache_is_that_of_the_given_home(nowhere, tmp_path):
    write_mnist(tmp_path / "other" / "data" / "mnist", train=4, packed=True)
    assert len(load_data(home=tmp_path / "other").train_images) == 4


def test_a_named_folder_without_mnist_is_an_error_and_no_reason_to_look_elsewhere(nowhere, tmp_path, monkeypatch):
    write_mnist(nowhere / "data" / "mnist", packed=True)
    monkeypatch.setenv("GANMNIST_DATA", str(tmp_path))
    with pytest.raises(DataError, match=TRAIN_IMAGES):
        load_data()
    with pytest.raises(
        DataError, match=f"^GANMNIST_DATA names what cannot be learned from. {re.escape(str(tmp_path))}: "
    ):
        load_data()


def test_rescaling_keeps_the_order_and_adds_the_channel():
    scaled = rescale(np.array([[[0, 51, 255], [102, 204, 153]]], np.uint8))
    assert scaled.shape == (1, 1, 2, 3)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled[0, 0], [[-1, -0.6, 1], [-0.2, 0.6, 0.2]], atol=1e-7)


def test_an_image_grid_has_the_digits_0_to_9_in_every_row_and_black_where_one_lacks():
    images = np.stack([np.full((28, 28), 10 + place, np.uint8) for place in range(4)])
    dataset = Dataset("own", "here", images, np.array([9, 0, 9, 9], np.uint8), images, np.zeros(4, np.uint8))
    grid = first_of_each(dataset, rows=2).reshape(2, 10, 28, 28)
    assert grid[:, :, 0, 0].tolist() == [[11, 0, 0, 0, 0, 0, 0, 0, 0, 10], [0, 0, 0, 0, 0, 0, 0, 0, 0, 12]]


def numbered(labels: list[int], classes: tuple[str, ...]) -> Dataset:
    """Images whose pixels are their numbers, from 1."""
    images = np.stack([np.full((28, 28), 1 + place, np.uint8) for place in range(len(labels))])
    return Dataset("own", "here", images, np.array(labels, np.uint8), images[:0], np.zeros(0, np.uint8), classes)


def test_an_image_grid_of_three_classes_has_three_columns():
    dataset = numbered([2, 0, 2, 2], ("axe", "bow", "cup"))
    assert image_grid_columns(dataset) == 3
    assert first_of_each(dataset, rows=2)[:, 0, 0].tolist() == [2, 0, 1, 0, 0, 3]


def test_an_image_grid_of_many_classes_shows_the_first_ten():
    dataset = numbered(list(range(12)), tuple("abcdefghijkl"))
    assert image_grid_columns(dataset) == 10
    assert first_of_each(dataset, rows=1)[:, 0, 0].tolist() == list(range(1, 11))


@pytest.mark.parametrize(("count", "shown"), [(3, 3), (50, 40)])
def test_an_image_grid_of_images_without_classes_has_the_first_ones_in_rows_of_ten(count, shown):
    dataset = numbered([0] * count, ())
    assert image_grid_columns(dataset) == 10
    assert first_of_each(dataset)[:, 0, 0].tolist() == list(range(1, shown + 1))


def test_data_are_read_without_waiting_for_torch(small):
    script = "import sys; from pathlib import Path; from ganmnist import load_data; load_data(Path(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", f"{script}; assert 'torch' not in sys.modules", str(small)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def mnist():
    if not REAL.is_dir():
        pytest.skip("the real MNIST is not at hand: it would be in ../shared/mnist beside the project")
    return load_data(REAL)


def test_the_real_mnist_is_known_by_its_checksums_and_whole(mnist):
    assert mnist.name == "MNIST"
    assert mnist.train_images.shape == (60_000, 28, 28)
    assert mnist.test_images.shape == (10_000, 28, 28)
    assert mnist.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert np.bincount(mnist.test_labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_the_real_mnist_rescales_to_exactly_minus_one_to_one(mnist):
    scaled = rescale(mnist.train_images[:500])
    assert scaled.shape == (500, 1, 28, 28)
    assert scaled.dtype == np.float32
    assert (scaled.min(), scaled.max()) == (-1.0, 1.0)
    np.testing.assert_array_equal(np.rint((scaled[:, 0] + 1) * 127.5), mnist.train_images[:500])


def test_one_changed_pixel_makes_it_another_data_set(tmp_path, mnist):
    folder = tmp_path / "changed"
    folder.mkdir()
    for name in MNIST:
        shutil.copyfile(REAL / f"{name}.gz", folder / f"{name}.gz")
    content = bytearray(gzip.decompress((REAL / f"{TEST_IMAGES}.gz").read_bytes()))
    content[-1] ^= 1
    (folder / TEST_IMAGES).write_bytes(content)
    assert read_data(folder).name == "changed"
