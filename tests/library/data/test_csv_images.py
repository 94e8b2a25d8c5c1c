"""A line of a CSV file is an image, in the layouts that are about; what is wrong is said with its line and column."""

from __future__ import annotations

import gzip
import tracemalloc
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ganmnist.data import csv_images
from ganmnist.data.classes import numbered
from ganmnist.data.csv_images import read_csv, read_table
from ganmnist.data.files import DiskFile
from ganmnist.data.read import read_data
from ganmnist.dataset import Dataset
from ganmnist.errors import DataError

PIXELS = ",".join(f"pixel{number}" for number in range(784))


def row(shade: int = 7, label: int | None = None) -> str:
    """An image whose first pixel is 1, its second 2, one in the midst 255 and all others of one shade."""
    pixels = ",".join(map(str, [1, 2, *[shade] * 398, 255, *[shade] * 383]))
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


IMAGES = np.random.default_rng(1).integers(0, 256, (20, 28, 28)).astype(np.uint8)
IMAGES[:, [0, -1]] = IMAGES[:, :, [0, -1]] = 0  # ink does not come to the border
LABELS = np.arange(20) % 4
NUMBERS = {
    "whole": str,
    "217.0": lambda value: f"{value}.0",
    "numpy's": lambda value: f"{value:.18e}",
    "0 to 1": lambda value: repr(value / 255),
    "-1 to 1": lambda value: repr(value / 127.5 - 1),
    "decimal comma": lambda value: f"{value / 255:.8f}".replace(".", ","),
}


def table(delimiter=",", number=str, label="first", header=True, index=None, quoted=False, name="label") -> list[str]:
    """Lines as programs write them."""

    def line(label_field: str, pixels: list[str], index_field: str) -> str:
        fields = {"first": [label_field, *pixels], "last": [*pixels, label_field], None: pixels}[label]
        fields = fields if index is None else [index_field, *fields]
        return delimiter.join(f'"{field}"' for field in fields) if quoted else delimiter.join(fields)

    names = [line(name, [f"pixel{place}" for place in range(784)], index or "")] if header else []
    return names + [
        line(str(label), row, str(at)) for at, (label, row) in enumerate(zip(LABELS, fields(number), strict=True))
    ]


@cache
def fields(number) -> list[list[str]]:
    return [[number(value) for value in image.ravel().tolist()] for image in IMAGES]


def check(found: Dataset, labelled: bool = True) -> None:
    """All images are there, to the bit, each with its label."""
    images = np.concatenate([found.train_images, found.test_images])
    labels = np.concatenate([found.train_labels, found.test_labels])
    read = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    assert read.keys() == {image.tobytes() for image in IMAGES}
    assert found.classes == (("0", "1", "2", "3") if labelled else ())
    if labelled:
        assert all(read[image.tobytes()] == label for image, label in zip(IMAGES, LABELS, strict=True))


@settings(max_examples=25)
@given(
    delimiter=st.sampled_from([",", ";", "\t", "|", " ", ", "]),
    number=st.sampled_from(sorted(NUMBERS)),
    label=st.sampled_from(["first", "last", None]),
    header=st.booleans(),
    index=st.sampled_from([None, "", "Unnamed: 0", "id"]),
    quoted=st.booleans(),
    end=st.sampled_from(["\n", "\r\n", "\n\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    packed=st.booleans(),
)
def test_however_a_table_is_written_its_images_are_the_same(
    tmp_path_factory, delimiter, number, label, header, index, quoted, end, encoding, packed
):
    quoted = quoted or (number == "decimal comma" and "," in delimiter)
    assume(
        delimiter != " " or not (quoted or index in ("", "Unnamed: 0"))
    )  # what is nothing cannot stand between spaces
    lines = table(delimiter, NUMBERS[number], label, header, index, quoted)
    content = "".join(line + end for line in lines).encode(encoding)
    path = tmp_path_factory.getbasetemp() / "table.csv"
    path.write_bytes(gzip.compress(content) if packed else content)
    check(read_data(path), labelled=label is not None)


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "a.data", "a", "a.csv.gz", "a.png.gz"])
def test_what_a_table_is_called_does_not_matter(tmp_path, name):
    content = "\n".join(table("\t")).encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    check(read_data(tmp_path / name))


@pytest.mark.parametrize("name", ["label", "Class", "target", "y", "digit", "Ziffer"])
def test_the_label_is_found_by_its_name_or_as_the_one_that_is_no_pixel(write, name):
    found = read_data(write(*table(label="last", name=name)))
    check(found)
    assert found.report.remarks == (("the column ziffer was taken as the label",) if name == "Ziffer" else ())


def test_a_label_that_is_last_without_a_name_is_found_and_said(write):
    found = read_data(write(*table(label="last", header=False)))
    check(found)
    assert "the last was taken as the label" in found.report.remarks[0]


def test_a_first_or_last_column_that_may_both_be_the_label_is_asked_for(write):
    lines = [",".join(map(str, [at % 3, *[7] * 783, (at + 1) % 3])) for at in range(12)]
    message = refusal(write(*lines))
    assert "line 1: it cannot be told whether the first column is the label or the last" in message
    assert "label and pixel0 to pixel783" in message


def test_an_index_is_left_out_and_said(write):
    for header in (True, False):
        found = read_data(write(*table(header=header, index="Unnamed: 0")))
        check(found)
        assert "left out" in found.report.remarks[0]


def test_the_names_that_pandas_gives_to_columns_without_one_are_no_image(write):
    lines = table(header=False, index="")
    check(read_data(write("," + ",".join(map(str, range(785))), *lines)))


def test_a_first_image_that_pandas_took_for_names_is_no_image(write):
    seen: dict[str, int] = {}
    names = []
    for field in table(header=False)[0].split(","):
        names.append(f"{field}.{seen[field]}" if field in seen else field)
        seen[field] = seen.get(field, 0) + 1
    check(read_data(write(",".join(names), *table(header=False))))


def test_what_tells_a_spreadsheet_the_delimiter_is_no_image(write):
    check(read_data(write("sep=;", *table(";"))))


def test_numpys_file_with_its_remark_is_read(tmp_path):
    rows = np.column_stack([LABELS, IMAGES.reshape(20, -1)])
    names = ",".join(["label", *(f"pixel{place}" for place in range(784))])
    for header in ("", "twenty images", names):
        np.savetxt(tmp_path / "a.csv", rows, delimiter=",", header=header)
        check(read_data(tmp_path / "a.csv"))


def test_words_are_classes_too(write):
    lines = [line.replace(str(at % 4), "abcd"[at % 4], 1) for at, line in enumerate(table(header=False))]
    found = read_data(write(*lines))
    assert found.classes == ("a", "b", "c", "d")
    assert sorted(found.train_labels.tolist() + found.test_labels.tolist()) == sorted(LABELS.tolist())


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([3, 1, 3], ("0", "1", "2", "3")),
        ([7, 200, 30], ("7", "30", "200")),
        (["5.0", "3.0", "3.0"], ("0", "1", "2", "3", "4", "5")),
        ([-1, 4, 4], ("-1", "4")),
        (["leaf 10", "leaf 9", "bark"], ("bark", "leaf 9", "leaf 10")),
    ],
)
def test_a_label_keeps_its_number_or_its_name(write, labels, classes):
    found = read_data(write(*(row(10 + at, label) for at, label in enumerate(labels))))
    assert found.classes == classes
    of_each = {int(image[9, 9]): found.classes[label]
               for image, label in zip(found.train_images, found.train_labels, strict=True)}  # fmt: skip
    assert [
        float(of_each[10 + at]) if str(label)[0] not in "bl" else of_each[10 + at] for at, label in enumerate(labels)
    ] == [float(label) if str(label)[0] not in "bl" else label for label in labels]


def test_zeros_and_ones_are_black_and_white_and_it_is_said(write):
    lines = [",".join(["0"] * 400 + ["1"] * 384)] * 3
    found = read_data(write(*lines))
    assert sorted(set(found.train_images.ravel().tolist())) == [0, 255]
    assert "numbers from 0 to 1 were taken as from black to white" in found.report.remarks


def test_lines_of_black_alone_are_on_the_scale_of_the_others(write):
    black = ",".join(["0"] * 784)
    found = read_data(write(black, ",".join(["0.5"] * 784), black, ",".join(["1"] * 784)))
    assert sorted(image[0, 0] for image in found.train_images) == [0, 0, 128, 255]
    found = read_data(write(black, ",".join(["-1"] * 784), ",".join(["0.0"] * 784)))
    assert sorted(image[0, 0] for image in found.train_images) == [0, 128, 128]
    found = read_data(write(black, ",".join(["0.4"] * 784), ",".join(["200"] * 784)))
    assert sorted(image[0, 0] for image in found.train_images) == [0, 0, 200]


def test_all_lines_that_are_wrong_are_named_at_once_or_ten_and_how_many_more(write):
    lines = table()
    for at in range(2, 16):
        lines[at] = lines[at].replace(",0,", ",?,", 1)
    message = refusal(write(*lines))
    assert all(f"line {at + 1}: expected whole numbers" in message for at in range(2, 12))
    assert "line 13" not in message
    assert message.endswith("; and 4 lines more")


def test_tables_called_train_and_test_are_the_split(tmp_path):
    for name, first in (("mnist_train.csv", 0), ("mnist_test.csv", 14)):
        (tmp_path / name).write_text("\n".join(table(header=False)[first : first + 14]))
    found = read_data(tmp_path)
    assert (len(found.train_images), len(found.test_images)) == (14, 6)
    np.testing.assert_array_equal(found.test_images, IMAGES[14:])
    assert found.test_labels.tolist() == LABELS[14:].tolist()
    assert found.report.split == "as they are called: mnist_test.csv and mnist_train.csv"


def test_kaggles_folder_has_images_to_test_without_labels_which_are_left_out(tmp_path):
    (tmp_path / "train.csv").write_text("\n".join(table()))
    (tmp_path / "test.csv").write_text("\n".join(table(label=None)))
    (tmp_path / "sample_submission.csv").write_text("ImageId,Label\n1,0\n")
    found = read_data(tmp_path)
    check(found)
    assert {left.example for left in found.report.left_out} == {"test.csv", "sample_submission.csv"}


def test_two_tables_of_any_names_are_too_many(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("\n".join(table()))
    with pytest.raises(DataError, match=r"one table of images, or two called train and test, got a\.csv, b\.csv"):
        read_data(tmp_path)


def test_a_table_of_other_things_alone_in_a_folder_says_what_is_odd(tmp_path):
    (tmp_path / "digits.csv").write_text(",".join(["1"] * 64))
    with pytest.raises(DataError, match=r"digits\.csv: line 1: expected 784 pixels .* got 64 columns"):
        read_data(tmp_path)


def test_images_that_are_dark_on_light_stay_so_and_it_is_said(write):
    lines = [",".join(map(str, (255 - image).ravel())) for image in IMAGES]
    found = read_data(write(*lines))
    assert found.train_images[:, 0].min() == 255
    assert "dark on light and stay so" in found.report.remarks[0]


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
        ([row(0, 3).replace("2", "nan")], "line 1: expected whole numbers from 0 to 255, got nan in column 3"),
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


def test_a_label_of_more_than_a_hundred_letters_is_refused_by_its_line(write):
    message = refusal(write(row(7, "a" * 100), row(7, "b" * 101), row(7, "c")))
    assert "line 2: expected labels of at most 100 letters, got 101: bbb" in message
    assert "line 1" not in message


def test_one_long_label_does_not_take_its_room_in_every_row(tmp_path):
    rows = 2_000
    path = tmp_path / "a.csv"
    path.write_text("\n".join([f"{'a' * 100},{row()}", *(f"b,{row()}" for _ in range(rows))]))
    file = DiskFile((path.name,), path)
    labels = read_table(file, lambda *_: None).labels
    tracemalloc.start()
    numbered(labels, "it")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * rows  # an array of texts would have 400 for each
