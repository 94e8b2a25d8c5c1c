"""The pictures in the documentation are those of the components and definitions as they are."""

import numpy as np
import pytest
from PIL import Image

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
