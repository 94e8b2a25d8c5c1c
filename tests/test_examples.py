"""What the first minute ends with: commands that work as they are printed, on this system."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def first_digits():
    made = importlib.util.spec_from_file_location("first_digits", ROOT / "examples" / "first_digits.py")
    module = importlib.util.module_from_spec(made)
    made.loader.exec_module(module)
    return module


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
