"""`ganmnist data`: images of one's own are described, imported by name, listed, learned from and deleted."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from ganmnist.cli.main import main


@pytest.fixture
def say(tmp_path, monkeypatch, capsys):
    """Run a command in a home of its own: say(...) -> status, output, errors."""
    monkeypatch.setenv("GANMNIST_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GANMNIST_DATA", raising=False)

    def say(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        output, errors = capsys.readouterr()
        return status, output, errors

    return say


def test_a_csv_file_is_data_to_train_on(say, tmp_path, digits):
    path = tmp_path / "digits.csv"
    rows = np.column_stack([digits.train_labels[:64], digits.train_images[:64].reshape(64, 784)])
    np.savetxt(path, rows, "%d", ",")
    described = json.loads(say("data", "--directory", str(path), "--json")[1])
    assert (described["name"], described["train"], described["test"]) == ("digits.csv", 64, 0)
    options = ["--batch-size", "16", "--epochs", "1", "--json"]
    trained = json.loads(say("train", "--directory", str(path), "--model", "lines", *options)[1])
    assert (trained["data"], trained["step"]) == ("digits.csv", 4)


def test_a_data_set_is_imported_listed_learned_from_and_deleted_by_its_name(say, tmp_path, digits):
    for name, count in (("ash", 9), ("oak", 25)):
        for number in range(count):
            (tmp_path / "trees" / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(digits.train_images[number]).save(tmp_path / "trees" / name / f"{number}.png")
    _, sentence, _ = say("data", "import", str(tmp_path / "trees"))
    assert sentence.splitlines()[0] == "imported as trees: ganmnist train --data trees"
    assert "  ash: 9, oak: 25" in sentence.splitlines()
    (listed,) = json.loads(say("data", "list", "--json")[1])
    assert (listed["name"], listed["source"], listed["train"]) == ("trees", str(tmp_path / "trees"), 32)
    (tmp_path / "other").mkdir()
    (tmp_path / "trees").rename(tmp_path / "other" / "trees")
    _, sentence, warned = say("data", "import", str(tmp_path / "other" / "trees"))
    assert sentence.startswith("imported as trees-2: ")
    assert f"trees is another data set, from {tmp_path / 'trees'}: this one is called trees-2." in warned
    assert say("data", "delete", "trees-2")[0] == 0
    options = ["--batch-size", "16", "--epochs", "1", "--json"]
    trained = json.loads(say("train", "--data", "TREES", "--model", "forest", *options)[1])
    assert (trained["data"], trained["step"]) == ("trees", 2)
    few = say("evaluate", "--model", "forest")[2]  # compared with what it learned from
    assert few == (
        "ganmnist: trees: 32 training and 2 test images are too few to compare with, expected at least 129 to test "
        "with or 258 to train with: import more pictures, 300 or more in all\n"
    )
    assert "not both" in say("train", "--data", "trees", "--directory", str(tmp_path))[2]
    assert say("data", "delete", "trees")[1] == "deleted trees\n"
    assert say("data", "list")[1] == "none yet: ganmnist data import FOLDER\n"
    assert "no data set trees" in say("train", "--data", "trees")[2]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["no-such-place"], "no-such-place"),
        (["no-such-place", "--name", "a b"], "name: "),
        ([".", "--name", "MNIST"], "MNIST"),
    ],
)
def test_what_cannot_be_imported_is_refused_in_a_sentence(say, arguments, word):
    status, output, errors = say("data", "import", *arguments)
    assert status in (1, 2)
    assert output == ""
    assert word in errors


def test_a_folder_without_data_ends_with_1_and_names_it(say, tmp_path):
    status, _, errors = say("data", "--directory", str(tmp_path))
    assert status == 1
    assert str(tmp_path) in errors.replace("\n", "")
