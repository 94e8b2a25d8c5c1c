"""Films: the same latents through all states of a training, as images, as pictures and as geometry."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

from ganmnist.cli.main import main
from ganmnist.config import FilmConfig, FilmGeometryConfig, Plane, TrainConfig
from ganmnist.errors import ModelNotFound
from ganmnist.export import pictures
from ganmnist.generation import film
from ganmnist.generation.sampler import Sampler
from ganmnist.geometry import layout
from ganmnist.latent.vectors import from_seed
from ganmnist.models import frames
from ganmnist.models.archive import export_model, import_model
from ganmnist.models.frames import FrameKeeper
from ganmnist.models.manifest import ModelManifest
from ganmnist.models.store import ModelStore
from ganmnist.training.loop import train


@pytest.fixture
def say(home, capsys):
    """Run a command in this process: say(...) -> status, output, errors."""

    def say(*arguments: str) -> tuple[int, str, str]:
        try:
            status = main(arguments)
        except SystemExit as left:  # argparse has its own way out
            status = left.code
        return status, *capsys.readouterr()

    return say


@pytest.fixture
def folder(home, digits, class_conditional):
    """A model that knows classes, trained for sixteen steps."""
    config = TrainConfig(networks=class_conditional, epochs=2, batch_size=32, learning_rate=0.01, seed=7)
    folder = ModelStore(home).new("grown")
    train(digits, config, folder)
    return folder


def test_a_film_ends_in_the_digits_of_the_model_and_every_frame_is_its_state(folder):
    made = film.draw(folder, FilmConfig(count=3, seed=5, digit=4))
    assert [frame.step for frame in made.frames] == [1, 4, 7, 10, 14, 16]
    assert [frame.epoch for frame in made.frames] == [1, 1, 1, 2, 2, 2]
    times = [frame.seconds for frame in made.frames]
    assert times == sorted(times)
    assert made.frames[-1].seconds == folder.manifest().seconds
    assert made.remarks == []

    model = Sampler.load(folder)
    z, classes = from_seed(5, 3, 5), np.full(3, 4)
    np.testing.assert_array_equal(made.images[-1], model.generate(z, classes))
    assert len({frame.tobytes() for frame in made.images}) == 6, "it grows"


def test_in_float16_no_pixel_differs_by_more_than_one_grey(home, digits, class_conditional):
    config = TrainConfig(networks=class_conditional, epochs=2, batch_size=32, learning_rate=0.01, seed=7)
    states = {}
    keep = FrameKeeper.keep

    def spy(self, frame, generator):
        states[frame.step] = Sampler(class_conditional, generator, "exact", frame.step)
        keep(self, frame, generator)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FrameKeeper, "keep", spy)
        folder = ModelStore(home).new("grown")
        train(digits, config, folder)
    made = film.draw(folder, FilmConfig(count=8, seed=2, digit=3))
    z = from_seed(2, 8, 5)
    for frame, images in zip(made.frames[:-1], made.images, strict=False):
        exact = states[frame.step].generate(z, np.full(8, 3))
        assert np.abs(images.astype(int) - exact.astype(int)).max() <= 1, frame.step


def test_a_damaged_frame_is_left_out_with_a_remark(folder):
    whole = film.draw(folder)
    (path,) = folder.film.glob("step-00000007-*")
    path.write_bytes(path.read_bytes()[:-1])
    made = film.draw(folder)
    assert [frame.step for frame in made.frames] == [1, 4, 10, 14, 16]
    np.testing.assert_array_equal(made.images, np.delete(whole.images, 2, 0))
    (remark,) = made.remarks
    assert remark.startswith("The frame at step 7 is left out: ")
    assert "damaged" in remark


def test_frames_that_are_let_go_of_meanwhile_are_no_damage(folder, monkeypatch):
    read_frame = frames.read_frame

    def gone(path, step):
        if step == 10:
            for file in path.glob("step-00000010*"):
                file.unlink()
        return read_frame(path, step)

    monkeypatch.setattr(frames, "read_frame", gone)
    made = film.draw(folder)
    assert [frame.step for frame in made.frames] == [1, 4, 7, 14, 16]
    assert made.remarks == []


def test_states_after_the_model_are_left_out(folder):
    """The training became worse, and an earlier state is the model."""
    manifest, weights = folder.load()
    folder.publish(ModelManifest(**{**dict(manifest), "step": 9}), weights)
    assert [frame.step for frame in film.draw(folder).frames] == [1, 4, 7, 9]


def test_images_that_are_known_are_not_drawn_again(folder, monkeypatch):
    sampler, manifest, cache = Sampler.load(folder), folder.manifest(), {}
    z = np.concatenate([from_seed(0, 2, 5), np.eye(10, dtype=np.float32)[[3, 8]]], 1)
    first = film.render_frames(folder, manifest, sampler, z, cache)
    monkeypatch.setattr(frames, "load", None)
    again = film.render_frames(folder, manifest, sampler, z, cache)
    np.testing.assert_array_equal(again.images, first.images)
    with pytest.raises(TypeError):  # another z is drawn
        film.render_frames(folder, manifest, sampler, z + 1, cache)


def test_a_model_without_frames_says_so_in_a_sentence(home, folder, tmp_path):
    store = ModelStore(home)
    with pytest.raises(ModelNotFound, match="bundled has no snapshots of its training"):
        film.draw(store.find(None))
    export_model(folder, tmp_path / "grown.ganmnist")
    copy = import_model(store, tmp_path / "grown.ganmnist", "copy")
    assert not copy.film.exists()
    with pytest.raises(ModelNotFound, match="copy has no snapshots of its training"):
        film.draw(store.find("copy"))


def test_a_model_keeps_its_film_under_another_name(home, folder):
    store = ModelStore(home)
    before = film.draw(folder)
    store.rename(folder.manifest(), "renamed")
    np.testing.assert_array_equal(film.draw(store.find("renamed")).images, before.images)


def test_a_film_takes_eight_digits_at_most():
    with pytest.raises(ValueError, match="count"):
        FilmConfig(count=9)
    with pytest.raises(ValueError, match="z"):
        FilmConfig(z=((0.0,),) * 9)


IMAGES = np.zeros((3, 2, 4, 6), np.uint8)  # three frames of two digits of 4 x 6 pixels


def corners(**config) -> list[list[float]]:
    """Return the lowest corner of each piece."""
    pieces = layout.assemble(IMAGES, FilmGeometryConfig(form="relief", cell=0.5, height=2.0, **config))
    return [piece.vertices.min(0).tolist() for piece in pieces]


def test_a_row_stands_along_x_and_its_digits_under_each_other():
    # six columns of pixels and two between, four rows and two between, half a unit each
    assert corners() == [[x, y, 0] for x in (0, 4, 8) for y in (0, -3)]


def test_a_stack_rises_along_z_and_its_digits_are_side_by_side():
    # eight cells of half a unit from the top of one to the next
    assert corners(arrange="stack") == [[x, 0, z] for z in (0, 6, 12) for x in (0, 4)]


def test_columns_say_how_many_digits_are_side_by_side():
    assert corners(columns=2) == [[x, 0, 0] for frame in (0, 8, 16) for x in (frame, frame + 4)]
    assert corners(columns=5)[:3] == [[0, 0, 0], [4, 0, 0], [8, 0, 0]]
    assert corners(arrange="stack", columns=1) == [[0, y, z] for z in (0, 6, 12) for y in (0, -3)]


def test_a_film_stands_in_the_plane():
    plane = Plane(origin=(10, 20, 30), xaxis=(0, 2, 0), yaxis=(0, 0, 3))  # its z is the world's x
    row = layout.assemble(IMAGES, FilmGeometryConfig(form="mesh", plane=plane))
    np.testing.assert_allclose([piece.vertices.min(0) for piece in row][::2], [[10, 20 + x, 30] for x in (0, 8, 16)])
    stack = layout.assemble(IMAGES, FilmGeometryConfig(form="mesh", plane=plane, arrange="stack"))
    np.testing.assert_allclose([piece.vertices.min(0) for piece in stack][::2], [[10 + z, 20, 30] for z in (0, 8, 16)])
    assert layout.assemble(IMAGES, FilmGeometryConfig(form="images")) == []


def test_a_film_grid_has_a_line_for_each_digit_and_a_moving_picture_the_frames_one_after_the_other():
    images = np.zeros((3, 2, 28, 28), np.uint8)
    images[:, 0, 0, 0], images[:, 1, 0, 0] = (10, 20, 30), (40, 50, 60)
    grid = np.asarray(pictures.film_grid(images))
    assert grid.shape == (56, 84)
    assert grid[::28, ::28].tolist() == [[10, 20, 30], [40, 50, 60]]
    with Image.open(io.BytesIO(pictures.animation(images))) as moving:
        assert (moving.format, moving.n_frames, moving.size, moving.info["loop"]) == ("GIF", 3, (448, 224), 0)
        times, greys = [], []
        for number in range(3):
            moving.seek(number)
            times.append(moving.info["duration"])
            greys.append([moving.convert("L").getpixel(at) for at in ((0, 0), (224, 0))])
    assert greys == [[10, 40], [20, 50], [30, 60]]
    assert times == [160, 160, 1600]


@pytest.mark.parametrize("ending", ["png", "gif", "3dm"])
def test_the_command_writes_the_film_of_the_newest_model(say, folder, tmp_path, ending):
    path = tmp_path / f"film.{ending}"
    status, output, errors = say("film", "--count", "2", "--seed", "3", "--out", str(path), "--json")
    assert (status, errors) == (0, "")
    assert [frame["step"] for frame in json.loads(output)["frames"]] == [1, 4, 7, 10, 14, 16]
    if ending == "png":
        expected = film.draw(folder, FilmConfig(count=2, seed=3)).images
        with Image.open(path) as picture:
            np.testing.assert_array_equal(np.asarray(picture)[::8, ::8], np.asarray(pictures.film_grid(expected)))
    elif ending == "gif":
        with Image.open(path) as picture:
            assert (picture.n_frames, picture.size) == (6, (448, 224))
    else:
        import rhino3dm

        assert len(rhino3dm.File3dm.Read(str(path)).Objects) == 12


def test_the_command_says_what_is_wrong(say, home, tmp_path):
    status, _, errors = say("film", "--out", str(tmp_path / "film.png"))
    assert (status, errors.count("\n")) == (1, 1)
    assert "bundled has no snapshots" in errors
    assert say("film", "--out", "film.npy")[0] == 2
    assert say("film", "--arrange", "circle", "--out", "film.png")[0] == 2
