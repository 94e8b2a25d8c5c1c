"""What a command says while it works: to people in a terminal, and to a file."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import numpy as np
import pytest
from rich.console import Console

from ganmnist.cli import progress
from ganmnist.cli.main import main


@pytest.fixture
def screen(monkeypatch):
    """Stand in for the terminal, or for a file: screen(True) returns what tells what was shown there."""

    def stand_in(is_terminal):
        console = Console(record=True, force_terminal=is_terminal, width=100, file=open("/dev/null", "w"))  # noqa: SIM115
        monkeypatch.setattr(progress, "_screen", console)
        return console.export_text

    return stand_in


def work():
    with progress.bar("working") as advance:
        for percent in range(100):
            advance(percent, "hard")


def test_a_terminal_is_shown_a_bar(screen):
    shown = screen(True)
    work()
    assert "━" in shown()


def test_a_file_gets_a_line_now_and_then_and_no_bar(screen, monkeypatch):
    shown = screen(False)
    work()
    assert shown() == ""
    seconds = iter(range(1000))
    monkeypatch.setattr(time, "monotonic", lambda: next(seconds) / 2)
    work()
    lines = shown().splitlines()
    assert 3 <= len(lines) <= 6
    assert lines[0] == "working 19 %  hard"


def test_many_digits_are_the_same_as_few_and_show_how_far_they_are(home, tmp_path, screen, capsys, monkeypatch):
    monkeypatch.setattr(progress, "_PART", 16)
    shown = screen(True)
    assert main(["generate", "--count", "40", "--seed", "3", "--out", str(tmp_path / "many.npy"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["count"] == 40
    assert "40 of 40 digits" in shown()
    assert main(["generate", "--count", "9", "--seed", "3", "--out", str(tmp_path / "few.npy")]) == 0
    many, few = (np.load(tmp_path / f"{name}.npy", allow_pickle=False) for name in ("many", "few"))
    np.testing.assert_array_equal(many[:9], few)


def test_more_digits_are_drawn_than_the_server_draws_at_once(home, tmp_path, capsys):
    assert main(["generate", "--count", "300", "--out", str(tmp_path / "many.npy")]) == 0, capsys.readouterr().err
    assert np.load(tmp_path / "many.npy", allow_pickle=False).shape == (300, 28, 28)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("generate --count 10000 --out x.obj", "count: a .obj file holds 2,551 digits at most as relief"),
        ("generate --count 1000 --form voxels --out x.3dm", "count: a .3dm file holds 318 digits at most as voxels"),
        ("generate --count 2001 --out x.gif", "count: a .gif file holds 2,000 digits at most, got 2,001"),
        ("generate --count 200000 --out x.png", "count: a .png file holds 100,000 digits"),
        ("generate --count 1000001 --out x.npy", "count"),
        ("sheet --rows 60 --columns 60 --out x.obj", "count: a .obj file holds 2,551 digits"),
        ("between --seeds 1 2 --steps 3000 --out x.gif", "count: a .gif file holds 2,000 digits"),
    ],
)
def test_what_no_file_can_hold_is_refused_before_it_is_drawn(home, capsys, monkeypatch, words, said):
    monkeypatch.setattr(progress, "draw", None)
    monkeypatch.setattr("ganmnist.generation.sampler.Sampler.generate", None)
    assert main(words.split()) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_so_many_that_their_record_has_no_room_are_written_without_and_that_is_said(
    home, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("ganmnist.models.provenance.MAX_TEXT", 1000)
    assert main(["generate", "--count", "9", "--out", str(tmp_path / "many.png"), "--json"]) == 0
    assert "many.png holds no record" in json.loads(capsys.readouterr().out)["remarks"][0]
    assert main(["generate", "--count", "9", "--out", str(tmp_path / "many.npy"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["remarks"] == []


def test_the_bar_of_a_real_process_is_no_noise_in_a_file(home, tmp_path):
    command = [sys.executable, "-m", "ganmnist", "generate", "--count", "200", "--out", str(tmp_path / "x.npy")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
