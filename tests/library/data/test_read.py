"""The front door looks at what is there: MNIST as unpackers leave it, arrays, archives, by bytes and not by names."""

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
from ganmnist.dataset import Dataset
from ganmnist.errors import DataError

TRAIN = np.random.default_rng(1).integers(0, 256, (30, 28, 28)).astype(np.uint8)
TEST = np.random.default_rng(2).integers(0, 256, (8, 28, 28)).astype(np.uint8)
TRAIN[:, [0, -1]] = TEST[:, [0, -1]] = TRAIN[:, :, [0, -1]] = TEST[:, :, [0, -1]] = 0
TRAIN_LABELS, TEST_LABELS = (np.arange(30) % 10).astype(np.uint8), (np.arange(8) % 10).astype(np.uint8)
FOUR = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
ARRAYS = (TRAIN, TRAIN_LABELS, TEST, TEST_LABELS)
IDX_TYPES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx(array: np.ndarray) -> bytes:
    kind = array.dtype.str[1:]
    header = struct.pack(f">4B{array.ndim}I", 0, 0, IDX_TYPES[kind], array.ndim, *array.shape)
    return header + array.astype(f">{kind}").tobytes()


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def put_four(folder: Path, names=FOUR, pack=lambda content: content) -> Path:
    for name, array in zip(names, ARRAYS, strict=True):
        put(folder / name, pack(idx(array)))
    return folder


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for found in sorted(folder.rglob("*")):
            archive.write(found, found.relative_to(folder).as_posix())
    return path


def is_whole(found: Dataset) -> None:
    """All images are there, each with its label, those for the test apart."""
    for images, labels, expected, classes in (
        (found.train_images, found.train_labels, TRAIN, TRAIN_LABELS),
        (found.test_images, found.test_labels, TEST, TEST_LABELS),
    ):
        read = {image.tobytes(): found.classes[label] for image, label in zip(images, labels, strict=True)}
        assert read == {image.tobytes(): str(label) for image, label in zip(expected, classes, strict=True)}


def is_training_set(found: Dataset, labelled: bool = True, close: float = 0) -> None:
    """The 30 images of the training are there, each with its label, some of them kept for the test."""
    images = np.concatenate([found.train_images, found.test_images]).astype(int)
    labels = np.concatenate([found.train_labels, found.test_labels])
    assert len(images) == 30
    for image, label in zip(TRAIN, TRAIN_LABELS, strict=True):
        differences = np.abs(images - image).max((1, 2))
        place = int(differences.argmin())
        assert differences[place] <= close
        assert not labelled or found.classes[labels[place]] == str(label)
    assert labelled or found.classes == ()


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_data(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def dotted(name: str) -> str:
    return name.replace("-idx", ".idx")


LEFT_BY_UNPACKERS = {
    "as they are": lambda name: name,
    "dots": dotted,
    "underlines": lambda name: name.replace("-", "_"),
    "capitals": str.upper,
    "capitals and dots": lambda name: dotted(name).upper(),
    "folders of their own": lambda name: f"{name}/{name}",
    "folders of their own, with dots": lambda name: f"{dotted(name)}/{dotted(name)}",
    "folders of their own, a dot within": lambda name: f"{name}/{dotted(name)}",
    "where torchvision has them": lambda name: f"MNIST/raw/{name}",
    "short": lambda name: name.split("-idx")[0] + ".idx",
    "EMNIST's": lambda name: f"emnist-digits-{name.replace('t10k', 'test')}",
    "downloaded twice": lambda name: f"{name} (1)",
}


@pytest.mark.parametrize("called", LEFT_BY_UNPACKERS)
@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("pack", [lambda content: content, gzip.compress], ids=["plain", "packed"])
@pytest.mark.parametrize("archived", [False, True])
def test_mnist_is_found_however_it_was_unpacked_and_called(tmp_path, called, ending, pack, archived):
    names = [LEFT_BY_UNPACKERS[called](name) + ending for name in FOUR]
    folder = put_four(tmp_path / "set", names, pack)
    is_whole(read_data(zipped(folder) if archived else folder))


def test_of_files_that_lie_there_twice_the_plain_and_the_highest_count(tmp_path):
    put_four(tmp_path, [dotted(name) for name in FOUR])
    for name in FOUR:
        put(tmp_path / name / name, b"a folder of the same file")
        put(tmp_path / f"{dotted(name)}.gz", b"the same again")
    is_whole(read_data(tmp_path))


def test_two_sets_of_the_same_names_are_asked_for(tmp_path):
    for name in ("MNIST", "FashionMNIST"):
        put_four(tmp_path / name / "raw")
    message = refusal(tmp_path)
    assert "more than once" in message
    assert "FashionMNIST/raw/train-images-idx3-ubyte and MNIST/raw/train-images-idx3-ubyte" in message


def test_all_files_that_are_missing_are_named_at_once(tmp_path):
    put_four(tmp_path)
    for name in FOUR[2:]:
        (tmp_path / name).unlink()
    with pytest.raises(DataError) as caught:
        read_data(tmp_path)
    assert all(str(tmp_path / name) in str(caught.value) for name in FOUR[2:])


def test_mnist_far_below_is_not_guessed_at_but_named(tmp_path):
    put_four(tmp_path / "home" / "data" / "cache" / "mnist")
    assert "in home/data/cache/mnist: name that folder" in refusal(tmp_path)


def saved(**arrays: np.ndarray) -> bytes:
    made = io.BytesIO()
    np.savez(made, **arrays)
    return made.getvalue()


def npy(array: np.ndarray) -> bytes:
    made = io.BytesIO()
    np.save(made, array)
    return made.getvalue()


WHOLE = {
    "Keras'": {"mnist.npz": saved(x_train=TRAIN, y_train=TRAIN_LABELS, x_test=TEST, y_test=TEST_LABELS)},
    "MedMNIST's": {"m.npz": saved(train_images=TRAIN, train_labels=TRAIN_LABELS[:, None], val_images=TEST[:3],
                                  val_labels=TEST_LABELS[:3, None], test_images=TEST[3:],
                                  test_labels=TEST_LABELS[3:, None])},
    "KMNIST's": {"k-train-imgs.npz": saved(arr_0=TRAIN), "k-train-labels.npz": saved(arr_0=TRAIN_LABELS),
                 "k-test-imgs.npz": saved(arr_0=TEST), "k-test-labels.npz": saved(arr_0=TEST_LABELS)},
    "four .npy": {"X_train.npy": npy(TRAIN), "y_train.npy": npy(TRAIN_LABELS),
                  "X_test.npy": npy(TEST), "y_test.npy": npy(TEST_LABELS)},
    "by folders": {"train/images.npy": npy(TRAIN), "train/labels.npy": npy(TRAIN_LABELS),
                   "test/images.npy": npy(TEST), "test/labels.npy": npy(TEST_LABELS)},
    "floats and one-hot rows": {"a.npz": saved(xTrain=TRAIN[..., None] / 255, yTrain=np.eye(10)[TRAIN_LABELS],
                                               xTest=TEST[..., None] / 255, yTest=np.eye(10)[TEST_LABELS])},
}  # fmt: skip


@pytest.mark.parametrize("files", WHOLE)
@pytest.mark.parametrize("archived", [False, True])
def test_arrays_called_train_and_test_are_the_split(tmp_path, files, archived):
    for name, content in WHOLE[files].items():
        put(tmp_path / "set" / name, content)
    found = read_data(zipped(tmp_path / "set") if archived else tmp_path / "set")
    is_whole(found)
    assert found.report.split.startswith("as they are called: ")
    assert not found.report.left_out


IMAGES = {
    "784 in a row": TRAIN.reshape(30, 784),
    "Fortran's order": np.asfortranarray(TRAIN.reshape(30, 784)),
    "a channel behind": TRAIN[..., None],
    "a channel before": TRAIN[:, None],
    "0 to 1": TRAIN / 255,
    "-1 to 1": (TRAIN / 127.5 - 1).astype(np.float32),
    "big-endian": (TRAIN / 255).astype(">f4"),
    "halves": (TRAIN / 255).astype(np.float16),
    "0 to 255": TRAIN.astype(np.float64),
    "integers": TRAIN.astype(np.int64),
    "12 bits": TRAIN.astype(np.uint16) * 16,
    "grey in colours": np.repeat(TRAIN[..., None], 3, -1),
}


@pytest.mark.parametrize("images", IMAGES)
@pytest.mark.parametrize("labelled", [False, True])
def test_images_of_any_numbers_and_layout_are_the_same(tmp_path, images, labelled):
    content = saved(a=IMAGES[images], b=TRAIN_LABELS) if labelled else npy(IMAGES[images])
    path = put(tmp_path / ("a.npz" if labelled else "a.npy"), content)
    is_training_set(read_data(path), labelled, close=1)


def test_black_and_white_of_bytes_or_truths_is_0_and_255(tmp_path):
    for kind in (np.uint8, bool):
        found = read_data(put(tmp_path / "a.npy", npy((TRAIN > 127).astype(kind))))
        assert sorted(set(found.train_images.ravel().tolist())) == [0, 255]


def test_words_are_labels_too(tmp_path):
    labels = np.array(["leaf 2", "bark", "leaf 10"])[TRAIN_LABELS % 3]
    for kind in ("U", "S"):
        found = read_data(put(tmp_path / "a.npz", saved(x=TRAIN, y=labels.astype(kind))))
        assert found.classes == ("bark", "leaf 2", "leaf 10")


@pytest.mark.parametrize("kind", ["i2", "i4", "f4", "f8"])
def test_idx_files_of_any_numbers_are_read(tmp_path, kind):
    images = TRAIN.astype(kind) / 255 if kind[0] == "f" else TRAIN.astype(kind)
    put(tmp_path / "images.idx", idx(images.astype(kind)))
    put(tmp_path / "labels.idx", idx(TRAIN_LABELS.astype(kind)))
    is_training_set(read_data(tmp_path), close=1)


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "images.gz", "images.idx", "x.png"])
@pytest.mark.parametrize("pack", [lambda content: content, gzip.compress], ids=["plain", "packed"])
def test_one_idx_file_named_itself_is_images_without_labels(tmp_path, name, pack):
    is_training_set(read_data(put(tmp_path / name, pack(idx(TRAIN)))), labelled=False)


@pytest.mark.parametrize("name", ["mnist.zip", "mnist.npz", "mnist", "mnist.dat"])
def test_a_zip_is_one_whatever_it_is_called(tmp_path, name):
    is_whole(read_data(zipped(put_four(tmp_path / "set")).rename(tmp_path / name)))
    is_whole(read_data(put(tmp_path / name, WHOLE["Keras'"]["mnist.npz"])))


def test_a_table_in_a_zip_is_read(tmp_path):
    rows = np.column_stack([TRAIN_LABELS, TRAIN.reshape(30, 784)])
    content = "\n".join(",".join(map(str, row)) for row in rows.tolist()).encode()
    for name, packed in (("a.csv", content), ("deep/er/a.csv.gz", gzip.compress(content))):
        put(tmp_path / name.split(".")[0] / name, packed)
        is_training_set(read_data(zipped(tmp_path / name.split(".")[0])))


def test_what_lies_beside_the_images_is_said(tmp_path):
    put(tmp_path / "mnist.npz", saved(x=TRAIN, y=TRAIN_LABELS, mean=np.zeros((2, 2)), seed=np.array(3)))
    Image.new("L", (28, 28)).save(tmp_path / "preview.png")
    put(tmp_path / "notes.doc", b"\xd0\xcf\x11\xe0")
    put(tmp_path / "more.rar", b"Rar!\x1a\7")
    found = read_data(tmp_path)
    is_training_set(found)
    assert {left.reason for left in found.report.left_out} == {
        "an array of float64 2 x 2, neither images nor labels",
        "an array of int64 1 number, neither images nor labels",
        "lies beside arrays of images, which are read",
        "an old Office document, which is not read: save the sheet as CSV",
        "a RAR archive, which is not read: unpack it and name the folder",
    }


def test_labels_of_the_test_images_alone_are_left_out(tmp_path):
    found = read_data(put(tmp_path / "a.npz", saved(x_train=TRAIN, x_test=TEST, y_test=TEST_LABELS)))
    assert (len(found.train_images), len(found.test_images), found.classes) == (30, 8, ())
    assert found.report.remarks == ("the labels of y_test.npy were left out: the training images have none",)


def test_labels_in_an_array_do_not_hide_the_pictures_beside_them(tmp_path):
    for number in range(3):
        put(tmp_path / "ab"[number % 2] / f"{number}.png", b"")
        Image.fromarray(TRAIN[number]).save(tmp_path / "ab"[number % 2] / f"{number}.png")
    put(tmp_path / "labels.npy", npy(np.arange(3)))
    found = read_data(tmp_path)
    assert (len(found.train_images), found.classes) == (3, ("a", "b"))
    assert [left.reason for left in found.report.left_out] == ["an array without images"]


def test_what_is_encrypted_in_a_zip_says_so_whatever_it_is(tmp_path):
    put(tmp_path / "set" / "train.csv", b"1,2,3")
    path = zipped(tmp_path / "set")
    path.write_bytes(path.read_bytes().replace(b"PK\1\2\x14\3\x14\0\0", b"PK\1\2\x14\3\x14\0\1"))
    assert "train.csv is encrypted: make the zip without a password" in refusal(path)


def tar() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.png"), io.BytesIO())
    return made.getvalue()


def office() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\0\0\0\x18ftypheic" + bytes(400), "a HEIC picture, which is not read: save it as PNG or JPEG"),
        (b"%PDF-1.7" + bytes(400), "a PDF, which is not read: save its pages as PNG"),
        (b"Rar!\x1a\7\0" + bytes(400), "a RAR archive, which is not read: unpack it and name the folder"),
        (b"7z\xbc\xaf'\x1c" + bytes(400), "a 7z archive, which is not read: unpack it and name the folder"),
        (tar(), "a tar archive, which is not read: unpack it and name the folder"),
        (gzip.compress(tar(), mtime=0), "a tar archive, which is not read: unpack it and name the folder"),
        (b"PAR1" + bytes(400), "a Parquet file, which is not read: save it as CSV, or the arrays as .npz"),
        (b"\x89HDF\r\n\x1a\n" + bytes(400), "an HDF5 file, which is not read: save it as CSV"),
        (b"MATLAB 5.0 MAT-file" + bytes(400), "a MATLAB file, which is not read"),
        (b"\x80\4\x95" + bytes(400), "a pickle, which could run programs and is never read"),
        (office(), "a file of Office, which is not read: save the sheet as CSV"),
        (b"<svg xmlns='x'/>", "a page or a drawing in XML, which is not read: save it as PNG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(400), "one picture, and many are needed to learn from: name the folder"),
        (b"hello", "neither a folder nor a .zip of pictures"),
        (b"", "is empty"),
        (idx(TRAIN_LABELS), "expected one IDX file of images and at most one of labels, got"),
        (idx(TRAIN[:, :, :27]), "expected images of 28 x 28 pixels, got 28 x 27"),
        (gzip.compress(bytes(40 << 20)), "neither a folder nor a .zip of pictures"),
        (npy(np.zeros((5, 32, 32), np.uint8)), "expected images of 28 x 28 pixels, got 32 x 32"),
        (npy(np.zeros((0, 28, 28), np.uint8)), "has no images"),
        (npy(np.array([{}], object)), "objects of Python, which are never read"),
        (npy(np.full((3, 28, 28), np.nan)), "pixels that are no finite numbers"),
        (npy(TRAIN)[:-1], "expected 23,520 bytes after the header, got 23,519"),
        (npy(TRAIN) + b"\0", "expected 23,520 bytes after the header, got more"),
        (npy(TRAIN)[:50], "is no array of NumPy's, or damaged"),
        (saved(x=TRAIN, y=TRAIN_LABELS[:29]), "expected 30 labels, as many as there are images, got 29"),
        (saved(a=TRAIN, b=TEST), "expected one array of images and at most one of labels, got"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("name", ["a", "a.bin"])
def test_what_cannot_be_read_says_what_it_is_and_what_helps(tmp_path, content, words, name):
    assert words in refusal(put(tmp_path / name, content))


def test_what_is_not_there_is_said(tmp_path):
    assert "there is no such folder or file: name a folder" in refusal(tmp_path / "none")


def test_a_zip_beside_nothing_else_is_named(tmp_path):
    put(tmp_path / "set" / "inner.zip", zipped(put_four(tmp_path / "four")).read_bytes())
    assert "there is inner.zip, which may be named itself" in refusal(tmp_path / "set")


def test_a_header_is_believed_only_as_far_as_bytes_follow_it(tmp_path, peak):
    header = npy(TRAIN)[:128].replace(b"(30, 28, 28), ", b"(600000,28,28)")
    assert "expected 470,400,000 bytes after the header, got 784" in refusal(
        put(tmp_path / "a.npy", header + bytes(784))
    )
    header = header.replace(b"(600000,28,28)", b"(900000,28,28)")
    assert "at most 600,000 images" in refusal(put(tmp_path / "a.npy", header + bytes(784)))
    assert peak() < 4e6


def test_a_table_that_swells_more_than_a_hundredfold_is_refused(tmp_path, peak):
    swelling = gzip.compress(b"\n".join([b",".join([b"0"] * 784)] * 3000))
    assert "inflates to more than 100 times its size" in refusal(put(tmp_path / "a.csv.gz", swelling))
    assert peak() < 8e6


def test_folders_of_more_files_than_there_may_be_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("ganmnist.data.files._MOST_FILES", 5)
    for number in range(6):
        put(tmp_path / "deep" / f"{number}.png", b"")
    assert "has more than 5 files: name the folder in it that has the images" in refusal(tmp_path)


def test_looking_through_many_files_is_told_and_can_be_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("ganmnist.data.files._OFTEN", 2)
    monkeypatch.setattr("ganmnist.data.read._OFTEN", 2)
    for number in range(6):
        put(tmp_path / f"{number}.json", b"{}")
    said: list[str] = []
    with pytest.raises(DataError):
        read_data(tmp_path, lambda percent, words: said.append(words))
    assert said == ["looking at 2 files", "looking at 4 files", "looking at 6 files",
                    "looking into 2 files", "looking into 4 files", "looking into 6 files"]  # fmt: skip


def test_mnists_files_go_before_pictures(tmp_path):
    put_four(tmp_path)
    for number in range(3):
        (tmp_path / "0").mkdir(exist_ok=True)
        Image.new("L", (28, 28)).save(tmp_path / "0" / f"{number}.png")
    is_whole(read_data(tmp_path))
