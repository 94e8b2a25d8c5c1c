"""Pictures as a data set: the folders that they lie in say which class each is, and which are for the test."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganmnist.class_names import class_name
from ganmnist.data.classes import in_natural_order
from ganmnist.data.files import File, OnProgress, Tree
from ganmnist.data.idx import MAX_IMAGES
from ganmnist.data.kinds import called
from ganmnist.data.picture import NoPicture, turned_to_light
from ganmnist.data.report import Reporting, listed
from ganmnist.data.splits import Parts, Split, how_split, is_given, shuffled, split, split_called, split_of
from ganmnist.errors import DataError, shown
from ganmnist.networks.spec import MAX_CLASSES

_NAMED = 10  # damaged pictures that are named, of however many
_DEEPEST = 3  # folders down to which the split is looked for
_UNLABELLED = re.compile(r"(^|[_\W])pred", re.IGNORECASE)  # seg_pred: a competition's pictures to be told apart
_Folders = tuple[str, ...]


class _Place(NamedTuple):
    """A picture, the folders that may be its class, and its split where folders tell it."""

    folders: _Folders
    split: Split | None
    file: File


def read_pictures(
    tree: Tree, pictures: Sequence[File], report: Reporting, on_progress: OnProgress
) -> tuple[Parts, tuple[str, ...]]:
    """Read the pictures of a folder or a zip.

    Folders that all of them lie in do not count. Then folders called train, test, val or alike are the split, once or
    one in the other, and the highest of the others is the class.

    Args:
        tree: Where they lie.
        pictures: Those of its files that are pictures.
        report: Told what was left out and why, and how the split was made.
        on_progress: Called with percent and a few words.

    Returns:
        Training images uint8 (N, 28, 28), their labels (N,), test images and their labels; and the names of the
        classes, none if the pictures lie in no folders.

    Raises:
        DataError: Pictures lie beside the folders of classes too, or there are too many of them, or of classes; or
            some are damaged: names the first ten.
    """
    places, folders = _without_common([_Place(file.parts[:-1], None, file) for file in pictures], tree.folders)
    places, folders = _without_split(tree, places, folders, report)
    places, folders = _without_common(places, folders)
    places = _beside_classes(tree, places, report)
    _remark_on_merged(places, report)
    places = [place._replace(folders=tuple(map(class_name, place.folders[:1]))) for place in places]
    empty = {class_name(folder[0]) for folder in folders if len(folder) == 1}
    empty -= {name for place in places for name in place.folders}
    places = _in_one_spelling(places, report)
    classes = in_natural_order(place.folders[0] for place in places if place.folders)
    if classes:
        classes = _with_empty(classes, empty, report)
    if len(classes) > MAX_CLASSES:
        raise DataError(
            f"{tree.where}: has {len(classes)} sub-folders with pictures, at most {MAX_CLASSES} may be classes"
        )
    if len(places) > MAX_IMAGES:
        raise DataError(f"{tree.where}: has {len(places):,} pictures, at most {MAX_IMAGES:,} are taken: take some out")
    tree.check(place.file for place in places)
    images, places = _read_all(tree, places, report, on_progress)
    numbers = {name: number for number, name in enumerate(classes)}
    labels = np.array([numbers[place.folders[0]] if classes else 0 for place in places], np.uint8)
    return _parted(images, labels, places, report), tuple(classes)


def _without_common(places: list[_Place], folders: Iterable[_Folders]) -> tuple[list[_Place], list[_Folders]]:
    """Leave out the folders that all pictures lie in."""
    found = [place.folders for place in places]
    ends = zip(min(found), max(found), strict=False)  # what these two share, all between them share
    common = tuple(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], ends))
    depth = len(common)
    return (
        [place._replace(folders=place.folders[depth:]) for place in places],
        [folder[depth:] for folder in folders if len(folder) > depth and folder[:depth] == common],
    )


def _without_split(
    tree: Tree, places: list[_Place], folders: list[_Folders], report: Reporting
) -> tuple[list[_Place], list[_Folders]]:
    """Take the folders that tell the split out of the pictures' ways; leave out what lies in others beside them."""
    for depth in range(_DEEPEST):
        splits = _splits_at(depth, places)
        if not splits:
            continue
        places, folders = _undoubled(depth, splits, places, folders)
        kept = []
        samples = _samples(depth, splits, places)
        for place in places:
            if len(place.folders) <= depth:
                raise _strewn(tree, place, next(each for each in places if each.folders))
            name = place.folders[depth]
            if name in samples:
                report.leave_out(place.file, "lies in a sample of the training pictures, which are read")
            elif name in splits:
                kept.append(place._replace(folders=_without(place.folders, depth), split=splits[name]))
            else:
                report.leave_out(place.file, "lies neither among the training pictures nor among those for the test")
        read = set(splits) - samples
        report.split = f"by the folders {listed(read)}"
        return kept, [_without(folder, depth) for folder in folders if set(folder[depth : depth + 1]) & read]
    return places, folders


def _splits_at(depth: int, places: list[_Place]) -> dict[str, Split]:
    """Return which split each folder of a depth is, nothing if these are no folders of splits."""
    names = {place.folders[depth] if len(place.folders) > depth else "" for place in places}
    exact = {name: split_called(name) for name in names if name}
    loose = {name: split_of(name) for name in names if name}
    if depth and "" in names:
        return {}
    unlabelled = {name for name in loose if not depth and _UNLABELLED.search(name)}
    for each, allowed in ((exact, set(exact) if not depth else set[str]()), (loose, unlabelled)):
        if is_given(each.values()) and all(found or name in allowed for name, found in each.items()):
            return {name: found for name, found in each.items() if found}
    return {}


def _samples(depth: int, splits: Mapping[str, Split], places: list[_Place]) -> set[str]:
    """Return the folders that are samples of the training pictures: their copies would be learned and tested."""
    names = {name for place in places for name in place.folders[depth : depth + 1]}
    samples = {name for name in names if "sample" in name.lower() and split_of(name) is Split.TRAIN}
    return samples if Split.TRAIN in {each for name, each in splits.items() if name not in samples} else set()


def _undoubled(
    depth: int, splits: Mapping[str, Split], places: list[_Place], folders: list[_Folders]
) -> tuple[list[_Place], list[_Folders]]:
    """Take out folders of a split that are all that lies in one of the same split: trainingSet/trainingSet."""
    within: dict[_Folders, set[_Folders]] = defaultdict(set)
    for place in places:
        if splits.get("".join(place.folders[depth : depth + 1])):
            within[place.folders[: depth + 1]].add(place.folders[depth + 1 : depth + 2])
    alone = {(*outer, *inner): outer[depth] for outer, (inner, *more) in within.items() if not more}
    doubled = {both for both, name in alone.items() if len(both) > depth + 1 and split_of(both[-1]) is splits[name]}

    def once(way: _Folders) -> _Folders:
        return _without(way, depth + 1) if way[: depth + 2] in doubled else way

    return [place._replace(folders=once(place.folders)) for place in places], [once(folder) for folder in folders]


def _beside_classes(tree: Tree, places: list[_Place], report: Reporting) -> list[_Place]:
    """Return the pictures that have a class, or all where none has."""
    direct = [place for place in places if not place.folders]
    inner = [place for place in places if place.folders]
    if not direct or not inner:
        return places
    for place in direct:
        if place.split in (None, Split.TRAIN):
            raise _strewn(tree, place, inner[0])
        report.leave_out(place.file, "has no class, while others lie in a folder for each class")
    return inner


def _remark_on_merged(places: list[_Place], report: Reporting) -> None:
    """Say which folders lie below those of the classes, where they might have been told apart."""
    deeper: dict[str, set[_Folders]] = defaultdict(set)
    for place in places:
        deeper[place.folders[0] if place.folders else ""].add(place.folders[1:])
    merged = {name: ways - {()} for name, ways in deeper.items() if len(ways) > 1}
    if merged:
        below = [each[0] for ways in merged.values() for each in ways]
        of_it = f"of {listed(merged)}" if len(merged) == 1 else f"of the classes {listed(merged)}"
        report.remarks.append(
            f"the folders {listed(below)} were read as part {of_it}, which they lie in: if they are the classes, call "
            "those above them train and test, or name a folder that has nothing but them in it"
        )


def _in_one_spelling(places: list[_Place], report: Reporting) -> list[_Place]:
    """Take folders of several splits for one class where only capitals differ: train/Oak, test/oak."""
    spellings: dict[str, dict[str, set[Split | None]]] = defaultdict(dict)
    for place in sorted(places, key=lambda each: each.split is not Split.TRAIN):
        for name in place.folders:
            spellings[name.casefold()].setdefault(name, set()).add(place.split)
    one: dict[str, str] = {}
    for names in spellings.values():
        of_each = Counter(each for found in names.values() for each in found)
        if len(names) > 1 and max(of_each.values()) == 1:  # of one split two such folders are two classes
            one |= dict.fromkeys(names, next(iter(names)))
            report.remarks.append(f"{listed(names)} were taken as one class, {shown(next(iter(names)))}")
    return [place._replace(folders=tuple(one.get(name, name) for name in place.folders)) for place in places]


def _strewn(tree: Tree, direct: _Place, inner: _Place) -> DataError:
    return DataError(
        f"{tree.where}: pictures lie in it ({shown('/'.join(direct.file.parts))}) and in its sub-folders "
        f"({shown('/'.join(inner.file.parts[:-1]))}) too: move them all into sub-folders, one for each class, or all "
        "into the folder itself"
    )


def _with_empty(classes: list[str], without: set[str], report: Reporting) -> list[str]:
    """Say which folders beside those of the classes have no pictures. Where numbers are names, they stay classes."""
    empty = in_natural_order(without)
    if not empty:
        return classes
    are_numbers = all(name.isdecimal() for name in classes)
    kept = [name for name in empty if are_numbers and name.isdecimal()]
    left = [name for name in empty if name not in kept]
    if kept:
        report.remarks.append(f"{listed(kept)} without pictures: a class all the same, so that each number stays")
    if left:
        report.remarks.append(f"{listed(left)} without pictures: no class")
    return in_natural_order([*classes, *kept])


def _read_all(
    tree: Tree, places: list[_Place], report: Reporting, on_progress: OnProgress
) -> tuple[NDArray[np.uint8], list[_Place]]:
    """Read the pictures; return the images, and the places of those that are pictures indeed."""
    images = np.empty((len(places), 28, 28), np.uint8)
    kept: list[_Place] = []
    damaged: list[tuple[File, DataError]] = []
    longer: list[File] = []
    empty: list[File] = []
    for number, place in enumerate(places):
        on_progress(100 * number / len(places), "reading pictures")
        try:
            picture = turned_to_light(place.file.picture(), place.file.where)
        except DataError as error:
            other = called(place.file.head()) if isinstance(error, NoPicture) else ""
            if other:
                report.leave_out(place.file, other)
            else:
                damaged.append((place.file, error))
            continue
        images[len(kept)] = picture.image
        report.dark_on_light += picture.dark
        if picture.more:
            longer.append(place.file)
        if picture.image.min() == picture.image.max():
            empty.append(place.file)
        kept.append(place)
    if damaged:
        raise _all_damaged(tree, damaged)
    if not kept:
        reasons = "; ".join(left.sentence() for left in report.left_out())
        raise DataError(f"{tree.where}: has no pictures that can be read: {reasons}")
    if longer:
        report.remark_on(longer, "with several pages or frames", "the first of each was read, save the others as files")
    if empty:
        report.remark_on(empty, "with nothing on them", "of one colour all over, kept: take out what is no example")
    return images[: len(kept)], kept


def _all_damaged(tree: Tree, damaged: list[tuple[File, DataError]]) -> DataError:
    """Return one error that names all damaged pictures, or the first of them and how many more."""
    if len(damaged) == 1:
        return damaged[0][1]
    reasons = []
    for file, error in damaged[:_NAMED]:
        words = str(error).removeprefix(file.where).removesuffix(": repair it or take it out")
        words = words.removeprefix(": cannot be read as a picture").removeprefix(":").strip()
        reasons.append(f"{shown('/'.join(file.parts))} {words}")
    more = f"; and {len(damaged) - _NAMED:,} more" if len(damaged) > _NAMED else ""
    named = f"{'; '.join(reasons)}{more}"
    return DataError(f"{tree.where}: {len(damaged):,} pictures cannot be read: {named}: repair them or take them out")


def _parted(images: NDArray[np.uint8], labels: NDArray[np.uint8], places: list[_Place], report: Reporting) -> Parts:
    is_train = np.array([place.split is Split.TRAIN for place in places])
    if not report.split or is_train.all():
        report.split = how_split(labels)
        return split(images, labels)
    return *shuffled(images[is_train], labels[is_train]), *shuffled(images[~is_train], labels[~is_train])


def _without(folders: _Folders, depth: int) -> _Folders:
    return folders[:depth] + folders[depth + 1 :]
