"""A training that was cut short goes on as if nothing had happened: to the very same bits on one thread."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from ganmnist.config import TrainConfig
from ganmnist.errors import ModelError
from ganmnist.models.store import ModelStore
from ganmnist.training import checkpoint, loop
from ganmnist.training.loop import train
from ganmnist.training.step import GANTrainer

ROOT = Path(__file__).resolve().parents[3]
TRAINER = """
import sys, time
from pathlib import Path
import numpy as np, torch
from ganmnist.training import loop as training
from ganmnist.config import TrainConfig
from ganmnist.dataset import Dataset
from ganmnist.models.store import ModelStore

torch.set_num_threads(1)
training._SAVE_SECONDS = 0.0
home, images, labels, config, id = sys.argv[1:]
images, labels = np.load(images), np.load(labels)
data = Dataset("synthetic-mnist", "drawn", images, labels, images[:0], labels[:0])

def tell(progress):
    print(progress.step, flush=True)
    if progress.step == 11:
        time.sleep(60)  # here it is killed

folder = ModelStore(Path(home)).folder(id, "digits")
training.train(data, TrainConfig.model_validate_json(config), folder, on_progress=tell)
"""


@pytest.fixture
def folder(home):
    return ModelStore(home).new("digits")


@pytest.fixture
def trainers(monkeypatch):
    """The trainers that trainings play, first to last, to look at their every tensor."""
    made: list[GANTrainer] = []

    class Kept(GANTrainer):
        def __init__(self, *given, **named):
            super().__init__(*given, **named)
            made.append(self)

    monkeypatch.setattr(loop, "GANTrainer", Kept)
    return made


@pytest.fixture
def whole(digits, short, trainers, everything) -> dict[str, torch.Tensor]:
    """Every tensor of the training that was never interrupted."""
    train(digits, short)
    return everything(trainers.pop())


def different(expected: dict[str, torch.Tensor], found: dict[str, torch.Tensor]) -> list[str]:
    assert expected.keys() == found.keys()
    return [name for name in expected if not torch.equal(expected[name], found[name])]


def after(steps: int):
    asked = itertools.count(1)
    return lambda: next(asked) == steps


@pytest.mark.parametrize("step", [1, 5, 8, 15])
def test_a_stopped_training_resumes_to_the_same_bits(digits, short, folder, trainers, whole, step, everything):
    """Step 8 is the last of its epoch."""
    said = []
    train(digits, short, folder, should_stop=after(step))
    train(digits, short, folder, on_progress=said.append)
    assert [progress.step for progress in said] == list(range(step + 1, 17))
    assert different(whole, everything(trainers[-1])) == []
    assert folder.manifest().finished


@pytest.mark.parametrize("name", ["fast", "wasserstein", "relativistic"])
def test_a_training_resumes_to_the_same_bits_whatever_is_played_for(digits, normed, folder, trainers, everything, name):
    """Step 3 of 10 is between two gradient penalties R1, which come every eighth step.

    The penalty of wasserstein draws chance in every step, and the norm of its networks moves in every step.
    """
    own = {"preset": name} if name == "fast" else {"loss": name, "networks": normed, "r1": 0.1}
    config = TrainConfig(**own, epochs=2, batch_size=8, images=40, seed=3)
    train(digits, config)
    whole = everything(trainers.pop())
    train(digits, config, folder, should_stop=after(3))
    train(digits, config, folder)
    assert different(whole, everything(trainers[-1])) == []


def test_a_budget_in_steps_gives_the_bits_of_as_many_epochs_resumed_or_not(
    digits, short, folder, trainers, whole, everything
):
    config = TrainConfig(**{**short.model_dump(), "epochs": None, "steps": 16})
    train(digits, config)
    assert different(whole, everything(trainers.pop())) == []
    train(digits, config, folder, should_stop=after(5))
    train(digits, config, folder)
    assert different(whole, everything(trainers[-1])) == []
    assert (folder.manifest().step, folder.manifest().finished) == (16, True)


def test_a_training_stopped_at_every_step_still_comes_to_the_same_bits(
    digits, short, folder, trainers, whole, everything
):
    for _ in range(16):
        train(digits, short, folder, should_stop=lambda: True)
    assert different(whole, everything(trainers[-1])) == []
    assert folder.manifest().finished


def test_a_resumed_training_counts_the_seconds_before_and_estimates_from_the_pace_of_both(digits, short, folder):
    train(digits, short, folder, should_stop=after(4))
    (path,) = folder.checkpoints.glob("*.json")
    checkpoint.bundle.update(path, {"seconds": 1000.0})
    said = []
    train(digits, short, folder, on_progress=said.append)
    assert said[0].seconds > 1000
    assert said[0].seconds_left == pytest.approx(said[0].seconds / 5 * 11)
    assert folder.manifest().seconds > 1000


def test_a_resumed_training_has_what_is_left_of_its_seconds(digits, tiny, folder):
    config = TrainConfig(networks=tiny, seconds=1000, batch_size=32)
    train(digits, config, folder, should_stop=after(2))
    (path,) = folder.checkpoints.glob("*.json")
    checkpoint.bundle.update(path, {"seconds": 999.99})
    said = []
    train(digits, config, folder, on_progress=said.append)
    assert said[-1].fraction == 1
    assert said[-1].seconds == pytest.approx(1000, abs=30)
    assert folder.manifest().finished


def test_a_damaged_checkpoint_costs_the_steps_since_the_one_before_and_no_bits(
    digits, short, folder, trainers, whole, monkeypatch, everything
):
    monkeypatch.setattr(loop, "_SAVE_SECONDS", 0.0)
    train(digits, short, folder, should_stop=after(6))
    (weights,) = folder.checkpoints.glob("step-00000006-*.safetensors")
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    said = []
    train(digits, short, folder, on_progress=said.append)
    assert said[0].step == 6
    assert different(whole, everything(trainers[-1])) == []


def test_a_training_does_not_go_on_with_other_settings(digits, short, folder):
    train(digits, short, folder, should_stop=after(3))
    other = TrainConfig(**{**short.model_dump(), "learning_rate": 0.001})
    with pytest.raises(ModelError, match="other settings"):
        train(digits, other, folder)
    assert folder.manifest().step == 3


def test_a_training_that_was_never_saved_begins_anew_under_its_own_name(
    digits, short, folder, trainers, whole, everything
):
    with pytest.raises(RuntimeError, match="pulled the plug"):
        train(digits, short, folder, on_progress=_pull_the_plug, on_preview=lambda _: time.sleep(0.3))
    assert folder.manifest().step < 4, "the evaluation that ran was not waited for"
    train(digits, short, folder)
    assert different(whole, everything(trainers[-1])) == []


def _pull_the_plug(progress):
    if progress.step == 4:
        raise RuntimeError("pulled the plug")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGKILL")
def test_a_killed_process_resumes_to_the_same_bits(digits, short, home, folder, trainers, whole, tmp_path, everything):
    np.save(tmp_path / "images.npy", digits.train_images)
    np.save(tmp_path / "labels.npy", digits.train_labels)
    files = [str(tmp_path / "images.npy"), str(tmp_path / "labels.npy")]
    arguments = [str(home), *files, short.model_dump_json(), folder.id]
    with subprocess.Popen(
        [sys.executable, "-c", TRAINER, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        told = [process.stdout.readline() for _ in range(11)]
        assert told[-1] == "11\n", process.stderr.read()
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    said = []
    train(digits, short, folder, on_progress=said.append)
    assert said[0].step == 11  # step 11 was played and not saved, so it is played again
    assert different(whole, everything(trainers[-1])) == []
    assert list(folder.checkpoints.iterdir()) == []
