"""Arrays and archives as other tools leave them: read where it is clear what they mean, or called what they are."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganmnist.data.read import read_data
from ganmnist.errors import DataError

IMAGES = np.random.default_rng(1).integers(0, 256, (12, 28, 28)).astype(np.uint8)
IMAGES[:, [0, -1]] = IMAGES[:, :, [0, -1]] = 0
LABELS = (np.arange(12) % 3).astype(np.uint8)


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_data(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def idx(kind: int, array: np.ndarray) -> bytes:
    return struct.pack(f">4B{array.ndim}I", 0, 0, kind, array.ndim, *array.shape) + array.tobytes()


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (
            np.zeros((3, 28, 28, 4), np.uint8),
            "28 x 28 pixels, grey or in three colours, got uint8 3 x 28 x 28 x 4: save",
        ),
        (
            np.zeros((3, 28, 28), np.complex64),
            "grey or in three colours, got complex64 3 x 28 x 28: save them as real num",
        ),
        (np.zeros((3, 32, 32, 3), np.uint8), "expected images of 28 x 28 pixels, got 32 x 32"),
    ],
)
def test_an_array_of_other_images_is_told_by_what_is_odd_about_it(tmp_path, array, words):
    np.save(tmp_path / "a.npy", array)
    assert words in refusal(tmp_path / "a.npy")


def test_colours_may_come_before_the_rows(tmp_path):
    np.save(tmp_path / "a.npy", np.repeat(IMAGES[:, None], 3, 1))
    assert {image.tobytes() for image in read_data(tmp_path / "a.npy").train_images} == {
        image.tobytes() for image in IMAGES
    }


@pytest.mark.parametrize("names", [("cat", "dog"), ("full_numpy_bitmap_cat", "full_numpy_bitmap_dog")])
def test_files_of_images_under_names_of_their_own_are_a_class_each(tmp_path, names):
    np.save(tmp_path / f"{names[1]}.npy", IMAGES[:5].reshape(5, 784))
    np.save(tmp_path / f"{names[0]}.npy", IMAGES[5:].reshape(7, 784))
    found = read_data(tmp_path)
    assert found.classes == ("cat", "dog")
    read = {image.tobytes(): label for image, label in zip(found.train_images, found.train_labels, strict=True)}
    assert read == {image.tobytes(): int(place < 5) for place, image in enumerate(IMAGES)}
    assert found.report.remarks == ("each file was taken as a class: cat and dog",)


def test_words_of_pandas_are_told_how_they_are_saved(tmp_path):
    np.savez(tmp_path / "a.npz", x=IMAGES, y=np.array(["oak"] * 12, object))
    assert "labels as (N,), words of pandas by .astype(str)" in refusal(tmp_path / "a.npz")


def test_rows_of_shares_are_labels_by_the_largest(tmp_path):
    smooth = np.eye(3, dtype=np.float32)[LABELS] * 0.9 + 0.1 / 3
    np.savez(tmp_path / "a.npz", x=IMAGES, y=smooth)
    found = read_data(tmp_path / "a.npz")
    assert found.classes == ("0", "1", "2")
    assert sorted(found.train_labels.tolist()) == sorted(LABELS.tolist())


def test_the_first_column_of_qmnists_labels_is_the_digit(tmp_path):
    labels = np.zeros((12, 8), ">i4")
    labels[:, 0], labels[:, 2] = LABELS, np.arange(12) + 500
    (tmp_path / "qmnist-train-images-idx3-ubyte").write_bytes(idx(8, IMAGES))
    (tmp_path / "qmnist-train-labels-idx2-int").write_bytes(idx(12, labels))
    found = read_data(tmp_path)
    assert found.classes == ("0", "1", "2")
    assert not found.report.left_out


def tar() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.png"), io.BytesIO())
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!doctype html><p>", "it is a web page, which is not read: where a download gave it, fetch the file anew"),
        (b"7z\xbc\xaf'\x1c" + bytes(400), "it is a 7z archive, which is not read: unpack it and name the folder"),
        (tar(), "it is a tar archive, which is not read: unpack it and name the folder"),
        (gzip.compress(tar()), "it is a tar archive, which is not read"),
        (gzip.compress(b"hello"), "it is a text: make it anew"),
        (b"", "it is empty: make it anew"),
    ],
    ids=["a page", "7z", "tar", "tar.gz", "gz of a text", "empty"],
)
def test_what_is_called_a_zip_and_is_none_is_called_what_it_is(tmp_path, content, words):
    (tmp_path / "a.zip").write_bytes(content)
    assert f"a.zip: is no zip, or damaged: {words}" in refusal(tmp_path / "a.zip")


@pytest.mark.parametrize("name", ["train", "a.heic", "a.pdf"])
def test_a_file_without_a_byte_is_called_empty_whatever_its_name_says(tmp_path, name):
    (tmp_path / name).touch()
    assert f"{name}: is empty: make it anew" in refusal(tmp_path / name)


def test_a_picture_that_is_damaged_in_a_zip_is_not_called_a_zip(tmp_path):
    made = io.BytesIO()
    Image.fromarray(IMAGES[0]).save(made, "PNG")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("oak/0.png", made.getvalue())
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[60] ^= 1
    (tmp_path / "a.zip").write_bytes(content)
    message = refusal(tmp_path / "a.zip")
    assert "oak/0.png is damaged in the zip (Bad CRC-32" in message
    assert "is no zip" not in message


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "a.arff",
            b"% MNIST\n@RELATION mnist\n@attribute pixel1 real\n",
            "is a table of Weka's, .arff, which is not read",
        ),
        ("a.libsvm", b"5 153:3 154:18 155:18\n0 128:51 129:159\n", "is a table of LIBSVM's, which is not read"),
        ("a.json", b'[{"label": 3, "pixels": [0, 0]}]', "is a text, JSON, which is not read"),
    ],
)
def test_tables_of_other_kinds_are_named_and_csv_is_asked_for(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    assert f"{words}: save it as CSV" in refusal(tmp_path / name)
    assert f"left out 1 file, {name} for one" in refusal(tmp_path)


@pytest.mark.parametrize("kind", ["S50000", "U50000"])
def test_labels_with_room_for_very_many_letters_are_refused_by_their_header(tmp_path, monkeypatch, kind):
    np.savez(tmp_path / "a.npz", np.array([f"c{label}" for label in LABELS], kind))
    monkeypatch.setattr("ganmnist.storage.zips.Zip.read", lambda *_: pytest.fail("it was read"))
    words = refusal(tmp_path / "a.npz")
    assert "expected labels of at most 100 letters, its header has room for 50,000 in each: save them by" in words


@pytest.mark.parametrize("kind", ["S100", "U100"])
def test_labels_with_room_for_a_hundred_letters_are_read(tmp_path, kind):
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=np.array([f"c{label}" for label in LABELS], kind))
    assert read_data(tmp_path / "a.npz").classes == ("c0", "c1", "c2")
