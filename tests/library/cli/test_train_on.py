"""`ganmnist train --start-from`, what `--resume` cannot take, and a name that is taken."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from PIL import Image

from ganmnist.cli.main import main
from ganmnist.models.store import ModelStore
from ganmnist.training.loop import train


@pytest.fixture
def say(home, tmp_path, monkeypatch, capsys, digits):
    """Run a command on a folder of pictures: say(...) -> status, output, errors in one line."""
    for number, image in enumerate(digits.train_images[:40]):
        path = tmp_path / "own" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    monkeypatch.setenv("GANMNIST_DATA", str(tmp_path / "own"))

    def say(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        output, errors = capsys.readouterr()
        return status, output, " ".join(errors.split())

    return say


def test_a_model_is_trained_on_by_its_name_as_another(say, home, digits, short):
    train(digits, short, ModelStore(home).new("first"))
    options = ["--batch-size", "8", "--epochs", "1", "--json"]
    status, output, _ = say("train", "--start-from", "First", "--model", "on", *options)
    assert status == 0
    assert (json.loads(output)["name"], json.loads(output)["step"]) == ("on", 4)
    settings = ModelStore(home).find("on").manifest().settings
    assert (settings.start_from, settings.networks) == ("first", short.networks)
    assert ModelStore(home).find("first").manifest().step == 16


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--learning-rate", "0.01"], "--learning-rate cannot"),
        (["--batch-size", "8", "--seconds", "3"], "--batch-size, --seconds cannot"),
        (["--data", "trees"], "--data cannot"),
    ],
)
def test_what_a_resume_cannot_take_is_refused_by_name(say, home, digits, short, options, names):
    train(digits, short, ModelStore(home).new("cut"), should_stop=lambda: True)
    status, output, errors = say("train", "--resume", "--model", "cut", *options)
    assert (status, output) == (2, "")
    assert names in errors
    assert "--start-from" in errors
    assert not ModelStore(home).find("cut").manifest().finished


def test_a_resume_may_go_on_on_another_device(say, home, digits, short):
    chosen = short.model_copy(update={"device": "cpu"})
    train(replace(digits, name="own"), chosen, ModelStore(home).new("cut"), should_stop=lambda: True)
    status, _, errors = say("train", "--resume", "--model", "cut", "--device", "xpu")
    assert status == 1
    assert "device: there is no xpu here" in errors
    assert say("train", "--resume", "--model", "cut", "--device", "auto")[0] == 0
    assert ModelStore(home).find("cut").manifest().finished


def test_a_finished_model_is_not_resumed_and_the_sentence_names_what_trains_it_on(say, home, digits, short):
    train(digits, short, ModelStore(home).new("done"))
    status, _, errors = say("train", "--resume", "--model", "done")
    assert status == 2
    assert "--start-from done trains it on" in errors


def test_a_name_that_is_taken_is_said_before_with_how_to_keep_it(say, home, digits, short):
    train(digits, short, ModelStore(home).new("mine"))
    options = ["--batch-size", "8", "--epochs", "1", "--start-from", "mine"]
    status, _, errors = say("train", "--model", "MINE", *options)
    assert status == 0
    assert "There is a model mine: it is kept, and called mine-1 once the new one is there" in errors
    assert sorted(model.name for model in ModelStore(home).list()) == [
        "MINE",
        "bundled",
        "bundled-unconditional",
        "mine-1",
    ]
    assert "There is a model" not in say("train", "--model", "other", *options[:4])[2]
