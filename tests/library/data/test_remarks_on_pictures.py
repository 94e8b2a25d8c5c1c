"""What is odd about pictures but no fault is counted and said: more pages than one, and nothing on them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ganmnist.data.picture import turned_to_light
from ganmnist.data.read import read_data

FRAMES = [Image.fromarray(np.pad(np.full((8, 8), shade, np.uint8), 10)) for shade in (255, 200, 90)]


@pytest.mark.parametrize("ending", ["tif", "gif", "webp", "png"])
@pytest.mark.parametrize("count", [1, 3])
def test_pictures_with_more_pages_or_frames_than_the_first_are_counted(tmp_path, ending, count):
    for number in range(2):
        FRAMES[0].save(
            tmp_path / f"{number}.{ending}",
            save_all=True,
            append_images=FRAMES[1:count] if number else [],
            lossless=True,
        )
    found = read_data(tmp_path)
    assert found.train_images[:, 14, 14].min() > 250
    assert found.report.remarks == (
        ()
        if count == 1
        else (
            f"1 picture with several pages or frames, 1.{ending} for one: the first of each was read, save the others "
            "as files",
        )
    )


def test_what_is_damaged_behind_the_first_frame_does_no_harm(tmp_path):
    path = tmp_path / "a.gif"
    FRAMES[0].save(path)
    first = len(path.read_bytes())
    FRAMES[0].save(path, save_all=True, append_images=FRAMES[1:])
    content = path.read_bytes()
    for end in range(first + 20, len(content)):
        path.write_bytes(content[:end] + b"\x21\xff\xff" * 9)
        assert turned_to_light(path).image[14, 14] == 255


def test_pictures_of_nothing_are_kept_and_counted(tmp_path):
    FRAMES[0].save(tmp_path / "0.png")
    Image.new("RGB", (40, 30), (255, 255, 255)).save(tmp_path / "1.png")
    Image.new("RGBA", (40, 40), (9, 9, 9, 0)).save(tmp_path / "2.png")
    Image.new("RGB", (28, 28), (200, 30, 30)).save(tmp_path / "3.jpg")
    Image.new("L", (28, 28)).save(tmp_path / "4.bmp")
    found = read_data(tmp_path)
    assert len(found.train_images) == 5
    assert found.report.remarks == (
        "4 pictures with nothing on them, 1.png for one: of one colour all over, kept: take out what is no example",
    )
