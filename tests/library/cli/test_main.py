"""`python -m ganmnist`, as a process of its own where it counts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rhino3dm
from PIL import Image

from ganmnist.cli.evaluate import _samples
from ganmnist.cli.main import _say, main
from ganmnist.export.pictures import grid_columns
from ganmnist.export.write import scale_to_look_at
from ganmnist.generation.sampler import Sampler
from ganmnist.latent.vectors import from_seed
from ganmnist.models.figures import Estimate
from ganmnist.models.manifest import ALL_BUNDLED, BUNDLED
from ganmnist.models.store import ModelStore
from ganmnist.storage import bundle
from ganmnist.training.loop import Progress, train
from ganmnist.training.presets import PRESETS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
SMALL = ["--images", "256", "--batch-size", "64", "--epochs", "1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, digits):
    """A folder of digits in MNIST's files, so that no test waits for a download."""
    folder = tmp_path_factory.mktemp("digits")
    for part in ("train", "t10k"):
        images, labels = digits.train_images, digits.train_labels
        for name, magic, array in (("images-idx3", 2051, images), ("labels-idx1", 2049, labels)):
            header = np.array([magic, *array.shape], ">i4").tobytes()
            (folder / f"{part}-{name}-ubyte").write_bytes(header + array.tobytes())
    return folder


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory):
    """A home with one trained model in it."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def trained(shared_home, folder):
    """What the process that trained that model said."""
    return run("train", "--model", "first", *SMALL, "--out", str(shared_home / "samples.png"), "--json",
               home=shared_home, data=folder)  # fmt: skip


def environment(home: Path, data: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "GANMNIST_HOME": str(home), "GANMNIST_DATA": str(data)}


def run(*arguments: str, home: Path, data: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "ganmnist", *arguments],
        env=environment(home, data),
        capture_output=True,
        text=True,
        timeout=90,
    )


@pytest.fixture
def say(shared_home, folder, trained, monkeypatch, capsys):
    """Run a command in this process, which has torch already: say(...) -> status, output, errors."""
    monkeypatch.setenv("GANMNIST_HOME", str(shared_home))
    monkeypatch.setenv("GANMNIST_DATA", str(folder))

    def say(*arguments: str) -> tuple[int, str, str]:
        try:
            status = main(arguments)
        except SystemExit as left:  # argparse has its own way out
            status = left.code
        output, errors = capsys.readouterr()
        return status, output, errors

    return say


def test_data_describes_what_it_found(home, folder):
    done = run("data", "--json", "--out", str(home / "sheet.png"), home=home, data=folder)
    assert done.returncode == 0, done.stderr
    described = json.loads(done.stdout)
    assert (described["name"], described["source"]) == (folder.name, str(folder))
    assert (described["train"], described["test"], len(described["classes"])) == (256, 256, 10)
    with Image.open(home / "sheet.png") as grid:
        assert grid.size == (7 * 280, 7 * 112)


def test_train_makes_a_model_and_a_picture_of_its_samples(trained, shared_home, folder):
    assert trained.returncode == 0, trained.stderr
    model = json.loads(trained.stdout)
    assert (model["name"], model["epoch"], model["step"], model["finished"]) == ("first", 1, 4, True)
    assert (model["preset"], model["data"]) == ("fast", folder.name)
    assert ModelStore(shared_home).find("first").manifest().settings.images == 256
    with Image.open(shared_home / "samples.png") as picture:
        assert picture.size == (8 * 112, 8 * 112)


def test_a_budget_in_seconds_ends_the_training(say, folder):
    settings = ["--preset", "unconditional", "--images", "256", "--seconds", "0.5"]
    status, output, errors = say("train", "--model", "timed", *settings, "--json")
    assert status == 0, errors
    model = json.loads(output)
    assert (model["preset"], model["finished"]) == ("unconditional", True)
    assert 0.5 <= model["seconds"] < 3
    assert say("models", "--delete", "timed")[0] == 0


def test_the_bar_says_what_the_judge_said():
    step = Progress(2, 20, 70, 61.0, 0.41, 0.5, 0.5, Estimate(frechet=12.34, confident=0.981))
    assert _say(step) == "epoch 2/20  FID 12.3  98 % confident"
    assert _say(replace(step, epochs=None, estimate=None)) == "step 70"
    assert _say(replace(step, epochs=None, estimate=None, steps=300)) == "step 70/300"


def test_generate_writes_digits_of_the_bundled_model_as_a_picture(say, tmp_path):
    status, output, _ = say("generate", "--count", "5", "--seed", "3", "--out", str(tmp_path / "digits.png"))
    assert status == 0
    assert "5 digits from bundled" in output
    with Image.open(tmp_path / "digits.png") as picture:
        assert picture.size == (8 * 84, 8 * 56)


@pytest.mark.parametrize(
    "command", ["generate --count 6", "between --seeds 1 2 --steps 5", "sheet --rows 2 --columns 3"]
)
def test_a_picture_is_as_large_as_asked_for_its_pixels_those_of_the_digits(say, tmp_path, command):
    images = {}
    for scale in (1, 3):
        path = tmp_path / f"{scale}.png"
        status, _, errors = say(*command.split(), "--scale", str(scale), "--out", str(path))
        assert status == 0, errors
        images[scale] = np.array(Image.open(path))
    np.testing.assert_array_equal(images[3], images[1].repeat(3, 0).repeat(3, 1))


@pytest.mark.parametrize(("count", "side"), [(1, 8 * 28), (100, 7 * 280), (10_000, 2800)])
def test_no_picture_is_enlarged_beyond_what_can_be_looked_at(count, side):
    assert 28 * grid_columns(count) * scale_to_look_at(".png", count, None, None) == side


def test_a_picture_restored_has_the_digits_as_they_are_unless_a_scale_is_asked_for(say, tmp_path):
    drawn, again = (str(tmp_path / name) for name in ("drawn.png", "again.png"))
    assert say("generate", "--seed", "3", "--out", drawn)[0] == 0
    sizes = []
    for words in ([], ["--scale", "8"]):
        assert say("restore", drawn, "--out", again, *words)[0] == 0
        sizes.append(Image.open(again).size)
    assert sizes == [(28, 28), (224, 224)]
    assert Path(again).read_bytes() == Path(drawn).read_bytes()


def test_generate_writes_what_the_library_generates(say, tmp_path, shared_home):
    from ganmnist import GenerateConfig, generate

    options = ["--model", "FIRST", "--count", "3", "--seed", "7", "--latent", "-1.5", "2"]
    status, output, errors = say("generate", *options, "--out", str(tmp_path / "z.npy"), "--json")
    assert status == 0, errors
    assert json.loads(output) == {"model": "first", "count": 3, "out": str(tmp_path / "z.npy"), "remarks": []}
    expected = generate(GenerateConfig(count=3, seed=7, latent=(-1.5, 2)), "first", home=shared_home)
    np.testing.assert_array_equal(np.load(tmp_path / "z.npy", allow_pickle=False), expected)


def test_generate_writes_the_digit_that_is_asked_for(say, tmp_path, shared_home):
    status, _, errors = say("generate", "--digit", "7", "--count", "2", "--seed", "4", "--out", str(tmp_path / "7.npy"))
    assert status == 0, errors
    bundled = Sampler.load(ModelStore(shared_home).find(None))
    expected = bundled.generate(from_seed(4, 2, bundled.latent_dim), np.array([7, 7]))
    np.testing.assert_array_equal(np.load(tmp_path / "7.npy", allow_pickle=False), expected)


def test_the_option_of_before_is_still_taken_and_no_longer_listed(say, tmp_path):
    written = {}
    for option in ("--truncation", "--boldness"):
        status, _, errors = say("generate", "--seed", "4", option, "0.25", "--out", str(tmp_path / f"{option}.obj"))
        assert status == 0, errors
        written[option] = (tmp_path / f"{option}.obj").read_bytes()
    assert written["--boldness"] == written["--truncation"]
    _, listed, _ = say("generate", "--help")
    assert "--truncation" in listed
    assert "boldness" not in listed


def test_generate_writes_the_last_state_where_an_earlier_one_was_better(say, tmp_path, shared_home):
    folder = ModelStore(shared_home).find("first")
    manifest, best = folder.load()
    last = {key: value * 0 if value.is_floating_point() else value for key, value in best.items()}
    folder.keep_last(manifest, last)
    images = {}
    for option in ([], ["--last"]):
        out = tmp_path / f"{len(option)}.npy"
        assert say("generate", "--model", "first", *option, "--out", str(out))[0] == 0
        images[len(option)] = np.load(out, allow_pickle=False)
    np.testing.assert_array_equal(images[0], Sampler.load(folder).sample())
    np.testing.assert_array_equal(images[1], np.full((1, 28, 28), 128))  # of weights that are all zero
    (folder.path / "last.json").unlink()


def test_a_model_is_measured_with_as_many_of_each_class_as_the_images_have(monkeypatch, shared_home, digits):
    monkeypatch.setenv("GANMNIST_HOME", str(shared_home))
    labels = np.array([7, 7, 7, 1], np.uint8)
    drawn = []
    monkeypatch.setattr(
        Sampler, "generate", lambda self, z, classes: drawn.extend(classes) or np.zeros((len(z), 28, 28))
    )
    assert len(_samples(None, 400, replace(digits, train_labels=labels))) == 400
    assert set(drawn) == {1, 7}
    assert 250 < drawn.count(7) < 350


def test_synthetic_digits_are_not_called_real_images(say, monkeypatch, digits, tmp_path):
    found = replace(digits, source="the bundled model", test_images=digits.train_images)
    monkeypatch.setattr("ganmnist.data.load.load_data", lambda *_, **__: found)
    monkeypatch.setenv("COLUMNS", "200")
    np.save(tmp_path / "digits.npy", digits.train_images[:200])
    status, output, _ = say("evaluate", str(tmp_path / "digits.npy"))
    assert status == 0
    assert "synthetic-mnist" in output.splitlines()[1]
    assert "real images" not in output
    assert "200 images beside 200" in output
    assert "Compared with digits of the bundled model. Real digits are another measure." in output
    told = json.loads(say("evaluate", str(tmp_path / "digits.npy"), "--json")[1])
    assert (told["data"], len(told["remarks"])) == ("synthetic-mnist", 1)


def test_generate_writes_geometry_for_rhino(trained, shared_home, folder, tmp_path):
    path = tmp_path / "digits.3dm"
    options = ["--count", "2", "--form", "mesh", "--cell", "0.5", "--out", str(path)]
    done = run("generate", *options, home=shared_home, data=folder)
    assert done.returncode == 0, done.stderr
    objects = list(rhino3dm.File3dm.Read(str(path)).Objects)
    assert len(objects) == 2
    box = objects[0].Geometry.GetBoundingBox()
    assert (box.Max.X, box.Max.Y) == (14, 14)


def test_models_lists_what_is_there(say, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    status, output, _ = say("models", "--json")
    assert status == 0
    assert [model["name"] for model in json.loads(output)] == ["first", *ALL_BUNDLED]
    status, output, _ = say("models")
    assert status == 0
    assert {"first", "fast", "bundled", "FID"} <= set(output.split())


def test_models_deletes_one_and_says_so(home, monkeypatch, capsys, digits, short):
    store = ModelStore(home)
    assert main(["models", "--json"]) == 0
    assert [model["name"] for model in json.loads(capsys.readouterr().out)] == [*ALL_BUNDLED]
    for name in ("one", "two"):
        train(digits, short, store.new(name), should_stop=lambda: True)
    assert main(["models", "--delete", "ONE"]) == 0
    assert [model.name for model in store.list()] == ["two", *ALL_BUNDLED]
    assert main(["models", "--delete", "one"]) == 1
    assert "two" in capsys.readouterr().err
    assert main(["models", "--delete", "bundled"]) == 2
    assert "stays" in capsys.readouterr().err


def test_models_shows_the_newest_and_how_many_more_there_are_and_tells_of_those_that_cannot_be_read(
    home, monkeypatch, capsys, digits, short
):
    store = ModelStore(home)
    for name in ("one", "two", "three"):
        train(digits, short, store.new(name), should_stop=lambda: True)
    monkeypatch.setattr("ganmnist.cli.models._SHOWN", 2)
    assert main(["models"]) == 0
    shown, _ = capsys.readouterr()
    assert "three" in shown
    assert "one" not in shown.split()
    assert shown.splitlines()[-1].startswith("and 1 more: ganmnist models --limit 5")
    assert main(["models", "--limit", "5"]) == 0
    assert {"one", "two", "three", *ALL_BUNDLED} <= set(capsys.readouterr().out.split())
    assert main(["models", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 5, "for programs all, unless they say how many"
    assert main(["models", "--json", "--limit", "1"]) == 0
    assert [model["name"] for model in json.loads(capsys.readouterr().out)] == ["three", *ALL_BUNDLED]

    (store.find("two").path / "model.json").write_bytes(b"{}")
    for arguments in (["models"], ["models", "--json"]):
        assert main(arguments) == 0
        assert "Model two cannot be read: " in capsys.readouterr().err


def test_a_model_that_another_program_trains_is_neither_deleted_nor_gone_on_with(
    home, monkeypatch, capsys, digits, short
):
    store = ModelStore(home)
    monkeypatch.setattr("ganmnist.cli.main.load", lambda directory, name: digits)
    train(digits, short, store.new("busy"), should_stop=lambda: True)
    folder = store.find("busy")
    with folder.training():
        for arguments in (["models", "--delete", "busy"], ["train", "--resume"]):
            assert main(arguments) == 1
            assert "busy is being trained by another program" in capsys.readouterr().err
    assert store.find("busy").id == folder.id

    def finish(directory, name):  # meanwhile, as the data are loaded
        bundle.update(folder.path / "model.json", {"finished": True})
        return digits

    monkeypatch.setattr("ganmnist.cli.main.load", finish)
    assert main(["train", "--resume"]) == 2
    assert "the training of busy is finished" in capsys.readouterr().err
    assert main(["models", "--delete", "busy"]) == 0


def test_a_training_under_somebody_elses_name_says_before_and_after_what_it_is_called(say, shared_home):
    theirs = ModelStore(shared_home).find("first").path
    (theirs / "belongs_to.json").write_text('{"owner": "anna"}')
    try:
        status, output, errors = say("train", "--model", "first", *SMALL)
    finally:
        (theirs / "belongs_to.json").unlink()
    assert status == 0, errors
    assert "There is a model first of somebody else's: it stays, and the new one will be called first-1" in errors
    assert "trained first-1: ganmnist generate --model first-1" in output
    assert say("models", "--delete", "first-1")[0] == 0


def test_a_model_goes_to_a_file_and_comes_back(say, tmp_path, shared_home):
    path = tmp_path / "first.ganmnist"
    status, output, errors = say("models", "export", "FIRST", "--out", str(path))
    assert status == 0, errors
    assert output == f"first written to {path}: ganmnist models import {path}\n"
    _, output, errors = say("models", "import", str(path))
    assert output.startswith("imported as first-1: ganmnist generate --model first-1")
    assert errors == "There is a model first: it stays, and this one is called first-1.\n"
    came = json.loads(say("models", "import", str(path), "--name", "again", "--json")[1])
    assert (came["name"], came["step"]) == ("again", 4)
    drawn = [Sampler.load(ModelStore(shared_home).find(name)).sample() for name in ("first", "first-1", "again")]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    np.testing.assert_array_equal(drawn[0], drawn[2])
    for name in ("first-1", "again"):
        assert say("models", "--delete", name)[0] == 0


def test_what_is_no_model_file_is_refused_in_a_line(say, tmp_path):
    (tmp_path / "a.ganmnist").write_bytes(b"no model")
    for arguments, status, word in (
        (["import", str(tmp_path / "a.ganmnist")], 1, "a.ganmnist: is a text, and no model"),
        (["import", str(tmp_path / "b.ganmnist")], 1, "b.ganmnist"),
        (["import", str(tmp_path / "a.ganmnist"), "--name", "bundled"], 2, "choose another"),
        (["export", "first", "--out", str(tmp_path / "a.zip")], 2, ".ganmnist"),
        (["export", "nobody", "--out", str(tmp_path / "c.ganmnist")], 1, "nobody"),
    ):
        found, output, errors = say("models", *arguments)
        assert (found, output) == (status, "")
        assert word in errors
    assert not (tmp_path / "c.ganmnist").exists()


def test_data_in_brackets_are_shown_as_they_are_called(home, monkeypatch, capsys, digits, short):
    train(replace(digits, name="[/x]"), short, ModelStore(home).new("one"), should_stop=lambda: True)
    assert main(["models"]) == 0
    assert "[/x]" in capsys.readouterr().out


def test_show_takes_the_networks_and_the_settings_of_a_model(say):
    shown = json.loads(say("networks", "show", "--model", "FIRST", "--json")[1])
    assert (shown["preset"], shown["batch_size"]) == ("fast", 64)
    assert shown["networks"] == json.loads(PRESETS["fast"].networks.to_text())
    assert say("networks", "show", "--model", "second")[0] == 1


def test_networks_of_ones_own_are_trained_as_the_options_say(say, tmp_path, shared_home, class_conditional):
    """A file may also say how it is to be trained, as the Model component's text does; options come before it."""
    path = tmp_path / "gan.json"
    path.write_text(f'{{"loss": "hinge", "r1": 2, "networks": {class_conditional.to_text()}}}', encoding="utf-8-sig")
    options = ["--networks", str(path), "--preset", "fast", "--r1", "0.25", "--images", "64", "--epochs", "1"]
    status, output, errors = say("train", "--model", "class_conditional", *options, "--json")
    assert status == 0, errors
    assert "no BatchNorm" not in errors  # there is nothing to remark
    assert json.loads(output)["preset"] is None
    manifest = ModelStore(shared_home).find("class_conditional").manifest()
    assert manifest.networks == class_conditional
    settings = manifest.settings
    assert (settings.preset, settings.loss, settings.r1, settings.epochs) == ("fast", "hinge", 0.25, 1)
    assert say("generate", "--model", "class_conditional", "--digit", "9", "--out", str(tmp_path / "9.png"))[0] == 0
    assert say("models", "--delete", "class_conditional")[0] == 0


def test_what_is_likely_to_train_badly_is_said_before_it_trains(say, tmp_path, tiny):
    (tmp_path / "tiny.json").write_text(tiny.to_text(), encoding="utf-8")
    options = ["--networks", str(tmp_path / "tiny.json"), "--loss", "wasserstein", "--images", "64", "--epochs", "1"]
    status, output, errors = say("train", "--model", "rough", *options, "--batch-size", "64")
    assert status == 0, errors
    assert "layer 2 BatchNorm" in errors
    assert "BatchNorm" not in output
    assert say("models", "--delete", "rough")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["train", "--epochs", "0"], "epochs"),
        (["train", "--epochs", "many"], "--epochs"),
        (["train", "--learning-rate", "nan"], "learning_rate"),
        (["train", "--preset", "huge"], "--preset"),
        (["train", "--loss", "absolute"], "--loss"),
        (["train", "--loss", "hinge", "--label-smoothing", "0.1"], "label_smoothing"),
        (["train", "--r1", "-1"], "r1"),
        (["train", "--networks", "nowhere.json"], "nowhere.json"),
        (["train", "--seconds", "0"], "seconds"),
        (["train", "--model", "a/b"], "model"),
        (["train", "--model", "bundled"], "choose another"),
        (["train", "--resume"], "no training was cut short"),
        (["generate", "--count", "0", "--out", "x.png"], "count"),
        (["generate", "--digit", "10", "--out", "x.png"], "digit"),
        (["generate", "--latent", "11", "--out", "x.png"], "latent"),
        (["generate", "--cell", "-1", "--out", "x.png"], "cell"),
        (["generate", "--scale", "0", "--out", "x.png"], "must be from 1 to 64, got 0"),
        (["generate", "--scale", "2", "--out", "x.obj"], "scale: is of pictures, and .obj is none"),
        (["film", "--scale", "2", "--out", "x.obj"], "scale: is of pictures, and .obj is none"),
        (["generate", "--count", "90000", "--scale", "2", "--out", "x.png"], "choose 1 at most"),
        (["generate", "--count", "1000", "--scale", "64", "--out", "x.gif"], "choose 13 at most"),
        (["train", "--out", "x.webp"], "x.webp"),
        (["generate", "--boldness", "3", "--out", "x.png"], "truncation: "),
        (["generate", "--boldness", "1", "--truncation", "1", "--out", "x.png"], "leave out boldness"),
        (["generate", "--form", "cubes", "--out", "x.png"], "--form"),
        (["generate", "--out", "x.webp"], "x.webp"),
        (["generate"], "--out"),
        (["data", "--out", "x.webp"], "x.webp"),
        (["evaluate", "--count", "-5"], "count"),
        (["networks"], "command"),
        (["networks", "show", "--preset", "fast", "--model", "bundled"], "--model"),
        (["networks", "show", "--model", "bundled", "--networks", "x.json"], "--networks"),
        (["networks", "show", "--latent-dim", "0"], "latent_dim"),
        (["networks", "show", "--out", "x.png"], "x.png"),
        (["networks", "walk"], "--out"),
        (["networks", "walk", "--out", "x.npy"], "x.npy"),
        (["networks", "walk", "--digit", "10", "--out", "x.png"], "digit"),
        (["networks", "walk", "--maps", "0", "--out", "x.png"], "maps"),
        (["networks", "walk", "--form", "images", "--out", "x.obj"], "form"),
        (["train", "--epoch-s", "3"], "--epoch-s"),
        (["paint"], "paint"),
    ],
)
def test_misuse_ends_with_2_and_a_line_that_names_the_option(say, arguments, word):
    status, output, errors = say(*arguments)
    assert status == 2
    assert output == ""
    assert word in errors.strip().splitlines()[-1]
    assert "Traceback" not in errors


def test_misuse_of_a_real_process_is_one_line(home, folder):
    done = run("train", "--batch-size", "1", home=home, data=folder)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("ganmnist: batch_size")
    assert not (home / "models").exists()


def test_a_model_that_is_not_there_ends_with_1_and_lists_those_that_are(say, tmp_path):
    status, _, errors = say("generate", "--model", "second", "--out", str(tmp_path / "x.png"))
    assert status == 1
    assert "second" in errors
    assert "first" in errors


def test_a_finished_training_is_not_begun_anew_by_resuming_it(say, shared_home):
    before = ModelStore(shared_home).find("first").manifest()
    status, _, errors = say("train", "--resume", "--model", "first")
    assert status == 2
    assert "finished" in errors
    assert ModelStore(shared_home).find("first").manifest() == before


def test_a_training_whose_checkpoints_are_gone_is_not_begun_anew(say, home):
    manifest, weights = ModelStore(home).find(BUNDLED).load()
    folder = ModelStore(home).new("cut")
    folder.publish(manifest.model_copy(update={"id": folder.id, "name": "cut", "finished": False}), weights)
    status, _, errors = say("train", "--resume", "--model", "cut")
    assert status == 2
    assert "the checkpoints of cut are gone" in errors.replace("\n", " ")


@pytest.mark.skipif(os.name != "posix", reason="Windows sends no SIGINT to one process")
def test_an_interrupt_keeps_the_model_and_resuming_finishes_it(home, folder):
    options = ["--model", "mine", "--images", "64", "--batch-size", "8", "--epochs", "15", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ganmnist", "train", *options],
        env=environment(home, folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    store = ModelStore(home)
    while len(store.list()) == len(ALL_BUNDLED):
        assert process.poll() is None, process.communicate()
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    stopped = json.loads(output)
    assert stopped["name"] == "mine"
    assert not stopped["finished"]
    assert 0 < stopped["step"] < 120

    done = run("train", "--resume", "--json", home=home, data=folder)
    assert done.returncode == 0, done.stderr
    finished = json.loads(done.stdout)
    assert finished["id"] == stopped["id"]
    assert (finished["step"], finished["epoch"], finished["finished"]) == (120, 15, True)
    assert finished["seconds"] > stopped["seconds"]


def test_a_training_of_so_many_steps_has_as_many(say):
    options = ["--preset", "unconditional", "--images", "64", "--batch-size", "8", "--steps", "3", "--json"]
    status, output, _ = say("train", *options)
    model = json.loads(output)
    assert (status, model["step"], model["finished"]) == (0, 3, True)


def test_resuming_uses_up_what_is_left_of_a_budget_in_seconds(home, folder, monkeypatch, capsys, digits, short):
    monkeypatch.setenv("GANMNIST_DATA", str(folder))
    timed = short.model_copy(update={"epochs": None, "seconds": 1.0})
    left = ModelStore(home).new("timed")
    train(replace(digits, name=folder.name), timed, left, should_stop=lambda: True)
    assert not left.manifest().finished
    assert main(["train", "--resume", "--json"]) == 0
    finished = json.loads(capsys.readouterr().out)
    assert (finished["id"], finished["finished"]) == (left.id, True)
    assert finished["step"] > 1
    assert finished["seconds"] >= 1


def test_invert_prints_the_digit_and_draws_it_beside_what_was_read(tmp_path, monkeypatch, capsys):
    from PIL import Image

    monkeypatch.setenv("GANMNIST_HOME", str(tmp_path))
    sheet = Image.new("L", (90, 120), 255)
    sheet.paste(0, (40, 20, 50, 100))
    sheet.save(tmp_path / "one.png")
    arguments = ["invert", str(tmp_path / "one.png"), "--digit", "1", "--out", str(tmp_path / "found.png")]
    assert main(arguments) == 0
    assert "one.png: a 1, slant" in capsys.readouterr().out
    assert main(["invert", str(tmp_path / "one.png"), "--digit", "8", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["digit"], found["class_name"], found["sure"]) == (8, "8", False)
    assert found["likeness"] < 0.95
    assert "not surely what is drawn" in found["remarks"][0]
    assert main(["invert", str(tmp_path / "one.png"), "--digit", "8"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert "one.png: perhaps a 8, slant" in first
    assert second == found["remarks"][0]
    with Image.open(tmp_path / "found.png") as found:
        assert found.width == 2 * found.height
