"""The examples: what the first minute ends with, and an alphabet out of the fonts that there are."""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import rhino3dm
from PIL import Image

from ganmnist.models.store import ModelStore

ROOT = Path(__file__).resolve().parents[1]


def example(name):
    made = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    module = importlib.util.module_from_spec(made)
    made.loader.exec_module(module)
    return module


@pytest.fixture
def first_digits():
    return example("first_digits")


@pytest.fixture
def alphabet():
    return example("alphabet")


@pytest.mark.parametrize(
    ("platform", "commands"),
    [
        ("win32", ["ganmnist-server install-components"]),
        ("darwin", ["ganmnist-server install-components"]),
        ("linux", ["ganmnist-server serve", "ganmnist-server open"]),
    ],
)
def test_what_comes_next_is_what_there_is_on_this_system(first_digits, monkeypatch, platform, commands):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(first_digits, "command", lambda *words: " ".join(words))
    assert [line.strip() for line in first_digits.what_next() if line.startswith("    ")] == commands


def test_the_last_line_can_be_pasted_though_the_project_lies_in_a_folder_with_a_space(first_digits, monkeypatch):
    scripts = r"C:\Users\Jane Doe\ganmnist\.venv\Scripts"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr("sysconfig.get_path", lambda name: scripts)
    monkeypatch.setattr("shutil.which", lambda program, path=None: path and f"{path}/{program}.exe")
    # Behind the drive, as cmd and PowerShell both take it.
    typed = 'C:\\"Users\\Jane Doe\\ganmnist\\.venv\\Scripts'
    assert first_digits.what_next()[-1].strip().replace("/", "\\") == f'{typed}\\ganmnist-server" install-components'


@pytest.mark.parametrize(("is_terminal", "lines"), [(True, 100), (False, 3)])
def test_in_a_file_what_is_said_again_and_again_is_a_line_each_few_seconds(
    first_digits, monkeypatch, capsys, is_terminal, lines
):
    begun = first_digits.said
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal, raising=False)
    for percent in range(100):
        monkeypatch.setattr("time.monotonic", lambda now=percent: begun + now / 3)
        first_digits.show(f"data {percent} %")
    assert capsys.readouterr().out.count("%") == lines
    first_digits.show("data: ready\n")
    assert capsys.readouterr().out.endswith("data: ready" + " " * (89 if is_terminal else 0) + "\n")


@pytest.mark.parametrize(
    ("platform", "environment", "folders"),
    [
        ("win32", {"WINDIR": "/win", "LOCALAPPDATA": "/local"}, ["/win/Fonts", "/local/Microsoft/Windows/Fonts"]),
        ("darwin", {}, ["/System/Library/Fonts", "/Library/Fonts", "/jane/Library/Fonts"]),
        ("linux", {}, ["/usr/share/fonts", "/usr/local/share/fonts", "/jane/.local/share/fonts", "/jane/.fonts"]),
    ],
)
def test_fonts_are_looked_for_where_each_system_keeps_them(alphabet, platform, environment, folders):
    assert alphabet.font_folders(platform, environment, Path("/jane")) == [Path(folder) for folder in folders]


@pytest.mark.parametrize("text", ["", "Aa", "AA", "A/", "..", "A B"])
def test_letters_that_are_no_folders_of_their_own_are_refused(alphabet, text):
    with pytest.raises(argparse.ArgumentTypeError, match="each once"):
        alphabet.letters(text)


@pytest.fixture
def fonts(alphabet):
    """Some fonts of this machine that have the letters A and B."""
    folders = alphabet.font_folders(sys.platform, os.environ, Path.home())
    found = [font for font in alphabet.find_fonts(folders)[:200] if len(list(alphabet.pictures(font, "AB"))) == 2][:3]
    if len(found) < 3:
        pytest.skip(f"no three fonts in {', '.join(map(str, folders))}: on Debian apt-get install fonts-dejavu")
    return found


def test_letters_are_drawn_once_each_and_letters_that_a_font_lacks_not_at_all(alphabet, fonts, tmp_path):
    (tmp_path / "C").mkdir()
    (tmp_path / "C" / "before.png").write_bytes(b"")
    (tmp_path / "notes").mkdir()
    lacked = "\U00013000"  # a hieroglyph
    count = alphabet.draw_letters([*fonts, *fonts, ROOT / "README.md"], f"AB{lacked}", tmp_path)
    drawn = [path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.png")]
    assert count == len(drawn)
    assert {"A", "B"} == {*drawn}
    assert 2 <= drawn.count("A") == drawn.count("B") <= 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["A", "B", "notes"]
    for path in tmp_path.rglob("*.png"):
        picture = Image.open(path)
        left, top, right, bottom = picture.getbbox()
        assert min(left, top, picture.width - right, picture.height - bottom) > 0, "no letter is cut"
        assert picture.getextrema() == (0, 255)


@pytest.mark.slow
def test_fonts_become_a_model_and_solids_of_what_lies_between_two_hands(fonts, home, tmp_path):
    source = tmp_path / "fonts"
    source.mkdir()
    for font in fonts:
        shutil.copy(font, source)
    words = ["--letters", "ABCDEFGHIJKL", "--seconds", "2", "--fonts", source, "--out", tmp_path / "made"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, ROOT / "examples" / "alphabet.py", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    manifest = ModelStore(home).find("alphabet").manifest()
    assert (manifest.data, "".join(manifest.known_classes.names)) == ("alphabet", "ABCDEFGHIJKL")
    assert Image.open(tmp_path / "made" / "alphabet.png").size == (2 * 28 * 12, 2 * 28 * 9)
    assert len(rhino3dm.File3dm.Read(str(tmp_path / "made" / "alphabet.3dm")).Objects) <= 12
    assert (tmp_path / "made" / "alphabet.stl").stat().st_size > 84
    assert done.stdout.count("wrote ") == 3


def test_a_machine_without_fonts_is_told_how_to_name_some(alphabet, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["alphabet.py", "--fonts", str(tmp_path), "--out", str(tmp_path / "made")])
    with pytest.raises(SystemExit, match="name folders of fonts, --fonts DIR"):
        alphabet.main()
