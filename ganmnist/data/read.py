"""The front door: looks at what lies in a folder or a file, and has it read by who can."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganmnist.class_names import class_name
from ganmnist.data.arrays import Named, described, images_in, read_array_file, to_labels
from ganmnist.data.classes import in_natural_order
from ganmnist.data.csv_images import looks_like_table, read_table
from ganmnist.data.files import DiskFile, File, OnProgress, Tree, in_folder, in_zip
from ganmnist.data.idx import MAX_IMAGES
from ganmnist.data.kinds import Kind, called, kind_of
from ganmnist.data.mnist import MNIST, find_mnist, read_mnist
from ganmnist.data.picture import ENDINGS
from ganmnist.data.picture_folders import read_pictures
from ganmnist.data.pieces import Piece, put_together
from ganmnist.data.report import Reporting, listed
from ganmnist.data.scale import to_greys
from ganmnist.data.splits import Parts, split_of
from ganmnist.dataset import Dataset
from ganmnist.errors import DataError, shape_text, shown
from ganmnist.networks.spec import MAX_CLASSES
from ganmnist.storage.magic import JSON, what_is

_TOLD = 4  # reasons in one sentence
_OFTEN = 500  # files looked into, after which progress is told
_TABLES = (".csv", ".tsv", ".tab")
_NOTES = (".txt", ".md", ".rst", ".html", ".license")  # which nobody takes for images
_READ = "a folder or a .zip of pictures, a table of pixels (.csv), IDX files or NumPy's arrays (.npz, .npy)"
# A camera's raw files begin as TIFF does, and hold a small preview at best.
_RAW = (".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2", ".pef")
_PICTURES = (*_RAW, ".heic", ".heif", ".hif", ".jxl", ".psd", ".xcf", ".svg", ".eps", ".ai", ".ico", ".wmf")
_UNREAD = {
    **dict.fromkeys(_PICTURES, "is not read: save them as PNG or JPEG"),
    **dict.fromkeys((".mp4", ".mov", ".avi", ".mkv"), "is a film, which is not read: save its frames as PNG"),
    ".pdf": "is not read: save the pages as PNG",
    **dict.fromkeys((".arff", ".libsvm", ".svm", ".jsonl"), "is not read: save it as CSV"),
}


def read_data(path: Path, on_progress: OnProgress | None = None) -> Dataset:
    """Read images from a folder or a file, by what it holds and not by what it is called.

    Args:
        path: A folder or a .zip, in which may lie: the four IDX files of MNIST; IDX files or NumPy's arrays of images
            and of labels, under any names; tables with a line for each image; or pictures, in folders for each class
            and for train and test if there are any. Or one such table or file of arrays. Any of them may be gzip'd.
        on_progress: Called with percent and a few words; what it raises ends the reading.

    Returns:
        The images, and in `report` how they were told apart and what was left out.

    Raises:
        DataError: There is nothing that can be read, or something is damaged or cannot be told; names the file, and the
            line or the entry in it, what was expected, what came and what to do.
    """
    on_progress = on_progress or (lambda percent, words: None)
    if os.path.isdir(path):
        found = _read_tree(in_folder(path, on_progress), path, on_progress)
    elif os.path.isfile(path):
        found = _read_file(path, on_progress)
    else:
        raise DataError(f"{path}: there is no such folder or file: name {_READ}")
    on_progress(100, "ready")
    return found


@dataclass
class _Found:
    """The files of a tree by what is done with them."""

    arrays: list[tuple[File, Kind]] = field(default_factory=list)
    tables: list[File] = field(default_factory=list)
    pictures: list[File] = field(default_factory=list)
    zips: list[File] = field(default_factory=list)
    odd_tables: list[File] = field(default_factory=list)  # of other things, or damaged


def _read_file(path: Path, on_progress: OnProgress) -> Dataset:
    file = DiskFile((path.name,), path)
    head = file.head()
    kind, ending = kind_of(head), path.suffix.lower()
    if kind is Kind.ZIP or ending in (".zip", ".npz"):
        if b"[Content_Types].xml" in head:
            raise DataError(f"{path}: is a file of Office, which is not read: save the sheet as CSV")
        if kind is not Kind.ZIP:
            raise DataError(f"{path}: is no zip, or damaged: it is {called(head) or f'{what_is(head)}: make it anew'}")
        try:
            content = path.open("rb")
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror})") from None
        with content:
            return _read_tree(in_zip(content, str(path)), path, on_progress)
    report = Reporting()
    if kind in (Kind.IDX, Kind.NPY):
        return _dataset(
            path, _Arrays(Tree(str(path), [file]), [(file, kind)], report, on_progress).put_together(), report
        )
    if ending in _TABLES or (kind is Kind.TEXT and looks_like_table(file)):
        return _read_tables(Tree(str(path), [file]), path, [file], report, on_progress)
    if kind is Kind.PICTURE:
        raise DataError(f"{path}: is one picture, and many are needed to learn from: name the folder that they lie in")
    if words := called(head) or (f"{JSON}, which is not read: save it as CSV" if what_is(head) == JSON else ""):
        raise DataError(f"{path}: is {words}")
    if not head:
        raise DataError(f"{path}: is empty: make it anew")
    if ending in _UNREAD:
        raise DataError(f"{path}: {ending} {_UNREAD[ending]}")
    raise DataError(f"{path}: is neither a folder nor a .zip of pictures nor one of tables or arrays: name {_READ}")


def _read_tree(tree: Tree, path: Path, on_progress: OnProgress) -> Dataset:
    if files := find_mnist(tree):
        return read_mnist(path, files, on_progress)
    report = Reporting()
    found = _sorted_out(tree, report, on_progress)
    if found.arrays:
        arrays = _Arrays(tree, found.arrays, report, on_progress)
        if arrays.have_images or not (found.tables or found.pictures):
            for file in (*found.tables, *found.pictures):
                report.leave_out(file, "lies beside arrays of images, which are read")
            return _dataset(path, arrays.put_together(), report)
        for file, _ in found.arrays:
            report.leave_out(file, "an array without images")
    if found.tables:
        for file in found.pictures:
            report.leave_out(file, "lies beside a table of images, which is read")
        return _read_tables(tree, path, found.tables, report, on_progress)
    if found.pictures:
        return _dataset(path, read_pictures(tree, found.pictures, report, on_progress), report)
    if found.odd_tables:
        return _read_tables(tree, path, found.odd_tables[:1], report, on_progress)  # which says what is odd
    raise _nothing(tree, found, report)


def _sorted_out(tree: Tree, report: Reporting, on_progress: OnProgress) -> _Found:
    found, looked_into = _Found(), 0
    for file in tree.files:
        ending = os.path.splitext(file.parts[-1])[1].lower()
        if ending in ENDINGS:
            found.pictures.append(file)
            continue
        looked_into += 1
        if looked_into % _OFTEN == 0:
            on_progress(0, f"looking into {looked_into:,} files")
        head = file.head()
        kind = kind_of(head)
        if kind in (Kind.IDX, Kind.NPY) or (kind is Kind.ZIP and (ending == ".npz" or b".npy" in head)):
            found.arrays.append((file, kind))
        elif kind is Kind.ZIP:
            found.zips.append(file)
        elif kind is Kind.PICTURE and ending not in _RAW:
            found.pictures.append(file)
        elif kind is Kind.TEXT and looks_like_table(file):
            found.tables.append(file)
        elif ending not in _NOTES:
            found.odd_tables += [file] if ending in _TABLES else []
            report.leave_out(file, file.refusal() or _why_not(ending, head))
    return found


def _why_not(ending: str, head: bytes) -> str:
    if ending in _UNREAD:
        return f"{ending} {_UNREAD[ending]}"
    if words := called(head):
        return words
    if ending in _TABLES:
        return "a table, but none of images of 28 x 28 pixels"
    return f"{shown(ending)} is no picture, table or array" if ending else "no picture, table or array"


class _Arrays:
    """All arrays of some files.

    Attributes:
        have_images: Whether some are images.
    """

    def __init__(self, tree: Tree, files: list[tuple[File, Kind]], report: Reporting, on_progress: OnProgress) -> None:
        tree.check(file for file, _ in files)
        self._tree, self._report = tree, report
        self._are_idx = all(kind is Kind.IDX for _, kind in files)
        self._are_npy = all(kind is Kind.NPY for _, kind in files)
        self._pieces: list[Piece] = []
        self._odd: list[tuple[File, Named]] = []
        numbers: list[NDArray[Any] | None] = []
        for place, (file, kind) in enumerate(files):
            on_progress(100 * place / len(files), f"reading {shown(file.parts[-1])}")
            for named in read_array_file(file, kind):
                images = images_in(named.array, named.where)
                labels = to_labels(named.array) if images is None else None
                if images is None and labels is None:
                    self._odd.append((file, named))
                else:
                    self._pieces.append(Piece(file, named.where, named.name, named.split, None, labels))
                    numbers.append(images)
        greys = iter(to_greys([each for each in numbers if each is not None], report.remarks))
        self._pieces = [
            piece if each is None else piece._replace(images=next(greys))
            for piece, each in zip(self._pieces, numbers, strict=True)
        ]
        self.have_images = any(each is not None for each in numbers)

    def put_together(self) -> tuple[Parts, tuple[str, ...]]:
        """Make training and test images of them; what is neither images nor labels is left out."""
        if self._odd and not self.have_images:
            _, named = self._odd[0]
            sides = named.array.shape[1:3]
            if named.array.ndim > 2 and sides != (28, 28) and named.array.shape[3:] in ((), (1,), (3,), (4,)):
                raise DataError(f"{named.where}: expected images of 28 x 28 pixels, got {shape_text(sides)}")
            raise DataError(
                f"{named.where}: expected images of 28 x 28 pixels, grey or in three colours, got "
                f"{described(named.array)}: save them as real numbers (N, 28, 28)"
            )
        for file, named in self._odd:
            self._report.leave_out(file, f"an array of {described(named.array)}, neither images nor labels")
        if self._are_classes():
            return self._class_each()
        remedy = "move the others away, or call them train and test, or have them as files in a folder, a class each"
        if self._are_idx:
            remedy = f"move the others away, or call all four what MNIST's are called ({', '.join(MNIST)})"
        kind = "IDX file" if self._are_idx else "array"
        return put_together(self._tree.where, self._pieces, kind, remedy, self._report)

    def _are_classes(self) -> bool:
        """Tell whether these are files of images alone under names of their own: Quick, Draw!'s cat.npy and dog.npy."""
        names = {piece.file.parts[-1] for piece in self._pieces}
        alone = all(piece.images is not None and not piece.split for piece in self._pieces)
        # In a zip they may be the arrays of an .npz, whose names are those of variables.
        return (
            self._are_npy
            and self._tree.archive is None
            and alone
            and 1 < len(names) == len(self._pieces) <= MAX_CLASSES
        )

    def _class_each(self) -> tuple[Parts, tuple[str, ...]]:
        """Make a class of each file."""
        stems = [os.path.splitext(piece.file.parts[-1].removesuffix(".gz"))[0] for piece in self._pieces]
        alike = takewhile(lambda pair: pair[0] == pair[1], zip(min(stems), max(stems), strict=False))
        shared = re.sub(r"[^\W_]*$", "", "".join(letter for letter, _ in alike))  # full_numpy_bitmap_
        names = [class_name(stem.removeprefix(shared)) or class_name(stem) for stem in stems]
        images = [piece.images for piece in self._pieces if piece.images is not None]
        if (count := sum(map(len, images))) > MAX_IMAGES:
            raise DataError(
                f"{self._tree.where}: has {count:,} images, at most {MAX_IMAGES:,} are taken: take some out"
            )
        classes = in_natural_order(names)
        numbers = np.repeat([classes.index(name) for name in names], list(map(len, images))).astype(np.uint8)
        self._report.remarks.append(f"each file was taken as a class: {listed(names)}")
        whole = self._pieces[0]._replace(images=np.concatenate(images), labels=numbers)
        parts, _ = put_together(self._tree.where, [whole], "array", "", self._report)
        return parts, tuple(classes)


def _read_tables(tree: Tree, path: Path, files: list[File], report: Reporting, on_progress: OnProgress) -> Dataset:
    tree.check(files)
    splits = [split_of("/".join(file.parts)) if len(files) > 1 else None for file in files]
    if len(files) > len(set(splits)):
        names = ", ".join(shown("/".join(file.parts)) for file in files[:10])
        raise DataError(
            f"{tree.where}: expected one table of images, or two called train and test, got {names}: name one of them"
        )
    tables = [read_table(file, _part_of(on_progress, place, len(files))) for place, file in enumerate(files)]
    for table in tables:
        report.remarks += [words for words in table.remarks if words not in report.remarks]
    pieces = []
    greys = to_greys([table.numbers for table in tables], report.remarks)
    for file, each, table, images in zip(files, splits, tables, greys, strict=True):
        labels = None if table.labels is None else np.array(table.labels, object)
        pieces.append(Piece(file, file.where, "/".join(file.parts), each, images, labels))
    return _dataset(path, put_together(tree.where, pieces, "table", "name one of them", report), report)


def _nothing(tree: Tree, found: _Found, report: Reporting) -> DataError:
    came = [left.sentence() for left in report.left_out()[:_TOLD]]
    if found.zips:
        came.insert(0, f"there is {listed('/'.join(file.parts) for file in found.zips)}, which may be named itself")
    words = f" ({'; '.join(came)})" if came else ""
    if tree.archive:
        return DataError(
            f"{tree.where}: has no pictures (.png .jpg .webp ...), tables or arrays in it{words}: if it holds other "
            "data, unpack it and name them"
        )
    return DataError(
        f"{tree.where}: has neither the four IDX files of MNIST ({', '.join(MNIST)}, plain or as .gz) nor other IDX "
        f"files, arrays (.npz .npy) or tables (.csv) of images nor pictures (.png .jpg .webp ...), in it or in its "
        f"sub-folders{words}: name a folder that has"
    )


def _dataset(path: Path, read: tuple[Parts, tuple[str, ...]], report: Reporting) -> Dataset:
    parts, classes = read
    _, train, _, test = parts
    only_tested = sorted({*test.tolist()} - {*train.tolist()}) if classes else []
    if only_tested:
        names = listed(classes[number] for number in only_tested)
        report.remarks.append(
            f"{names} with pictures for the test alone: nothing is learned of them, move some to those for the training"
        )
    return Dataset(path.resolve().name, str(path), *parts, classes, report.done())


def _part_of(on_progress: OnProgress, place: int, count: int) -> Callable[[float, str], object]:
    return lambda percent, words: on_progress((100 * place + percent) / count, words)
