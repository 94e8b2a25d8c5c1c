"""A file whose bytes are not those that its name promises: it is said what it is, and what helps."""

from __future__ import annotations

import bz2
import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganmnist.data.idx import IMAGES_MAGIC, read_idx
from ganmnist.data.read import read_data
from ganmnist.errors import DataError

FOUR = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
IMAGES = np.random.default_rng(1).integers(0, 256, (20, 28, 28)).astype(np.uint8)
LABELS = (np.arange(20) % 10).astype(np.uint8)
PAGE = b"<!DOCTYPE html>\n<html><head><title>404</title></head></html>"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9912422\n"


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def put_mnist(folder: Path) -> None:
    for name, array in zip(FOUR, (IMAGES, LABELS, IMAGES, LABELS), strict=True):
        (folder / name).write_bytes(idx(array))


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_data(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (PAGE, "is a web page, expected an IDX file that begins with IDX magic 2051 (bytes in 3 dimensions): the down"),
        (POINTER, "is a pointer of Git LFS, expected an IDX file"),
        (POINTER, ": run git lfs pull in the folder it was cloned to"),
        (b"", "is empty, expected an IDX file"),
        (b"", "delete it and fetch it anew"),
        (gzip.compress(b"", mtime=0), "is empty, expected an IDX file"),
        (gzip.compress(PAGE, mtime=0), "is a web page"),
        (b"7z\xbc\xaf'\x1c" + bytes(400), "is a 7z archive, expected an IDX file"),
        (b"7z\xbc\xaf'\x1c" + bytes(400), "): unpack it"),
        (bz2.compress(idx(IMAGES)), "is packed with bzip2, expected an IDX file"),
        (bz2.compress(idx(IMAGES)), "(bytes in 3 dimensions): unpack it"),
        (
            bytes([0, 0, 8, 1, 0, 0, 0, 0]),
            "expected IDX magic 2051 (bytes in 3 dimensions), got 2049: is it another of",
        ),
        (b"\1\2\3\4" * 9, "expected IDX magic 2051 (bytes in 3 dimensions), got 16909060: delete it and fetch it anew"),
    ],
)
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_file_called_as_mnists_is_called_what_it_is(tmp_path, content, words, ending):
    put_mnist(tmp_path)
    (tmp_path / FOUR[0]).unlink()
    (tmp_path / f"{FOUR[0]}{ending}").write_bytes(content)
    message = refusal(tmp_path)
    assert message.startswith(str(tmp_path / f"{FOUR[0]}{ending}"))
    assert words in message


@pytest.mark.parametrize("name", ["a", "train-images-idx3-ubyte.gz"])
def test_a_file_that_was_packed_twice_is_read(tmp_path, name):
    put_mnist(tmp_path)
    (tmp_path / FOUR[0]).unlink()
    (tmp_path / name).write_bytes(gzip.compress(gzip.compress(idx(IMAGES))))
    found = read_data(tmp_path if name != "a" else tmp_path / name)
    images = np.concatenate([found.train_images, found.test_images])
    assert {image.tobytes() for image in IMAGES} <= {image.tobytes() for image in images}


def test_what_swells_more_than_a_hundredfold_in_two_steps_is_refused(tmp_path, peak):
    swelling = gzip.compress(gzip.compress(bytes(1 << 20)) * 300)
    (tmp_path / "a").write_bytes(swelling)
    refusal(tmp_path / "a")
    (tmp_path / FOUR[0]).write_bytes(gzip.compress(gzip.compress(b"") * 100_000))
    with pytest.raises(DataError, match="100 times its size"):
        read_idx(tmp_path / FOUR[0], IMAGES_MAGIC)
    assert peak() < 8e6


@pytest.mark.parametrize(
    "header",
    [
        bytes.fromhex("00000803" "00000000" "fb000002" "e6000359"),
        bytes.fromhex("00000803" "ffffffff" "00000000" "ffffffff"),
        bytes.fromhex("00000e04" "00000000" "ffffffff" "ffffffff" "ffffffff"),
        bytes.fromhex("00000803" "fb000002" "e6000359" "00000001"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed"])
def test_a_header_of_more_than_there_may_be_is_refused_though_it_counts_no_image(tmp_path, header, pack):
    (tmp_path / "a").write_bytes(pack(header))
    assert "its header promises" in refusal(tmp_path / "a")


def test_pictures_that_are_pointers_or_pages_say_so(tmp_path):
    (tmp_path / "oak").mkdir()
    Image.fromarray(IMAGES[0]).save(tmp_path / "oak" / "1.png")
    (tmp_path / "oak" / "2.png").write_bytes(POINTER)
    (tmp_path / "oak" / "3.png").write_bytes(PAGE)
    assert {left.reason for left in read_data(tmp_path).report.left_out} == {
        "a pointer of Git LFS, which is not read: run git lfs pull in the folder it was cloned to",
        "a web page, which is not read: where a download gave it, fetch the file anew",
    }
