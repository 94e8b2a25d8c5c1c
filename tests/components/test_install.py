"""Installing the components: ours come and go, what is not ours stays as it is."""

import base64
import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from uuid import UUID

import pytest

from ghpython_components import build, definitions
from ghpython_components import install as installer
from ghpython_components.archive import Item, codes, from_bytes, to_bytes
from ghpython_components.document.script_component import RHINO8
from ghpython_components.document.user_objects import file_name, user_object
from ghpython_components.install import NoRhino, main, user_object_folders
from ghpython_components.sources import component as sources

COUNT = len(sources.names(sources.document()))
TRAIN = file_name("train", RHINO8)
MAC = "Plug-ins/Grasshopper (b45a29b1-4343-4035-989e-044e8580d9cf)/UserObjects"


@pytest.fixture(scope="module", autouse=True)
def files_built_once():
    """They are the same each time, and take a second for each Rhino."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((build, "user_object_files"), (installer, "_definitions")):
            patch.setattr(module, name, _once(getattr(module, name)))
        yield


def _once(make):
    made = cache(lambda rhino: make(sources.all_components(), rhino))
    return lambda components, rhino: dict(made(rhino))


@pytest.fixture
def folder(tmp_path, home):
    """Grasshopper's folder, with somebody else's files in it."""
    found = tmp_path / "UserObjects"
    found.mkdir()
    (found / "LB SunPath.ghuser").write_bytes(b"somebody else's")
    (found / "notes.txt").write_text("mine")
    return found


@pytest.fixture
def install(folder, capsys):
    """Run the command for that folder and return its exit status and what it printed."""

    def run(*options):
        status = main(["--to", str(folder), *options])
        return status, capsys.readouterr().out

    return run


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_command_installs_both_kinds_and_the_definitions(install, folder, home):
    status, said = install()
    assert status == 0
    assert len(list(folder.glob("ganmnist_*_rh7.ghuser"))) == len(list(folder.glob("ganmnist_*_rh8.ghuser"))) == COUNT
    for number in (7, 8):
        found = sorted(path.name for path in (home / "definitions" / f"rhino{number}").iterdir())
        assert found == [f"{name}.gh" for name in definitions.names()]
    assert len(said.splitlines()) == 7, "a line for each folder, and what comes next"
    assert (folder / "LB SunPath.ghuser").read_bytes() == b"somebody else's"


@pytest.mark.parametrize(
    ("platform", "line"),
    [
        ("linux", "xdg-open '{home}/definitions/rhino8'"),
        ("darwin", "open '{home}/definitions/rhino8'"),
        ("win32", 'explorer "{home}/definitions/rhino8"'),
    ],
)
def test_the_last_line_can_be_pasted_and_shows_the_definitions(install, monkeypatch, tmp_path, platform, line):
    home = tmp_path / "Application Support"
    monkeypatch.setenv("GANMNIST_HOME", str(home))
    monkeypatch.setattr(sys, "platform", platform)
    status, said = install("--rhino", "8")
    assert status == 0
    *_, what, how = said.splitlines()
    assert "Then open 01_first_digit.gh in Grasshopper" in what
    assert how.strip() == line.format(home=home)
    assert (home / "definitions" / "rhino8" / "01_first_digit.gh").exists()


def test_only_one_rhino_on_demand(install, folder, home):
    assert install("--rhino", "7")[0] == 0
    assert not list(folder.glob("*_rh8.ghuser"))
    assert [path.name for path in (home / "definitions").iterdir()] == ["rhino7"]


def test_a_second_time_changes_nothing(install, folder):
    install()
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    status, said = install()
    assert status == 0
    assert f"{folder}: 0 of {COUNT} changed" in said
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_a_dry_run_says_what_would_be_done_and_does_not_do_it(install, folder, home):
    before = contents(folder)
    status, said = install("--dry-run")
    assert status == 0
    assert f"write {folder / TRAIN}" in said
    assert said.endswith("nothing was changed\n")
    assert contents(folder) == before
    assert not (home / "definitions").exists()
    install()
    there = contents(folder)
    status, said = install("--remove", "--dry-run")
    assert f"remove {folder / TRAIN}" in said
    assert contents(folder) == there


def older(content):
    """Return a user object as an older version wrote it."""
    outer = from_bytes(content)
    inner = from_bytes(outer.get("Object"))
    script = inner.chunk("Script")
    text = base64.b64decode(script.get("Text")).replace(f"ganmnist {sources.version()}".encode(), b"ganmnist 0.0.9")
    script.items = [
        Item("Text", codes.STRING, base64.b64encode(text).decode()) if item.name == "Text" else item
        for item in script.items
    ]
    outer.items = [
        Item("Object", codes.BYTES, to_bytes(inner)) if item.name == "Object" else item for item in outer.items
    ]
    return to_bytes(outer)


def in_the_form_before(content):
    """Return a user object for Rhino 8 as 0.0.9 wrote it: of the guid for all languages, outputs without hints."""
    outer = from_bytes(content)
    inner = from_bytes(outer.get("Object"))
    for port in inner.chunk("ParameterData").chunks:
        gone = {"Access", "ScriptParameterVersion"}
        if port.name == "OutputParam":
            gone |= {"AllowTreeAccess", "ScriptParamAccess", "ShowTypeHints", "TypeHintID"}
        port.items = [item for item in port.items if item.name not in gone]
        port.items += [Item(name, codes.BOOL, False) for name in ("ReverseData", "SimplifyData")]
        port.chunks = [chunk for chunk in port.chunks if chunk.name != "ConverterData"]
    inner.items += [Item("IconDisplay", codes.INT32, 0), Item("MarshalGuids", codes.BOOL, True)]
    inner.sort()
    base = UUID("c9b2d725-6f87-4b07-af90-bd9aefef68eb")
    changed = {"BaseID": (codes.GUID, base), "Object": (codes.BYTES, to_bytes(inner))}
    outer.items = [Item(item.name, *changed.get(item.name, (item.type, item.value))) for item in outer.items]
    outer.items.append(Item("ToolTip", codes.STRING, outer.get("Description")))
    return older(to_bytes(outer))


@pytest.mark.parametrize("before", [older, in_the_form_before])
def test_an_older_version_is_listed_and_replaced(install, folder, before):
    install("--rhino", "8")
    now = (folder / TRAIN).read_bytes()
    (folder / TRAIN).write_bytes(before(now))
    _, said = install("--list", "--rhino", "8")
    assert f"{TRAIN:44} 0.0.9, now {sources.version()}" in said
    assert f"{folder}: {COUNT} of ganmnist (components for Rhino 8)" in said
    status, said = install("--rhino", "8")
    assert (status, said.count("replace")) == (0, 1)
    assert f"replace {folder / TRAIN} (0.0.9)" in said
    assert (folder / TRAIN).read_bytes() == now


def test_a_component_that_is_no_longer_there_is_removed(install, folder):
    component = sources.component("train", sources.document())
    gone = replace(component, name="forgotten")
    path = folder / file_name("forgotten", RHINO8)
    path.write_bytes(user_object(gone, RHINO8))
    status, said = install()
    assert status == 0
    assert f"remove {path} ({sources.version()}, no longer there)" in said
    assert not path.exists()


@pytest.mark.parametrize("what", ["other bytes", "another object", "a link", "a folder", "a large file"])
def test_what_is_not_ours_is_left_alone_under_our_names_too(install, folder, tmp_path, what):
    path = folder / TRAIN
    walk = user_object(sources.component("walk", sources.document()), RHINO8)
    if what == "other bytes":
        path.write_bytes(b"a user's own")
    elif what == "another object":
        path.write_bytes(walk)
    elif what == "a link":
        (tmp_path / "elsewhere").write_bytes(user_object(sources.component("train", sources.document()), RHINO8))
        path.symlink_to(tmp_path / "elsewhere")
    elif what == "a folder":
        path.mkdir()
    else:
        path.write_bytes(bytes(5_000_000))
    before = path.lstat().st_mtime_ns
    status, said = install()
    assert status == 1
    assert f"leave {path}: it is not ours, or was changed; move it away first" in said
    assert path.lstat().st_mtime_ns == before
    assert len(list(folder.glob("ganmnist_*_rh8.ghuser"))) == COUNT
    install("--remove")
    assert path.lstat().st_mtime_ns == before
    assert [each.name for each in folder.glob("ganmnist_*")] == [TRAIN]


def saved_by_a_user(content):
    """Return a definition of ours as Grasshopper saves it: with another date."""
    archive = from_bytes(content)
    properties = archive.chunk("Definition").chunk("DefinitionProperties")
    properties.items = [
        Item("Date", codes.DATE, item.value + 1) if item.name == "Date" else item for item in properties.items
    ]
    return to_bytes(archive)


def test_a_definition_that_a_user_has_saved_is_the_users(install, home):
    install("--rhino", "8")
    path = home / "definitions" / "rhino8" / "01_first_digit.gh"
    saved = saved_by_a_user(path.read_bytes())
    path.write_bytes(saved)
    assert install("--rhino", "8")[0] == 1
    assert path.read_bytes() == saved


def test_removing_leaves_the_folder_as_it_was(install, folder):
    before = contents(folder)
    install()
    status, said = install("--remove")
    assert (status, said.count("remove ")) == (0, 2 * COUNT)
    assert contents(folder) == before


def test_removing_from_a_folder_that_is_named_leaves_the_definitions_of_the_data_directory(install, home):
    install()
    there = contents(home / "definitions")
    assert len(there) == 2 * len(definitions.names())
    assert "definitions" not in install("--remove", "--dry-run")[1]
    install("--remove")
    assert contents(home / "definitions") == there


def test_removing_from_where_grasshopper_looks_removes_the_definitions_too(tmp_path, home, monkeypatch, capsys):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    (tmp_path / "Library/Application Support/McNeel/Rhinoceros/8.0").mkdir(parents=True)
    assert main([]) == 0
    first = home / "definitions" / "rhino8" / "01_first_digit.gh"
    first.write_bytes(saved_by_a_user(first.read_bytes()))
    assert main(["--remove"]) == 0
    assert [each.name for each in first.parent.iterdir()] == [first.name]
    assert not list(tmp_path.rglob("*.ghuser"))


@pytest.fixture
def held(monkeypatch):
    """Have other programs hold files, as Windows says it: held(how often it is said of each name)."""

    def refuse(source, target):
        if times.get(target.name, 0):
            times[target.name] -= 1
            error = PermissionError(13, "The process cannot access the file", str(source))
            error.winerror = 32
            raise error
        os.rename(source, target)

    def hold(**names):
        times.update({name.replace("__", "."): often for name, often in names.items()})

    times = {}
    monkeypatch.setattr(os, "replace", refuse)
    return hold


def test_a_file_that_is_held_for_a_moment_is_tried_again(install, folder, held):
    held(**{TRAIN: 3})
    assert install()[0] == 0
    assert len(list(folder.glob("*.ghuser"))) == 2 * COUNT + 1


def test_a_file_that_is_held_for_long_is_named_and_the_others_are_written(folder, home, held, monkeypatch, capsys):
    monkeypatch.setattr(installer, "_PATIENCE", 0.1)
    held(**{TRAIN: 1000, file_name("walk", RHINO8): 1000})
    assert main(["--to", str(folder)]) == 1
    output, said = capsys.readouterr()
    assert f"{folder}: {COUNT - 2} of {COUNT} changed (components for Rhino 8)" in output
    for name in ("train", "walk"):
        assert f"ganmnist: {folder / file_name(name, RHINO8)}: The process cannot access the file\n" in said
    assert "close Rhino, and type the same again" in said
    assert len(list(folder.glob("ganmnist_*.ghuser"))) == 2 * COUNT - 2
    assert not list(folder.glob("*.part"))


def test_a_file_that_cannot_be_read_is_left_and_named(install, folder, monkeypatch):
    install()
    read = Path.read_bytes

    def refuse(path):
        if path == folder / TRAIN:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    for options in ([], ["--remove"]):
        status, said = install(*options)
        assert status == 1
        assert f"leave {folder / TRAIN}: it cannot be read" in said
    assert [path.name for path in folder.glob("ganmnist_*")] == [TRAIN]
    assert f"{TRAIN:44} in use" in install("--list")[1]


def test_for_the_microsoft_stores_python_nothing_is_installed_and_the_remedy_is_said(folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "base_prefix", r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.13")
    before = contents(folder)
    assert main(["--to", str(folder)]) == 1
    assert capsys.readouterr().err == f"ganmnist: {installer.STORE}\n"
    assert contents(folder) == before
    assert main(["--to", str(folder), "--list"]) == 0


def test_nothing_half_written_stays_when_the_disk_is_full(install, folder, monkeypatch, capsys):
    def fail(source, target):
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(os, "replace", fail)
    assert main(["--to", str(folder)]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["LB SunPath.ghuser", "notes.txt"]


def test_grasshopper_is_found_where_it_looks_on_windows_and_macos(tmp_path):
    def folders(platform, environment, user):
        return {release.number: folder for release, folder in user_object_folders(platform, environment, user)}

    for number in ("7.0", "8.0", "9.0"):
        (tmp_path / "AppData/Roaming/McNeel/Rhinoceros" / number).mkdir(parents=True)
    shared = tmp_path / "AppData/Roaming/Grasshopper/UserObjects"
    environment = {"APPDATA": str(tmp_path / "AppData/Roaming")}
    for found in (folders("win32", environment, Path("/nobody")), folders("win32", {}, tmp_path)):
        assert found == dict.fromkeys((7, 8, 9), shared)

    mac = tmp_path / "Library/Application Support/McNeel/Rhinoceros"
    for number in (8, 7, 9):
        (mac / f"{number}.0").mkdir(parents=True)
        found = folders("darwin", {}, tmp_path)
        assert found[number] == mac / f"{number}.0" / MAC
    assert list(found) == [7, 8, 9]


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_the_next_rhino_takes_the_components_of_rhino_8(tmp_path, home, monkeypatch, capsys, platform):
    """On Windows out of the folder of all, which is filled once, and on macOS out of its own."""
    user = tmp_path / "user"
    roaming = user / ("AppData/Roaming" if platform == "win32" else "Library/Application Support")
    for number in ("8.0", "9.0"):
        (roaming / "McNeel/Rhinoceros" / number).mkdir(parents=True)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: user)
    monkeypatch.delenv("APPDATA", raising=False)
    assert main([]) == 0
    said = capsys.readouterr().out
    found = {path.parent for path in user.rglob("*.ghuser")}
    assert said.count(f" of {COUNT} changed") == len(found) == (1 if platform == "win32" else 2)
    for folder in found:
        assert len(list(folder.glob("*_rh8.ghuser"))) == len(list(folder.iterdir())) == COUNT
    assert main(["--rhino", "9", "--to", str(tmp_path / "elsewhere")]) == 0
    assert len(list((tmp_path / "elsewhere").glob("*_rh8.ghuser"))) == COUNT


@pytest.mark.parametrize(
    ("platform", "words"), [("win32", r"No Rhino \(7, 8, 9\)"), ("darwin", "--rhino 8"), ("linux", "--to")]
)
def test_without_a_rhino_the_remedy_is_named(tmp_path, platform, words):
    with pytest.raises(NoRhino, match=words):
        user_object_folders(platform, {}, tmp_path)


def test_the_servers_command_line_passes_it_on(folder, home):
    command = [sys.executable, "-m", "bridge_server", "install-components", "--to", str(folder), "--rhino", "8"]
    environment = {**os.environ, "PYTHONPATH": str(sources.FOLDER.parent)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=home)
    assert done.returncode == 0, done.stderr
    assert f"{COUNT} of {COUNT} changed" in done.stdout
    launch = json.loads((home / "launch.json").read_bytes())  # the Server component's button works at once
    assert launch["command"][1:] == ["-m", "bridge_server", "serve", "--data-dir", str(home)]
    listed = subprocess.run([*command, "--list"], capture_output=True, text=True, env=environment, cwd=home)
    assert f"{COUNT} of ganmnist" in listed.stdout
    wrong = subprocess.run([*command, "--everything"], capture_output=True, text=True, env=environment, cwd=home)
    assert wrong.returncode == 2
    assert "--everything" in wrong.stderr


def test_the_server_still_refuses_what_it_does_not_know(home):
    command = [sys.executable, "-m", "bridge_server", "serve", "--everything"]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(sources.FOLDER.parent)}, cwd=home
    )
    assert done.returncode == 2
    assert "--everything" in done.stderr
