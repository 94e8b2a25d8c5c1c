"""A folder of pictures, or a zip of one, is a data set: sub-folders are classes, every tenth is for the test."""

from __future__ import annotations

import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ganmnist.config import TrainConfig
from ganmnist.data import files, picture_folders
from ganmnist.data.classes import in_natural_order
from ganmnist.data.load import ENVIRONMENT, load_data
from ganmnist.errors import DataError
from ganmnist.networks.spec import MAX_CLASSES
from ganmnist.storage import bounded
from ganmnist.training.loop import train
from tests.shaded import picture, shades


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


@pytest.mark.parametrize("parents", ["", "mnist_png/", "a/b/c/"])
@pytest.mark.parametrize(
    ("train", "test"),
    [("training", "testing"), ("train", "test"), ("Train", "VAL"), ("train", "valid"), ("TRAINING", "Validation"),
     ("mnist_train", "mnist_test"), ("training_set", "test_set"), ("cats/train", "cats/test"),
     ("train/images", "test/images")],
)  # fmt: skip
@pytest.mark.parametrize("packed", [False, True])
def test_folders_called_train_and_test_are_the_split_and_those_in_them_the_classes(
    tmp_path, parents, train, test, packed
):
    top = tmp_path / "set"
    for number in range(24):
        picture(top / parents / train / str(number % 12) / f"{number}.png", 10 + number)
    for number in range(6):
        picture(top / parents / test / str(2 * number) / f"{number}.png", 100 + number)
    found = load_data(zipped(top) if packed else top)
    assert found.classes == tuple(map(str, range(12)))
    assert sorted(shades(found.train_images)) == list(range(10, 34))
    assert sorted(shades(found.test_images)) == list(range(100, 106))
    assert found.train_labels.tolist() == [(shade - 10) % 12 for shade in shades(found.train_images)]
    assert found.test_labels.tolist() == [2 * (shade - 100) for shade in shades(found.test_images)]
    assert found.report.split.startswith("by the folders ")


def test_all_that_is_not_for_the_training_is_kept_for_the_test(tmp_path):
    for place, name in enumerate(("train", "val", "test", "extra")):
        picture(tmp_path / name / "a" / "x.png", 10 + place)
        picture(tmp_path / name / "b" / "x.png", 20 + place)
    found = load_data(tmp_path)
    assert sorted(shades(found.train_images)) == [10, 20]
    assert sorted(shades(found.test_images)) == [11, 12, 21, 22]
    assert found.report.split == "by the folders test, train and val"
    (left,) = found.report.left_out
    assert (left.count, left.example) == (2, "extra/a/x.png")


def test_the_split_may_lie_within_each_class(tmp_path):
    for place, name in enumerate(("cat", "dog")):
        for part in ("train", "test"):
            picture(tmp_path / name / part / "x.png", 10 + place + 100 * (part == "test"))
    found = load_data(tmp_path)
    assert found.classes == ("cat", "dog")
    assert (sorted(shades(found.train_images)), sorted(shades(found.test_images))) == ([10, 11], [110, 111])


def test_a_class_may_be_called_train(tmp_path):
    for place, name in enumerate(("bus", "plane", "train")):
        picture(tmp_path / name / "x.png", 10 + place)
    found = load_data(tmp_path)
    assert found.classes == ("bus", "plane", "train")
    assert len(found.train_images) == 3


def test_a_split_without_classes_has_none(tmp_path):
    picture(tmp_path / "train" / "x.png", 10)
    picture(tmp_path / "test" / "x.png", 11)
    found = load_data(tmp_path)
    assert found.classes == ()
    assert (shades(found.train_images), shades(found.test_images)) == ([10], [11])


def test_test_pictures_without_a_class_are_left_out_where_others_have_one(tmp_path):
    for number in range(20):
        picture(tmp_path / "train" / "ab"[number % 2] / f"{number}.png", 10 + number)
        picture(tmp_path / "test" / f"{number}.png", 100)
    found = load_data(tmp_path)
    assert (len(found.train_images), len(found.test_images)) == (18, 2)
    assert found.report.split == "every tenth of each class"
    assert [left.count for left in found.report.left_out] == [20]


def test_deeper_folders_belong_to_the_class_that_they_lie_in(tmp_path):
    for place, name in enumerate(("bird/owl/day", "bird/hawk", "fish")):
        picture(tmp_path / name / "x.png", 10 + place)
    found = load_data(tmp_path)
    assert found.classes == ("bird", "fish")
    assert dict(zip(shades(found.train_images), found.train_labels.tolist(), strict=True)) == {10: 0, 11: 0, 12: 1}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["0", "1", "10", "11", "2", "9"], ("0", "1", "2", "9", "10", "11")),
        (["leaf 10", "Leaf 2", "leaf 1"], ("leaf 1", "Leaf 2", "leaf 10")),
        (["v1.10", "v1.9", "v1"], ("v1", "v1.9", "v1.10")),
        (["007", "7", "08"], ("007", "7", "08")),
        (["Ulme", "Äpfel", "Ölbaum"], ("Ulme", "Äpfel", "Ölbaum")),
    ],
)
def test_classes_are_in_the_order_that_people_count_in(tmp_path, names, expected):
    for place, name in enumerate(names):
        picture(tmp_path / "set" / name / "x.png", 10 + place)
    found = load_data(tmp_path / "set")
    assert found.classes == expected
    of_each = dict(zip(found.train_labels.tolist(), shades(found.train_images), strict=True))
    assert [of_each[number] for number in range(len(names))] == [10 + names.index(name) for name in expected]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20, unique=True), st.text("ab _-", max_size=3))
def test_numbers_in_names_are_sorted_as_numbers(numbers, word):
    names = [f"{word}{number}" for number in numbers]
    assert in_natural_order(names) == [f"{word}{number}" for number in sorted(numbers)]


@pytest.mark.parametrize("packed", [False, True])
def test_an_empty_folder_among_numbers_stays_a_class_so_that_each_number_keeps_its_meaning(tmp_path, packed):
    for name in ("0", "2", "10"):
        picture(tmp_path / "set" / name / "x.png", 10 + int(name))
    (tmp_path / "set" / "1").mkdir()
    (tmp_path / "set" / "notes").mkdir()
    found = load_data(zipped(tmp_path / "set") if packed else tmp_path / "set")
    assert found.classes == ("0", "1", "2", "10")
    assert dict(zip(shades(found.train_images), found.train_labels.tolist(), strict=True)) == {10: 0, 12: 2, 20: 3}
    sentences = " ".join(found.summary().sentences())
    assert "1 without pictures: a class all the same" in sentences
    assert "notes without pictures: no class" in sentences


def test_a_class_is_called_as_people_type_it_and_nothing_that_a_terminal_acts_upon(tmp_path):
    picture(tmp_path / "Mu\u0308ll" / "x.png", 10)  # as a Mac writes it
    picture(tmp_path / "a\x1b[2Jb" / "x.png", 11)
    assert load_data(tmp_path).classes == ("a\\x1b[2Jb", "M\u00fcll")


def test_a_class_that_has_pictures_for_the_test_alone_is_named(tmp_path):
    for name in ("train/oak", "train/elm", "test/oak", "test/ash"):
        picture(tmp_path / name / "x.png", 10)
    found = load_data(tmp_path)
    assert found.classes == ("ash", "elm", "oak")
    (remark,) = found.report.remarks
    assert remark.startswith("ash with pictures for the test alone: nothing is learned of them, move some")


def test_an_empty_folder_among_words_is_no_class_and_is_named(tmp_path):
    for name in ("oak", "elm"):
        picture(tmp_path / name / "x.png", 10)
    (tmp_path / "ash").mkdir()
    found = load_data(tmp_path)
    assert found.classes == ("elm", "oak")
    assert "ash without pictures: no class" in found.report.remarks


def test_what_is_left_out_is_counted_by_its_ending_with_what_to_do(tmp_path):
    for number in range(3):
        picture(tmp_path / f"{number}.png", 10)
        (tmp_path / f"{number}.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    (tmp_path / "sheet.psd").write_bytes(b"8BPS")
    (tmp_path / "phone.jpg").write_bytes(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic")
    (tmp_path / "list.json").write_text("{}")
    for name in ("Thumbs.db", ".DS_Store", "desktop.ini", "readme.txt", "LICENSE.md"):
        (tmp_path / name).write_text("of no interest")
    found = load_data(tmp_path)
    assert len(found.train_images) == 3
    left = {each.example: (each.count, each.reason) for each in found.report.left_out}
    assert left == {
        "0.HEIC": (3, ".heic is not read: save them as PNG or JPEG"),
        "sheet.psd": (1, ".psd is not read: save them as PNG or JPEG"),
        "phone.jpg": (1, "a HEIC picture, which is not read: save it as PNG or JPEG"),
        "list.json": (1, ".json is no picture, table or array"),
    }
    assert (
        "left out 3 files, 0.HEIC for one: .heic is not read: save them as PNG or JPEG" in found.summary().sentences()
    )


def test_a_picture_with_the_ending_of_one_that_is_not_read_is_read(tmp_path):
    picture(tmp_path / "a.png", 10)
    (tmp_path / "a.png").rename(tmp_path / "a.heic")
    assert shades(load_data(tmp_path).train_images) == [10]


def test_pictures_that_are_turned_about_are_counted(tmp_path):
    for number in range(4):
        picture(tmp_path / f"{number}.png", 40)
    Image.fromarray(255 - np.asarray(Image.open(tmp_path / "0.png"))).save(tmp_path / "0.png")
    assert load_data(tmp_path).report.dark_on_light == 1


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("count", [2, 10, 13])
def test_all_damaged_pictures_are_named_at_once_or_ten_and_how_many_more(tmp_path, packed, count):
    for number in range(31):
        picture(tmp_path / "set" / f"{number:02}.png", 10)
    for number in range(count):
        path = tmp_path / "set" / f"{2 * number:02}.png"
        path.write_bytes(path.read_bytes()[:50] if number % 2 else b"no picture")
    message = refusal(zipped(tmp_path / "set") if packed else tmp_path / "set")
    assert f"{count} pictures cannot be read" in message
    assert [f"{2 * number:02}.png (" in message for number in range(13)] == [
        number < min(count, 10) for number in range(13)
    ]
    assert ("; and 3 more: repair them or take them out" in message) == (count == 13)


def test_bytes_that_changed_in_a_zip_are_all_named(flat):
    path = zipped(flat, method=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    for name in ("07.png", "31.png"):
        content[content.index((flat / name).read_bytes()) + 50] ^= 1
    path.write_bytes(content)
    message = refusal(path)
    for words in ("2 pictures cannot be read", "07.png", "31.png"):
        assert words in message


def test_links_to_folders_are_followed_and_none_is_read_twice(classed, tmp_path):
    (tmp_path / "links").mkdir()
    for folder in classed.iterdir():
        (tmp_path / "links" / folder.name).symlink_to(folder)
    (classed / "axe" / "up").symlink_to(classed)
    assert len(load_data(tmp_path / "links").train_images) == len(load_data(classed).train_images)


def test_a_reading_ends_with_what_its_progress_raises(flat):
    class Enough(Exception):
        """Somebody has seen enough."""

    for error in (Enough, OSError, RuntimeError):
        for path in (flat, zipped(flat)):

            def stop(percent, words, error=error):
                raise error

            with pytest.raises(error):
                load_data(path, on_progress=stop)


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
    assert "2 pictures cannot be read" in refusal(path)  # small enough to do no harm
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
