"""A data set is kept by name: whole or not at all, checked when it is read, replaced from its own place alone."""

from __future__ import annotations

import errno
import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganmnist.data import store as data_store
from ganmnist.data.load import ENVIRONMENT, is_default, load_data
from ganmnist.data.store import DatasetStore, checked_name, name_of
from ganmnist.dataset import Dataset
from ganmnist.dataset_summary import LeftOut, ReadReport
from ganmnist.errors import DataError, DatasetNotFound, SettingError


def trees(count: int = 7, source: str = "/pictures/trees") -> Dataset:
    images = np.arange(count * 28 * 28).reshape(count, 28, 28).astype(np.uint8)
    labels = (np.arange(count) % 3).astype(np.uint8)
    report = ReadReport(
        split="every tenth of each class", left_out=(LeftOut(reason=".heic is not read", count=2, example="a.heic"),)
    )
    return Dataset("trees", source, images[2:], labels[2:], images[:2], labels[:2], ("ash", "elm", "oak"), report)


@pytest.fixture
def store(tmp_path) -> DatasetStore:
    return DatasetStore(tmp_path)


def test_what_was_added_is_read_back_with_its_classes_and_what_was_left_out(store):
    kept = store.add(trees())
    found = store.load("TREES")
    for one, other in zip(
        (found.train_images, found.train_labels, found.test_images, found.test_labels),
        (trees().train_images, trees().train_labels, trees().test_images, trees().test_labels),
        strict=True,
    ):
        assert np.array_equal(one, other)
    assert (found.name, found.source, found.classes) == ("trees", "/pictures/trees", ("ash", "elm", "oak"))
    assert found.report == trees().report
    assert list(kept.sentences()) == [
        "7 images in 3 classes",
        "ash: 3, elm: 2, oak: 2",
        "5 to train on, 2 kept for the test (every tenth of each class)",
        "left out 2 files, a.heic for one: .heic is not read",
    ]


def test_the_same_place_imported_again_takes_the_place_of_before_and_another_gets_a_name_of_its_own(store):
    store.add(trees(7))
    store.add(trees(9))
    assert [(kept.name, kept.train) for kept in store.list()] == [("trees", 7)]
    assert store.add(trees(4, "/elsewhere/trees")).name == "trees-2"
    assert store.add(trees(5, "/elsewhere/trees")).name == "trees-2"
    assert sorted((kept.name, kept.train) for kept in store.list()) == [("trees", 7), ("trees-2", 3)]
    assert len(list(store.path.iterdir())) == 2


def test_a_set_of_images_without_classes_and_without_test_images_is_kept_too(store):
    none = np.zeros((0, 28, 28), np.uint8)
    store.add(Dataset("dots", "dots", trees().train_images, np.zeros(5, np.uint8), none, np.zeros(0, np.uint8), ()))
    found = store.load("dots")
    assert (len(found.train_images), found.test_images.shape, found.classes) == (5, (0, 28, 28), ())


@pytest.mark.parametrize("name", ["", "con", "a b", "wald/baum", "..", "x" * 65, "mnist", "Synthetic-MNIST", "ä"])
def test_a_name_that_cannot_be_one_is_refused_by_name(store, name):
    with pytest.raises(SettingError, match=r"^name: "):
        checked_name(name)
    with pytest.raises(SettingError, match=r"^name: "):
        store.free_name(name, "somewhere")
    assert not store.path.exists()


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("trees", "trees"),
        ("my drawings.zip", "my-drawings"),
        ("digits.csv.gz", "digits"),
        ("Übungen (2)", "Uebungen-2"),
        ("木", "images"),
        ("MNIST", "my-MNIST"),
        ("aux", "my-aux"),
        ("", "images"),
        ("v1.2 set", "v1-2-set"),
    ],
)
def test_a_name_is_made_of_what_the_folder_is_called(title, name):
    assert name_of(title) == name


@given(st.text(max_size=90))
def test_whatever_the_folder_is_called_the_name_can_be_one(title):
    assert checked_name(name_of(title)) == name_of(title)


def test_a_damaged_file_is_named_with_what_to_do(store):
    store.add(trees())
    (path,) = store.path.glob("*/train-images.idx.gz")
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[-1] ^= 1
    path.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(DataError, match=r"train-images.* import /pictures/trees as trees once more"):
        store.load("trees")


def test_a_damaged_manifest_hides_its_set_and_no_other(store):
    store.add(trees())
    store.add(trees(4, "/elsewhere/trees"))
    next(store.path.glob("*/data.json")).write_text("{")
    assert len(store.list()) == 1


@pytest.mark.parametrize("step", range(5))
def test_a_disk_that_is_full_leaves_what_was_there_and_nothing_half_written(store, monkeypatch, step):
    store.add(trees(7))
    names = ["write_idx"] * 4 + ["write_json"]
    calls = 0

    def full(real):
        def write(path, *rest):
            nonlocal calls
            calls += 1
            if calls == step + 1:
                raise OSError(errno.ENOSPC, "No space left on device", str(path))
            return real(path, *rest)

        return write

    for name in set(names):
        monkeypatch.setattr(data_store, name, full(getattr(data_store, name)))
    with pytest.raises(OSError, match="No space left"):
        store.add(trees(9))
    assert len(store.load("trees").train_images) == 5
    assert len(list(store.path.iterdir())) == 1


def test_one_more_than_are_kept_is_refused_and_says_so(store, monkeypatch):
    monkeypatch.setattr(data_store, "MAX_SETS", 2)
    store.add(trees())
    store.add(trees(source="/b"))
    with pytest.raises(SettingError, match="2 data sets, at most 2 are kept: delete some"):
        store.add(trees(source="/c"))
    store.add(trees(9, source="/b"))  # in its own place there is room


def test_what_was_deleted_is_gone_and_the_refusal_lists_what_is_there(store):
    store.add(trees())
    store.add(trees(source="/b"))
    assert store.delete("Trees-2") == "trees-2"
    with pytest.raises(DatasetNotFound, match=r"no data set trees-2; there are MNIST, trees$"):
        store.load("trees-2")
    assert store.delete("trees") == "trees"
    assert not list(store.path.iterdir())


@pytest.mark.parametrize("name", ["MNIST", "synthetic-mnist"])
def test_what_was_never_imported_is_said_to_be_always_there(store, name):
    with pytest.raises(DatasetNotFound, match=f"{name} was not imported: it is always there, and cannot be deleted"):
        store.delete(name)


def test_a_training_asks_for_a_set_by_name_and_for_the_default_by_its_own_name(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "drawings"))
    DatasetStore(tmp_path).add(trees())
    assert load_data(name="trees", home=tmp_path).source == "/pictures/trees"
    for name in ("MNIST", "mnist", "synthetic-mnist", "drawings"):
        assert is_default(name, tmp_path)
    with pytest.raises(DatasetNotFound, match="no data set birches; there are MNIST, trees"):
        load_data(name="birches", home=tmp_path)
