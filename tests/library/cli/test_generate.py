"""`ganmnist generate` and its kin: what they say of the file that they write."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from ganmnist.cli.main import main

PRINTED = "which cannot be printed; solid, voxels and extrusion can"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("generate --out x.stl", True),
        ("generate --form mesh --out x.3mf", True),
        ("generate --form solid --out x.stl", False),
        ("generate --out x.obj", False),
        ("sheet --rows 1 --columns 2 --out x.3mf", True),
        ("between --seeds 1 2 --steps 1 --out x.stl", True),
    ],
)
def test_of_a_file_to_print_it_is_said_whether_it_can_be(home, tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    assert main([*words.split(), "--json"]) == 0
    assert any(remark.endswith(PRINTED) for remark in json.loads(capsys.readouterr().out)["remarks"]) == said
    assert main(words.split()) == 0
    assert (PRINTED in capsys.readouterr().out) == said


def test_what_is_restored_to_a_file_to_print_is_told_of_too(home, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["generate", "--out", "x.obj"]) == 0
    assert main(["restore", "x.obj", "--out", "x.stl", "--json"]) == 0
    (remark,) = json.loads(capsys.readouterr().out.splitlines()[-1])["remarks"]
    assert remark.endswith(PRINTED)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("generate --form solid --out a.png", "form"),
        ("generate --height 6 --out a.gif", "height"),
        ("generate --columns 3 --out a.npy", "columns"),
        ("film --form solid --out a.gif", "form"),
        ("networks walk --form relief --out a.png", "form"),
    ],
)
def test_a_form_for_a_file_of_images_is_refused(home, tmp_path, monkeypatch, capsys, words, name):
    monkeypatch.chdir(tmp_path)
    assert main(words.split()) == 2
    assert f"{name}: is of geometry, and a .{words[-3:]} file holds the images" in capsys.readouterr().err
    assert not list(tmp_path.glob("a.*"))


def test_a_picture_is_inverted_as_the_flag_says(home, tmp_path, capsys):
    drawn = []
    for option in ("--invert", "--no-invert"):
        path = tmp_path / f"{option}.png"
        assert main(["generate", option, "--form", "images", "--out", str(path)]) == 0, capsys.readouterr().err
        with Image.open(path) as picture:
            drawn.append(np.asarray(picture))
    np.testing.assert_array_equal(drawn[0], 255 - drawn[1])
