"""Data sets as the server shows them: the default, and those that were imported in the background."""

from __future__ import annotations

import errno
import io
import os
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rhino3dm
from PIL import Image

from bridge_server.backends import datasets
from bridge_server.backends.datasets import DefaultData, ImportedData
from bridge_server.contract.datasets import DataImport, DataUpload
from bridge_server.errors import Conflict
from ganmnist.data import load
from ganmnist.errors import DatasetNotFound, SettingError


def draw(folder: Path, names: list[str], count: int = 5) -> Path:
    for name in names:
        for number in range(count if name else 17):
            path = folder / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.eye(28, dtype=np.uint8) * 200).save(path)
    return folder


def settled(describe, *before: str):
    deadline = time.monotonic() + 20
    while (data := describe()).state in (before or ("absent", "preparing")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return data


@pytest.mark.parametrize(
    ("names", "columns", "rows"),
    [(["axe", "bow", "cup"], 3, 4), ([f"{number:02}" for number in range(12)], 10, 4), ([""], 10, 2)],
    ids=["three classes", "twelve classes", "none"],
)
def test_the_preview_of_own_pictures_has_a_column_for_each_class_up_to_ten(tmp_path, monkeypatch, names, columns, rows):
    monkeypatch.setenv("GANMNIST_DATA", str(draw(tmp_path / "own", names)))
    data = settled(DefaultData(tmp_path).describe)
    assert (data.state, data.name) == ("ready", "own")
    mesh = rhino3dm.CommonObject.Decode({"version": 10000, **data.preview.mesh.model_dump()})
    xs = [mesh.Vertices[place].X for place in range(len(mesh.Vertices))]
    assert len(xs) == rows * 28 * columns * 28
    assert max(xs) == columns * 28 - 1
    assert max(mesh.Vertices[place].Y for place in range(len(mesh.Vertices))) < 0  # a training's preview is above


@pytest.fixture
def imported(tmp_path) -> ImportedData:
    return ImportedData(tmp_path)


@pytest.fixture
def slow(monkeypatch) -> threading.Event:
    """Reading waits until the event is set, and reports all the while."""
    go, real = threading.Event(), load.read_data

    def read(path, report):
        while not go.wait(0.01):
            report(40, "reading")
        return real(path, report)

    monkeypatch.setattr(load, "read_data", read)
    return go


def zipped(folder: Path) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path in folder.rglob("*.png"):
            archive.write(path, path.relative_to(folder))
    return file.getvalue()


def test_a_folder_is_read_in_the_background_and_says_what_was_made_of_it(imported, tmp_path):
    folder = draw(tmp_path / "Meine Bäume", ["ash", "elm"], 12)
    begun = imported.read(DataImport(path=f' "{folder}" '))
    assert (begun.state, begun.name, begun.source) == ("preparing", "Meine-Baeume", str(folder))
    found = settled(lambda: imported.describe("meine-baeume"))
    assert (found.state, found.train, found.test) == ("ready", 22, 2)
    assert [(size.name, size.train + size.test) for size in found.classes] == [("ash", 12), ("elm", 12)]
    assert found.report[0] == "24 images in 2 classes"
    assert found.preview is not None
    with Image.open(io.BytesIO(imported.preview("Meine-Baeume"))) as picture:
        assert picture.size == (2 * 28, 4 * 28)
    assert imported.list().datasets == [found.model_copy(update={"preview": None})]


def test_a_file_that_is_sent_is_kept_under_its_own_name_and_a_second_one_beside_it(imported, tmp_path):
    content = zipped(draw(tmp_path / "trees", ["ash", "elm"]))
    for name in ("trees", "trees-2"):
        begun = imported.receive(DataUpload(file=r"C:\pictures\trees.zip"), io.BytesIO(content))
        found = settled(lambda name=name: imported.describe(name))
        assert (begun.name, found.state, found.train) == (name, "ready", 10)
        assert found.source.startswith("trees.zip, sent at ")
    assert len(list((tmp_path / "data" / "sets").iterdir())) == 2


def test_what_cannot_be_read_fails_with_the_name_the_user_knows_and_leaves_nothing(imported, tmp_path):
    imported.receive(DataUpload(file="trees.zip", name="wood"), io.BytesIO(b"PK\x03\x04 and then nothing"))
    found = settled(lambda: imported.describe("wood"))
    assert found.state == "failed"
    assert found.problem.startswith("trees.zip: ")
    assert str(tmp_path) not in found.problem
    assert not list((tmp_path / "data" / "sets").iterdir())
    imported.delete("wood")
    with pytest.raises(DatasetNotFound):
        imported.describe("wood")


@pytest.mark.parametrize(
    ("path", "words"),
    [("trees", "expected a whole path"), ("/nowhere/trees", "there is nothing at /nowhere/trees"), ("~/x\0", "path: ")],
)
def test_a_path_that_leads_nowhere_is_refused_at_once(imported, path, words):
    with pytest.raises(SettingError, match=r"^path: ") as caught:
        imported.read(DataImport(path=path))
    assert words in str(caught.value)
    assert not imported.list().datasets


def test_an_import_is_ended_by_deleting_it_and_the_set_of_before_stays(imported, tmp_path, slow):
    folder = draw(tmp_path / "trees", ["ash", "elm"])
    slow.set()
    imported.read(DataImport(path=str(folder)))
    before = settled(lambda: imported.describe("trees"))
    slow.clear()
    draw(folder, ["oak"])
    imported.read(DataImport(path=str(folder)))
    assert settled(lambda: imported.describe("trees"), "ready").percent in (0.0, 40.0)
    assert [data.state for data in imported.list().datasets] == ["preparing"]
    imported.delete("trees")
    assert imported.describe("trees").created == before.created
    slow.set()
    time.sleep(0.1)
    assert len(imported.describe("trees").classes) == 2


def test_a_second_import_of_a_name_under_way_is_a_conflict_and_so_is_one_too_many(imported, tmp_path, slow):
    folder = draw(tmp_path / "trees", ["ash"])
    imported.read(DataImport(path=str(folder)))
    with pytest.raises(Conflict, match="trees is being imported"):
        imported.read(DataImport(path=str(folder)))
    for number in range(datasets._MAX_IMPORTS - 1):
        imported.read(DataImport(path=str(folder), name=f"trees-{number}"))
    with pytest.raises(Conflict, match="imports wait already"):
        imported.read(DataImport(path=str(folder), name="more"))
    imported.close()


def test_a_sending_that_breaks_off_leaves_nothing(imported, tmp_path):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise OSError("the connection was closed")

    with pytest.raises(OSError, match="closed"):
        imported.receive(DataUpload(file="trees.zip"), Broken())
    assert not list((tmp_path / "data" / "sets").iterdir())
    assert not imported.list().datasets


def test_what_is_sent_from_the_same_place_takes_the_place_of_the_set_before(imported, tmp_path):
    content = zipped(draw(tmp_path / "trees", ["ash", "elm"]))
    for sender, name in (("a1", "trees"), ("b2", "trees-2"), ("a1", "trees"), ("b2", "trees-2")):
        begun = imported.receive(DataUpload(file="trees.zip", sent_from=sender), io.BytesIO(content))
        found = settled(lambda name=begun.name: imported.describe(name))
        assert (begun.name, found.state, found.source) == (name, "ready", f"trees.zip, sent from {sender}")
    assert len(imported.list().datasets) == 2


@pytest.mark.parametrize("file", ["a\nb.zip", "a\u202fPM.zip", "x, sent at 2026.zip"])
def test_a_file_may_be_called_anything(imported, file):
    begun = imported.receive(DataUpload(file=file), io.BytesIO(b"PK\x03\x04 and then nothing"))
    found = settled(lambda: imported.describe(begun.name))
    assert found.problem.startswith(file.replace("\n", "_").replace("\u202f", "_") + ": ")


@pytest.mark.parametrize("letter", ["x", "\u00e9", "\U0001f333"])
def test_however_long_a_files_ending_is_it_is_kept_and_told_of_by_its_name(imported, letter):
    file = "x." + 253 * letter
    begun = imported.receive(DataUpload(file=file), io.BytesIO(b"nothing that is read"))
    found = settled(lambda: imported.describe(begun.name))
    assert found.problem.startswith(f"{file}: is neither")


def test_of_imports_that_failed_the_last_ones_are_remembered(imported):
    for number in [*range(datasets._MAX_FAILED + 5), 5]:
        imported.receive(DataUpload(file="a.zip", name=f"a-{number}"), io.BytesIO(b"nothing that is read"))
        settled(lambda name=f"a-{number}": imported.describe(name))
    names = [data.name for data in imported.list().datasets]
    assert names == ["a-5", *(f"a-{number}" for number in range(datasets._MAX_FAILED + 4, 5, -1))]
    with pytest.raises(DatasetNotFound):
        imported.describe("a-4")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize("name", ["trees ", "'trees'", 'old "trees"'])
def test_a_path_is_what_it_says_before_quotes_and_blanks_are_taken_off(imported, tmp_path, name):
    folder = draw(tmp_path / name, ["ash"])
    begun = imported.read(DataImport(path=str(folder)))
    assert begun.source == str(folder)
    quoted = imported.read(DataImport(path=f' "{folder}" ', name="quoted"))
    assert quoted.source == str(folder)
    imported.close()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "A file cannot be written: make room on the disk."),
        (OSError(errno.ENOSPC, "No space", "/a/b"), "/a/b cannot be written: make room on the disk."),
        (FileNotFoundError(errno.ENOENT, "No such file", "/a/b"), "/a/b is not there any more: import once more."),
        (
            PermissionError(errno.EACCES, "Permission denied", "/a/b"),
            "/a/b cannot be read or written (Permission denied).",
        ),
    ],
)
def test_what_the_system_says_becomes_a_sentence(imported, tmp_path, monkeypatch, error, sentence):
    def fail(path, report):
        raise error

    monkeypatch.setattr(load, "read_data", fail)
    imported.read(DataImport(path=str(draw(tmp_path / "trees", ["ash"]))))
    assert settled(lambda: imported.describe("trees")).problem == sentence
