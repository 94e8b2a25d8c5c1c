"""Picture files become images like MNIST's: bright ink on black, in the middle, in their own proportions."""

from __future__ import annotations

import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ganmnist.data.picture import read_picture
from ganmnist.errors import DataError

ORIENTATION = 0x0112


def ink(rows: int = 28, columns: int = 28) -> np.ndarray:
    """A lopsided mark on black: a bar in the upper left, a dot at its right end."""
    image = np.zeros((rows, columns), np.uint8)
    image[rows // 7 : 2 * rows // 7, columns // 7 : 5 * columns // 7] = 200
    image[2 * rows // 7 : 3 * rows // 7, 4 * columns // 7 : 5 * columns // 7] = 255
    return image


@pytest.fixture
def read(tmp_path):
    """Save a picture and read it: read(picture, "name.png", further settings of the format)."""

    def save_and_read(picture: Image.Image | np.ndarray, name: str = "digit.png", **settings) -> np.ndarray:
        picture = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
        picture.save(tmp_path / name, **settings)
        return read_picture(tmp_path / name)

    return save_and_read


def refusal(path) -> str:
    with pytest.raises(DataError) as caught:
        read_picture(path)
    return str(caught.value)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.gif", "a.tif", "a.TIFF", "a.PNG"])
def test_a_picture_that_is_like_mnist_stays_as_it_is_to_the_pixel(read, name):
    np.testing.assert_array_equal(read(ink(), name), ink())


@pytest.mark.parametrize("name", ["a.pgm", "a.ppm", "a.pnm", "a.tga", "a.dib", "a.pcx", "a.sgi", "a.jp2", "a.ras"])
def test_what_pillow_reads_safely_is_read(tmp_path, name):
    picture = Image.fromarray(ink())
    if name == "a.ras":  # which Pillow cannot write: a header, then the pixels
        content = np.array([0x59A66A95, 28, 28, 8, 784, 1, 0, 0], ">u4").tobytes() + ink().tobytes()
        (tmp_path / name).write_bytes(content)
    else:
        picture.save(tmp_path / name, **({"format": "PPM"} if name == "a.pnm" else {}))
    np.testing.assert_array_equal(read_picture(tmp_path / name), ink())


@pytest.mark.parametrize("format", ["PNG", "PPM", "BMP", "GIF", "TIFF"])
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a", "a.dat"])
def test_what_a_picture_is_called_does_not_say_what_it_is(tmp_path, format, name):
    Image.fromarray(ink()).save(tmp_path / name, format=format)
    np.testing.assert_array_equal(read_picture(tmp_path / name), ink())


@pytest.mark.parametrize(
    ("name", "settings"),
    [("a.jpg", {"quality": 95}), ("a.JPEG", {}), ("a.webp", {}), ("a.jfif", {"format": "JPEG"}), ("a.avif", {})],
)
def test_a_format_that_loses_a_little_keeps_the_picture(read, name, settings):
    assert np.abs(read(ink(), name, **settings).astype(int) - ink()).mean() < 3


def test_a_photo_is_the_same_as_a_jpeg_and_as_a_png(read):
    photo = ink(700, 1050)
    difference = read(photo, "a.jpg").astype(int) - read(photo, "a.png")
    assert np.abs(difference).mean() < 2


def test_dark_ink_on_paper_becomes_bright_ink_on_black(read):
    np.testing.assert_array_equal(read(255 - ink()), ink())


def test_the_border_says_what_is_background_however_much_of_the_picture_is_ink(read):
    bold = np.zeros((28, 28), np.uint8)
    bold[1:-1, 1:-2] = 240
    np.testing.assert_array_equal(read(bold), bold)


def test_ink_that_touches_the_border_does_not_turn_the_picture_over(read):
    touching = ink()
    touching[:, 3:9] = 255
    np.testing.assert_array_equal(read(touching), touching)


def test_a_wide_picture_is_put_on_a_square_of_its_own_background(read):
    wide = np.tile(np.repeat(np.array([10, 90], np.uint8), 4), (20, 8))  # stripes: no ink on paper
    wide[[0, -1]] = 30
    made = read(wide)
    assert (made[:9] == 30).all()
    assert (made[-9:] == 30).all()
    assert made.max() > 70


def test_sixteen_bits_keep_their_shades(read):
    np.testing.assert_array_equal(read(ink().astype(np.uint16) * 257), ink())


def test_numbers_of_32_bits_are_as_bright_as_their_brightest(read):
    np.testing.assert_array_equal(read(ink().astype(np.int32) * 1000, "a.tif"), ink())
    np.testing.assert_array_equal(read(ink().astype(np.float32) / 255, "a.tif"), ink())


@pytest.mark.parametrize("top", [255, 1023, 4095, 16383, 65535])
def test_sixteen_bits_that_end_early_are_as_bright_as_their_brightest(read, top):
    values = (ink().astype(np.uint32) * top // 255).astype(np.uint16)
    for name in ("a.png", "a.tif"):
        assert np.abs(read(values, name).astype(int) - ink()).max() <= 1
        assert np.abs(read(top - values, name).astype(int) - ink()).max() <= 1  # dark on light


def test_numbers_below_zero_are_darker_than_zero(read):
    np.testing.assert_array_equal(read((ink() / 127.5 - 1).astype(np.float32), "a.tif"), ink())


def test_a_dead_pixel_of_a_camera_does_not_darken_the_picture(read):
    values = np.kron(ink(), np.ones((4, 4), np.uint16)) * 16
    expected = read(values.astype(np.uint16))
    values[60, 60] = 65535
    assert (np.abs(read(values.astype(np.uint16)).astype(int) - expected) > 3).sum() < 9


@pytest.mark.parametrize("grey", [0, 255], ids=["black ink", "white ink"])
def test_ink_on_nothing_is_bright_whatever_its_colour(read, grey):
    picture = np.full((28, 28, 4), grey, np.uint8)
    picture[..., 3] = ink()
    np.testing.assert_array_equal(read(picture), ink())


def test_a_picture_of_nothing_at_all_is_black(read):
    assert not read(np.zeros((9, 12, 4), np.uint8)).any()


def test_paper_with_transparent_corners_is_still_paper(read):
    picture = np.full((28, 28, 4), 255, np.uint8)
    picture[..., :3] = 255 - ink()[..., None]
    picture[:2, :2, 3] = picture[-2:, -2:, 3] = 0
    np.testing.assert_array_equal(read(picture), ink())


def test_a_palette_is_looked_up_and_its_transparent_colour_is_no_ink(read):
    picture = Image.fromarray(ink()).quantize(8)
    np.testing.assert_array_equal(read(picture, "a.png"), ink())
    paper = picture.getpixel((0, 0))
    picture.putpalette([255 - value for value in picture.getpalette()])  # dark ink ...
    colours = picture.getpalette()
    colours[3 * paper : 3 * paper + 3] = [0, 0, 0]  # ... on what would be black
    picture.putpalette(colours)
    np.testing.assert_array_equal(read(picture, "b.png", transparency=paper), ink())


def test_colours_count_by_how_bright_they_are(read):
    made = read(np.stack([ink(), np.zeros_like(ink()), np.zeros_like(ink())], 2))  # red on black
    assert made.max() == round(255 * 0.299)


def test_a_camera_that_was_held_upright_gives_an_upright_picture(read):
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # to be turned clockwise by a quarter
    upright = ink(84, 56)
    made = read(Image.fromarray(np.rot90(upright).copy()), "a.png", exif=exif)
    np.testing.assert_array_equal(made, read(upright, "b.png"))


def test_an_animation_is_its_first_frame(read):
    frames = [Image.fromarray(ink()), Image.fromarray(np.flipud(ink()))]
    np.testing.assert_array_equal(read(frames[0], "a.gif", save_all=True, append_images=frames[1:]), ink())


@given(columns=st.integers(5, 130), rows=st.integers(5, 130))
def test_a_picture_of_any_proportions_keeps_its_middle_and_is_never_stretched(tmp_path_factory, columns, rows):
    block = np.zeros((rows, columns), np.uint8)
    block[1:-1, 1:-1] = 255
    path = tmp_path_factory.getbasetemp() / "block.png"
    Image.fromarray(block).save(path)
    made = read_picture(path).astype(float) / 255
    assert made.shape == (28, 28)
    for turned in (made[::-1], made[:, ::-1]):
        np.testing.assert_array_equal(made, turned)  # as much on either side
    scale = 28 / max(rows, columns)
    for pixels, axis in ((columns - 2, 1), (rows - 2, 0)):
        places = (np.arange(28) - 13.5) ** 2
        spread = (made.sum(1 - axis) * places).sum() / made.sum()  # the variance of a bar of length L is L^2 / 12
        assert np.sqrt(12 * spread) == pytest.approx(pixels * scale, abs=1.2)  # a line is never thinner than a pixel


@given(columns=st.integers(3, 60), rows=st.integers(3, 60), seed=st.integers(0, 99))
def test_a_picture_on_its_side_gives_the_image_on_its_side(tmp_path_factory, columns, rows, seed):
    image = np.random.default_rng(seed).integers(0, 256, (rows, columns), np.uint8)
    path = tmp_path_factory.getbasetemp() / "turned.png"
    made = []
    for picture in (image, image.T.copy()):
        Image.fromarray(picture).save(path)
        made.append(read_picture(path).astype(int))
    assert np.abs(made[0] - made[1].T).max() <= 2


@pytest.mark.parametrize(
    "spoil", [lambda content: content[: len(content) // 2], lambda content: b"", lambda _: b"text"]
)
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.bmp", "a.tif", "a.webp"])
def test_a_damaged_picture_is_named_with_what_to_do(tmp_path, name, spoil):
    path = tmp_path / name
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (80, 90), np.uint8)).save(path)
    path.write_bytes(spoil(path.read_bytes()))
    message = refusal(path)
    assert str(path) in message
    assert "repair it or take it out" in message


@pytest.mark.parametrize("format", ["EPS", "PDF", "ICNS", "MSP"])
def test_a_reader_that_might_start_a_program_or_read_more_than_a_picture_is_never_asked(tmp_path, format):
    path = tmp_path / "really.png"
    Image.fromarray(ink()).convert("1" if format == "MSP" else "L").save(path, format=format)
    assert str(path) in refusal(path)


def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("ganmnist.data.picture.MAX_PIXELS", 783)
    Image.fromarray(ink()).save(tmp_path / "huge.png")
    message = refusal(tmp_path / "huge.png")
    assert "huge.png" in message
    assert "28 x 28 pixels" in message
    assert "make it smaller" in message


@pytest.mark.parametrize(
    ("kind", "most", "bits"), [(np.float32, 784 * 4, 32), (np.int32, 784 * 4, 32), (np.uint16, 784 * 2, 16)]
)
def test_a_picture_of_more_bits_has_to_be_smaller(tmp_path, monkeypatch, kind, most, bits):
    Image.fromarray(ink().astype(kind)).save(tmp_path / "a.tif")
    monkeypatch.setattr("ganmnist.data.picture.MAX_PIXELS", most)
    read_picture(tmp_path / "a.tif")
    monkeypatch.setattr("ganmnist.data.picture.MAX_PIXELS", most - 1)
    assert f"28 x 28 pixels of {bits} bits each, of which at most" in refusal(tmp_path / "a.tif")


def test_a_picture_of_floats_takes_little_more_room_than_its_pixels(tmp_path, peak):
    Image.fromarray(np.zeros((1500, 1500), np.float32)).save(tmp_path / "a.tif")
    read_picture(tmp_path / "a.tif")
    assert peak() < 15 * 1500 * 1500


def test_a_picture_is_refused_by_its_header_before_memory_is_taken_for_its_pixels(tmp_path, peak):
    Image.fromarray(ink()).save(tmp_path / "a.png")
    content = bytearray((tmp_path / "a.png").read_bytes())
    content[16:24] = (8000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(content)
    assert "8,000 x 8,000 pixels" in refusal(tmp_path / "a.png")
    assert peak() < 1e6


def test_a_picture_in_memory_is_the_one_on_disk_and_is_called_what_it_is_to_be_called(tmp_path):
    Image.fromarray(ink()).save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    np.testing.assert_array_equal(read_picture(BytesIO(content)), ink())
    with pytest.raises(DataError, match=r"^a.zip: a.png: cannot be read"):
        read_picture(BytesIO(content[:50]), "a.zip: a.png")


def test_a_line_that_would_be_thinner_than_a_pixel_is_refused(tmp_path):
    Image.new("L", (57, 2)).save(tmp_path / "line.png")
    Image.new("L", (2, 56)).save(tmp_path / "thin.png")
    assert "57 x 2" in refusal(tmp_path / "line.png")
    assert not read_picture(tmp_path / "thin.png").any()
