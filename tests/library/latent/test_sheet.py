"""Sheets of latents: along two directions, or between four corners."""

import numpy as np
import pytest
from PIL import Image, ImageSequence
from pydantic import ValidationError

from ganmnist.cli.main import main
from ganmnist.config import GenerateConfig, SheetConfig
from ganmnist.errors import SettingError
from ganmnist.generation.measures import measure
from ganmnist.generation.sampler import Sampler
from ganmnist.latent.directions import Direction, project
from ganmnist.latent.sheet import sheet, sliders, unsupported
from ganmnist.latent.vectors import inputs
from ganmnist.models.store import ModelStore

KNOWN = (
    Direction(name="slant", agreement=1.0, axis=(0.6, 0.8, 0.0)),
    Direction(name="width", agreement=1.0, axis=(0.0, 0.0, -1.0)),
)


def test_directions_grow_across_and_down_from_the_digit_in_the_middle():
    z = sheet(SheetConfig(across="width", down="slant", reach=1.5, rows=5, columns=3, digit=1, seed=4), 3, 2, KNOWN)
    assert z.shape == (5, 3, 5)
    middle = inputs(GenerateConfig(digit=1, seed=4), 3, 2)[0]
    assert z[2, 1].tobytes() == middle.tobytes()
    moved = project(z[..., :3] - middle[:3], KNOWN)
    np.testing.assert_allclose(moved["width"], np.tile([-1.5, 0, 1.5], (5, 1)), atol=1e-6)
    np.testing.assert_allclose(moved["slant"], np.tile([[-1.5], [-0.75], [0], [0.75], [1.5]], 3), atol=1e-6)
    assert (z[..., 3:] == [0, 1]).all()


def test_a_latent_number_is_chosen_by_its_place_and_sliders_move_the_whole_sheet():
    z = sheet(SheetConfig(across="2", down="0", rows=2, columns=2, reach=1, latent=(5, 6, 7), slant=0), 3, 0, KNOWN)
    middle = inputs(GenerateConfig(latent=(5, 6, 7), slant=0), 3, 0, KNOWN)[0]
    np.testing.assert_allclose(z - middle, [[[-1, 0, -1], [-1, 0, 1]], [[1, 0, -1], [1, 0, 1]]], atol=1e-6)


def test_one_vector_is_the_middle_and_four_are_the_corners():
    one = ((0.5, -1.0, 2.0, 0.0, 1.0),)
    assert sheet(SheetConfig(z=one, rows=1, columns=1), 3, 2, KNOWN)[0, 0].tolist() == list(one[0])
    four = tuple((float(at), 1.0, -at / 2, at / 4, 1 - at / 4) for at in range(4))
    z = sheet(SheetConfig(z=four, rows=2, columns=3), 3, 2)
    assert z[:, ::2].reshape(4, 5).tolist() == [list(corner) for corner in four]
    assert all(getattr(sliders(SheetConfig(z=four)), name) is None for name in ("slant", "thickness"))


def test_no_number_leaves_the_range_that_generate_takes():
    z = sheet(SheetConfig(z=((9.0, -9.0, 0.0),), across="0", down="1", reach=5), 3, 0)
    assert (z.min(), z.max()) == (-10, 10)
    GenerateConfig(z=tuple(map(tuple, z.reshape(-1, 3).tolist())))


def test_a_direction_that_the_model_lacks_changes_nothing_and_is_said():
    config = SheetConfig(across="slant", down="size", rows=3, columns=3)
    z = sheet(config, 3, 0, KNOWN)
    assert (z == z[:1]).all()
    names = " or ".join(direction.name for direction in KNOWN)
    assert unsupported(config, KNOWN, 3) == [
        f"down: this model has no direction that does size, so all rows are the same: down takes {names} or the number "
        "of a latent, 0 to 2."
    ]
    assert "down takes the number of a latent, 0 to 2." in unsupported(config, (), 3)[1]
    assert unsupported(SheetConfig(across="0", down="1"), (), 3) == []
    assert unsupported(SheetConfig(z=((0.0,) * 3,) * 4), (), 3) == []


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"z": ((0.0,) * 3,) * 3}, r"z: has 3 vectors, a sheet takes one for its middle or four for its corners"),
        ({"across": "3"}, r"across: got latent number 3, the model has 0 to 2"),
        ({"down": "slant"}, r"down: is slant, as across is"),
        ({"latent": (1, 2, 3, 4)}, r"latent: has 4 numbers"),
    ],
)
def test_what_makes_no_sheet_is_refused(settings, sentence):
    with pytest.raises(SettingError, match=sentence):
        sheet(SheetConfig(**settings), 3, 0, KNOWN)


def test_a_sheet_has_no_more_digits_than_may_be_drawn_at_once():
    class Few(SheetConfig):
        most = 256

    with pytest.raises(SettingError, match="rows: 20 x 13 are 260 digits, at most 256"):
        sheet(Few(rows=20, columns=13), 3, 0, KNOWN)
    assert sheet(SheetConfig(rows=20, columns=13), 3, 0, KNOWN).shape == (20, 13, 3)


@pytest.mark.parametrize("wrong", ["truncation", "-1", "1.0", "", "slant\n"])
def test_a_direction_is_a_slider_or_a_place(wrong):
    with pytest.raises(ValidationError):
        SheetConfig(across=wrong)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def say(home, monkeypatch, capsys):
    monkeypatch.setenv("GANMNIST_HOME", str(home))
    return lambda *arguments: (main(arguments), *capsys.readouterr())


def test_on_the_bundled_model_slant_and_thickness_grow_where_they_should(home):
    sampler = Sampler.load(ModelStore(home).find(None))
    config = SheetConfig(digit=4, seed=3, rows=3, columns=3)
    z = sheet(config, sampler.latent_dim, sampler.classes, sampler.directions_for(sliders(config)))
    found = {name: values.reshape(3, 3) for name, values in measure(sampler.generate(z.reshape(9, -1))).items()}
    assert (np.diff(found["slant"], axis=1) > 0).all()
    assert (np.diff(found["thickness"], axis=0) > 0).all()


def test_the_command_draws_the_sheet_in_its_rows_and_columns(say, tmp_path):
    status, output, errors = say("sheet", "--digit", "4", "--rows", "3", "--columns", "5", "--across", "7",
                                 "--out", str(tmp_path / "sheet.png"))  # fmt: skip
    assert (status, errors) == (0, "")
    assert "3 x 5 digits from bundled" in output
    with Image.open(tmp_path / "sheet.png") as picture:
        assert picture.size == (8 * 5 * 28, 8 * 3 * 28)


def test_the_command_goes_between_digits_in_a_row_and_as_an_animation(say, tmp_path):
    path = ["between", "--digits", "3", "8", "--steps", "4"]
    assert say(*path, "--out", str(tmp_path / "row.png"))[0] == 0
    with Image.open(tmp_path / "row.png") as picture:
        assert picture.size == (8 * 5 * 28, 8 * 28)
    for options, frames in (([], 8), (["--closed"], 8), (["--closed", "--seeds", "1", "2"], 8)):
        assert say(*path, *options, "--out", str(tmp_path / "path.gif"))[0] == 0
        with Image.open(tmp_path / "path.gif") as film:
            milliseconds = [frame.info["duration"] for frame in ImageSequence.Iterator(film)]
            assert sum(milliseconds) == frames * 80  # equal neighbours share one frame
            assert film.info["loop"] == 0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["between", "--out", "x.png"], "seeds: there is only one digit"),
        (["between", "--seeds", "1", "2", "3", "--digits", "4", "5", "--out", "x.png"], "digits: there are 2"),
        (["between", "--seeds", "1", "2", "--steps", "0", "--out", "x.png"], "steps"),
        (["between", "--digits", "4", "10", "--out", "x.png"], "digit"),
        (["between", "--seeds", "1", "2", "--out", "x.avi"], "x.avi"),
        (["sheet", "--across", "tall", "--out", "x.png"], "across"),
        (["sheet", "--rows", "0", "--out", "x.png"], "rows"),
    ],
)
def test_misuse_ends_with_2_and_names_the_option(say, arguments, word):
    status, output, errors = say(*arguments)
    assert (status, output) == (2, "")
    assert word in errors
