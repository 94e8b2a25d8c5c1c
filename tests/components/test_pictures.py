"""The pictures in the documentation are those of the components and definitions as they are."""

import sys

import numpy as np
import pytest
from PIL import Image

from ghpython_components.pictures import canvas_picture
from ghpython_components.pictures.docs import pictures
from ghpython_components.sources.component import FOLDER

IMAGES = FOLDER.parent / "docs" / "images"
PICTURES = pictures()


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_in_the_docs_is_drawn_from_what_there_is(name):
    drawn, shown = PICTURES[name].convert("RGB"), Image.open(IMAGES / name).convert("RGB")
    stale = "stale: python -m ghpython_components.pictures.docs docs/images"
    assert drawn.size == shown.size, stale
    assert np.abs(np.asarray(drawn, np.int16) - np.asarray(shown)).mean() < 0.5, stale


@pytest.mark.parametrize("folder", ["new/folder", "."])
def test_a_definition_is_drawn_into_a_folder_that_may_not_be_there_yet(dist, tmp_path, monkeypatch, folder):
    target = tmp_path / folder / "drawn.png"
    source = dist / "definitions" / "rhino8" / "01_first_digit.gh"
    monkeypatch.setattr(sys, "argv", ["canvas_picture", str(source), str(target)])
    assert canvas_picture.main() == 0
    with Image.open(target) as picture:
        assert picture.width > 100


@pytest.mark.parametrize("words", [[], ["a.gh", "b"]])
def test_the_drawing_program_says_how_it_is_used(monkeypatch, capsys, words):
    monkeypatch.setattr(sys, "argv", ["canvas_picture", *words])
    with pytest.raises(SystemExit, match="2"):
        canvas_picture.main()
    assert "usage: " in capsys.readouterr().err
