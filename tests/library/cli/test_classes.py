"""Classes have names on the command line, wherever one is chosen, shown or not there."""

import json

import numpy as np
import pytest
import torch

from ganmnist.cli.main import main
from ganmnist.models.store import ModelStore
from ganmnist.networks.build import build_generator
from tests.manifests import manifest_of


@pytest.fixture
def say(home, short, class_conditional, capsys):
    """Run a command where there is a model of three trees: say(...) -> status, output, errors."""
    folder = ModelStore(home).new("trees")
    networks = class_conditional.model_copy(update={"classes": 3})
    names = ("oak", "elm", "ash")
    torch.manual_seed(0)  # of some weights two classes look alike
    manifest = manifest_of(folder, networks, data="garden", class_names=names, settings=short)
    folder.publish(manifest, build_generator(networks).state_dict())

    def say(*arguments):
        try:
            status = main(arguments)
        except SystemExit as stopped:
            status = stopped.code
        written = capsys.readouterr()
        return status, written.out, written.err

    return say


def drawn(say, path, *arguments):
    """Run a command that draws with the model of trees, and return what it has drawn."""
    status, _, errors = say(*arguments, "--model", "trees", "--out", str(path))
    assert status == 0, errors
    return np.load(path, allow_pickle=False)


def test_a_class_is_drawn_by_its_name_as_by_its_number(say, tmp_path):
    out = tmp_path / "x.npy"
    for command in (["generate", "--count", "2"], ["sheet", "--rows", "1", "--columns", "3"]):
        by_name, by_number, other = (drawn(say, out, *command, "--digit", name) for name in ("Elm", "1", "2"))
        assert np.array_equal(by_name, by_number)
        assert not np.array_equal(by_name, other)
    by_name, by_number, other = (
        drawn(say, out, "between", "--digits", *ends) for ends in (("oak", "ASH"), ("0", "2"), ("0", "1"))
    )
    assert np.array_equal(by_name, by_number)
    assert not np.array_equal(by_name, other)


@pytest.mark.parametrize("command", ["generate", "sheet", "networks walk", "invert", "between --seeds 1 2"])
def test_a_class_that_is_not_there_is_refused_with_those_there_are(say, tmp_path, command):
    from PIL import Image

    sheet = Image.new("L", (40, 60), 255)
    sheet.paste(0, (15, 10, 20, 50))
    sheet.save(tmp_path / "one.png")
    what = [str(tmp_path / "one.png")] if command == "invert" else []
    option = "--digits" if command.startswith("between") else "--digit"
    out = str(tmp_path / "x.png")
    status, _, errors = say(*command.split(), *what, "--model", "trees", option, "beech", "--out", out)
    assert (status, errors) == (2, "ganmnist: digit: got beech; the model trees knows oak, elm, ash\n")


def test_the_list_of_models_says_what_their_classes_are_called(say, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    trees, bundled, _ = json.loads(say("models", "--json")[1])
    assert trees["class_names"] == ["oak", "elm", "ash"]
    assert bundled["class_names"] == list("0123456789")
    _, table, _ = say("models")
    (line,) = [line for line in table.splitlines() if "trees" in line]
    assert "oak, elm, ash" in line
    (line,) = [line for line in table.splitlines() if "bundled " in line]
    assert "0 to 9" in line


def test_the_help_says_that_a_name_chooses(say):
    for command in (["generate"], ["film"], ["sheet"], ["networks", "walk"]):
        said = " ".join(say(*command, "--help")[1].split())
        assert "the name of a class, in any case, or its number from 0" in said
        assert "A number that is a name" in said
    for command in ("invert", "between"):
        assert "by name or number" in " ".join(say(command, "--help")[1].split())
