"""A folder of pictures, or a zip of one, is a data set: sub-folders are classes, every tenth is for the test."""

from __future__ import annotations

import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganmnist.config import TrainConfig
from ganmnist.data import files, picture_folders
from ganmnist.data.load import ENVIRONMENT, load_data
from ganmnist.errors import DataError
from ganmnist.networks.spec import MAX_CLASSES
from ganmnist.storage import bounded
from ganmnist.training.loop import train


def picture(path: Path, shade: int) -> None:
    """A square whose shade tells which picture it is, on black."""
    image = np.zeros((28, 28), np.uint8)
    image[9:19, 9:19] = shade
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def shades(images: np.ndarray) -> list[int]:
    return images[:, 14, 14].tolist()


def refusal(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        load_data(folder)
    return str(caught.value)


@pytest.fixture
def flat(tmp_path):
    """43 pictures without classes, the shade of each its number."""
    for number in range(1, 44):
        picture(tmp_path / "leaves" / f"{number:02}.png", number)
    return tmp_path / "leaves"


@pytest.fixture
def classed(tmp_path):
    """30 axes of shades from 1, 9 bows from 101, 12 cups from 201."""
    for name, first, count in (("cup", 201, 12), ("axe", 1, 30), ("bow", 101, 9)):
        for number in range(count):
            picture(tmp_path / "tools" / name / f"{number:02}.png", first + number)
    return tmp_path / "tools"


def test_sub_folders_are_classes_in_the_order_of_their_names(classed):
    found = load_data(classed)
    assert found.classes == ("axe", "bow", "cup")
    assert (found.name, found.source) == ("tools", str(classed))
    for images, labels in ((found.train_images, found.train_labels), (found.test_images, found.test_labels)):
        assert labels.tolist() == [(shade - 1) // 100 for shade in shades(images)]
        assert (images.dtype, labels.dtype) == (np.uint8, np.uint8)


def test_every_tenth_of_each_class_is_kept_for_the_test_and_none_is_lost(classed):
    found = load_data(classed)
    assert np.bincount(found.test_labels, minlength=3).tolist() == [3, 0, 1]
    every = sorted(shades(found.train_images) + shades(found.test_images))
    assert every == [*range(1, 31), *range(101, 110), *range(201, 213)]


def test_pictures_in_the_folder_itself_have_no_classes(flat):
    found = load_data(flat)
    assert found.classes == ()
    assert not found.train_labels.any()
    assert (len(found.train_images), len(found.test_images)) == (39, 4)
    assert sorted(shades(found.train_images) + shades(found.test_images)) == list(range(1, 44))


def test_the_order_is_shuffled_but_always_the_same(flat, classed):
    for folder in (flat, classed):
        one, other = load_data(folder), load_data(folder)
        assert shades(one.train_images) == shades(other.train_images)
        assert shades(one.test_images) == shades(other.test_images)
        assert shades(one.train_images) != sorted(shades(one.train_images))
    assert len(set(load_data(classed).train_labels[:12].tolist())) > 1, "the first images are not all of one class"


@pytest.mark.parametrize(("count", "test"), [(1, 0), (19, 0), (20, 2)])
def test_of_fewer_than_twenty_none_is_spared(tmp_path, count, test):
    for number in range(count):
        picture(tmp_path / "few" / f"{number}.png", 50)
    found = load_data(tmp_path / "few")
    assert (len(found.train_images), len(found.test_images)) == (count - test, test)


def test_the_environment_may_name_the_folder(classed, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(classed))
    assert load_data().name == "tools"


def test_all_endings_count_in_capitals_too_and_nothing_else_does(tmp_path):
    names = ["a.png", "b.JPG", "c.jpeg", "d.Bmp", "e.gif", "f.TIF", "g.tiff", "h.webp"]
    for place, name in enumerate(names):
        picture(tmp_path / "mixed" / name, 10 * (place + 1))
    for name in (".hidden.png", "notes.txt", "Thumbs.db", "png"):
        (tmp_path / "mixed" / name).write_bytes(b"no picture")
    for name in (".git/x.png", "empty/notes.txt", ".deep/down/x.png", "folder.png/notes.txt"):
        (tmp_path / "mixed" / name).parent.mkdir(parents=True)
        (tmp_path / "mixed" / name).write_bytes(b"no picture")
    found = load_data(tmp_path / "mixed")
    assert len(found.train_images) == len(names)
    assert found.classes == ()


def test_pictures_in_the_folder_and_in_its_sub_folders_are_refused_with_what_to_move(classed):
    picture(classed / "stray.png", 9)
    message = refusal(classed)
    for words in (str(classed), "stray.png", "axe", "move"):
        assert words in message


def test_a_folder_without_any_says_what_was_looked_for(tmp_path):
    (tmp_path / "notes.txt").write_text("no pictures here")
    message = refusal(tmp_path)
    for words in (str(tmp_path), "train-images-idx3-ubyte", ".png", ".webp"):
        assert words in message


def test_a_damaged_picture_is_named(classed):
    (classed / "bow" / "03.png").write_bytes(b"no picture")
    assert str(classed / "bow" / "03.png") in refusal(classed)


def test_a_file_in_place_of_a_folder_is_named(tmp_path):
    picture(tmp_path / "one.png", 9)
    assert str(tmp_path / "one.png") in refusal(tmp_path / "one.png")


def test_more_classes_than_a_model_can_have_are_refused_before_a_picture_is_read(tmp_path):
    for number in range(MAX_CLASSES + 1):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "a.png").write_bytes(b"no picture")
    message = refusal(tmp_path)
    assert "101" in message
    assert "100" in message


def test_more_pictures_than_memory_holds_are_refused_before_one_is_read(flat, monkeypatch):
    monkeypatch.setattr(picture_folders, "MAX_IMAGES", 42)
    (flat / "01.png").write_bytes(b"no picture")
    message = refusal(flat)
    assert "43" in message
    assert "42" in message


def test_progress_grows_to_the_end(flat):
    said: list[float] = []
    load_data(flat, on_progress=lambda percent, words: said.append(percent))
    assert said == sorted(said)
    assert (len(said), said[-1]) == (44, 100)


def zipped(folder: Path, top: str = "", method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Zip what is in a folder, under the folder `top` within the zip."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", method) as archive:
        for found in sorted(folder.rglob("*"), reverse=True):
            archive.write(found, f"{top}{found.relative_to(folder).as_posix()}")
    return path


@pytest.mark.parametrize("top", ["", "tools/", "my/tools/"])
@pytest.mark.parametrize("kind", ["flat", "classed"])
def test_a_zip_is_the_same_data_set_as_the_folder_it_was_made_of(request, kind, top):
    folder = request.getfixturevalue(kind)
    expected, found = load_data(folder), load_data(zipped(folder, top))
    assert (found.name, found.classes) == (f"{folder.name}.zip", expected.classes)
    for part in ("train_images", "train_labels", "test_images", "test_labels"):
        np.testing.assert_array_equal(getattr(found, part), getattr(expected, part))


def test_what_is_hidden_in_a_zip_or_left_there_by_a_mac_does_not_count(classed):
    path = zipped(classed, "tools/")
    with zipfile.ZipFile(path, "a") as archive:
        for name in ("__MACOSX/tools/axe/._00.png", "tools/.DS_Store", "tools/axe/.x.png", "tools/.deep/er/x.png"):
            archive.writestr(name, b"no picture")
    assert load_data(path).classes == ("axe", "bow", "cup")


@pytest.mark.parametrize("name", ["../../x.png", "/etc/x.png", "C:\\x.png", "..\\x.png", "axe/" * 400 + "x.png"])
def test_names_that_lead_out_of_a_zip_lead_nowhere(tmp_path, flat, name):
    path = tmp_path / "zips" / "a.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(flat / "01.png", name)
        archive.write(flat / "02.png", "x/y.png")
    before = sorted(tmp_path.rglob("*"))
    with suppress(DataError):
        load_data(path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_damaged_picture_in_a_zip_is_named_with_the_zip(classed):
    (classed / "bow" / "03.png").write_bytes(b"no picture")
    message = refusal(zipped(classed))
    assert f"{classed}.zip: bow/03.png: cannot be read as a picture" in message


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda content: content[:-40], "is no zip, or damaged"),
        (lambda content: b"no zip", "is no zip, or damaged"),
        (lambda content: b"", "is no zip, or damaged"),
        (lambda content: content.replace(b"\x01\x02\x14\x03\x14\0\0", b"\x01\x02\x14\x03\x14\0\1"), "encrypted"),
    ],
)
def test_a_zip_that_cannot_be_read_is_named_with_why(flat, spoil, words):
    path = zipped(flat)
    path.write_bytes(spoil(path.read_bytes()))
    message = refusal(path)
    assert str(path) in message
    assert words in message


def test_a_zip_packed_in_another_way_says_which_way_is_read(flat):
    assert "Deflate" in refusal(zipped(flat, method=zipfile.ZIP_LZMA))


def test_a_zip_without_pictures_says_what_to_do(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "songs.mp3").write_text("1,2,3")
    message = refusal(zipped(tmp_path / "notes"))
    assert "no pictures" in message
    assert "unpack it" in message


def test_a_zip_swells_neither_beyond_its_limit_nor_a_hundredfold(tmp_path, monkeypatch):
    (tmp_path / "bombs").mkdir()
    for number in range(2):
        (tmp_path / "bombs" / f"{number}.bmp").write_bytes(bytes(400_000))
    path = zipped(tmp_path / "bombs")
    assert "cannot be read as a picture" in refusal(path)  # small enough to do no harm
    monkeypatch.setattr(bounded, "_SMALL", 1000)
    assert "more than 100 times its size" in refusal(path)
    monkeypatch.setattr(bounded, "_SMALL", 1 << 30)
    monkeypatch.setattr(bounded, "MAX_INFLATED", 399_999)
    assert "399,999 bytes" in refusal(path)
    monkeypatch.setattr(bounded, "MAX_INFLATED", 1 << 30)
    monkeypatch.setattr(files, "_LARGEST_PICTURE", 399_999)
    assert "0.bmp has 400,000 bytes, at most 399,999" in refusal(path)


def test_a_zip_of_more_entries_than_there_may_be_is_refused_before_they_are_listed(flat, monkeypatch):
    monkeypatch.setattr(files, "_MOST_ENTRIES", 30)
    path = zipped(flat)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("they were listed"))
    assert "more than 30 entries" in refusal(path)


@pytest.mark.parametrize("classes", [True, False], ids=["with classes", "without"])
def test_a_model_learns_from_own_pictures(classed, flat, classes):
    """With the preset, which is told as many classes as there are."""
    sampler = train(load_data(classed if classes else flat), TrainConfig(epochs=1, batch_size=4, images=4))
    assert sampler.classes == (3 if classes else 0)
