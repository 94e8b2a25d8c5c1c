"""One training over several processes: they agree in every number, and on how it ends."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ganmnist.config import TrainConfig
from ganmnist.errors import SettingError
from ganmnist.models.store import ModelStore
from ganmnist.networks.spec import ModelConfig
from ganmnist.training.loop import train
from ganmnist.training.ranks import ALONE, Ranks, joined

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

ROOT = Path(__file__).resolve().parents[3]
ENDED_AT = 5

# What each process does: all trainings in turn, of each of which it writes down all that it ended with.
PROCESS = """
import itertools, json, sys
from pathlib import Path
import numpy as np, torch
from safetensors.torch import save_file
from ganmnist.config import TrainConfig
from ganmnist.dataset import Dataset
from ganmnist.errors import GanError
from ganmnist.models.store import ModelStore
from ganmnist.training import checkpoint, loop
from ganmnist.training.ranks import joined
from ganmnist.training.step import GANTrainer

place = Path(sys.argv[1])
trainers = []

class Kept(GANTrainer):
    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        trainers.append(self)

loop.GANTrainer = Kept
images, labels = np.load(place / "images.npy"), np.load(place / "labels.npy")
with joined() as ranks:
    numbers = torch.arange(16.0).view(2, 2, 2, 2).to(memory_format=torch.channels_last) + ranks.rank
    number = torch.tensor(10.0 * (ranks.rank + 1))
    ranks.average([numbers, number])
    (place / f"mean-{ranks.rank}.json").write_text(json.dumps([numbers.tolist(), number.item(), []]))
    for name, training in json.loads((place / "trainings.json").read_text()).items():
        asked, told = itertools.count(1), []
        own = 255 - images if training.get("differs") == ranks.rank else images
        data = Dataset("synthetic-mnist", "drawn", own, labels, images[:0], labels[:0])
        folder = ModelStore(place).folder(training["folder"], name) if "folder" in training else None
        stops = training.get("stops")
        config = TrainConfig.model_validate(training["config"])
        try:
            loop.train(
                data, config, folder, ranks=ranks, on_progress=lambda progress: told.append(progress.step),
                should_stop=lambda: stops is not None and stops[0] == ranks.rank and next(asked) == stops[1],
            )
        except GanError as error:
            (place / f"{name}-{ranks.rank}.json").write_text(json.dumps([type(error).__name__, str(error), []]))
            raise SystemExit(1)
        tensors = {key: value.contiguous() for key, value in checkpoint._tensors(trainers[-1]).items()}
        del tensors["rng_state"]
        save_file(tensors, place / f"{name}-{ranks.rank}.safetensors")
        ended = [trainers[-1].step, trainers[-1].seconds, told]
        (place / f"{name}-{ranks.rank}.json").write_text(json.dumps(ended))
"""


@pytest.fixture(scope="module")
def trainings(tiny, normed) -> dict:
    """Trainings of two processes: by name what both are told."""
    short = TrainConfig(networks=tiny, epochs=2, batch_size=32, learning_rate=0.002, seed=7)
    clusters = {"layer": "LatentClusters", "clusters": 8}
    clustered = tiny.model_dump()
    clustered["generator"]["layers"] = [clusters, *clustered["generator"]["layers"]]
    configs = {
        "long": TrainConfig(networks=tiny, steps=200, batch_size=8, learning_rate=0.002),
        "penalised": TrainConfig(networks=normed, steps=20, batch_size=8, r1=0.1, loss="wasserstein"),
        "clustered": TrainConfig(networks=ModelConfig.model_validate(clustered), steps=20, batch_size=32),
        "timed": TrainConfig(networks=tiny, seconds=0.5, batch_size=8),
        "whole": short,
        "cut": short,
        "resumed": short,
        "for_one": short,
        "other": short,
    }
    more = {
        "cut": {"folder": "a" * 16, "stops": [1, ENDED_AT]},
        "resumed": {"folder": "a" * 16},
        "for_one": {"folder": "b" * 16, "stops": [0, ENDED_AT]},
        "other": {"differs": 1},  # at the end: who leads leaves
    }
    return {name: {"config": config.model_dump(mode="json"), **more.get(name, {})} for name, config in configs.items()}


@pytest.fixture(scope="module")
def ended(trainings, digits, tmp_path_factory):
    """What two processes come to: ended(name) -> for each the step, the seconds, the steps told and all tensors."""
    place = tmp_path_factory.mktemp("ranks")
    np.save(place / "images.npy", digits.train_images)
    np.save(place / "labels.npy", digits.train_labels)
    (place / "trainings.json").write_text(json.dumps(trainings))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(place)],
            env={**os.environ, **shared, "PYTHONPATH": str(ROOT), "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        said = [process.communicate(timeout=300) for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [1, 1], said

    def ended(name: str) -> list:
        found = []
        for rank in range(2):
            path = place / f"{name}-{rank}.json"
            assert path.exists(), said
            tensors = path.with_suffix(".safetensors")
            found.append((*json.loads(path.read_text()), load_file(tensors) if tensors.exists() else {}))
        return found

    ended.home = place
    return ended


def different(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> list[str]:
    assert one.keys() == other.keys()
    return [name for name in one if not torch.equal(one[name], other[name])]


@pytest.mark.parametrize(("name", "steps"), [("long", 200), ("penalised", 20), ("clustered", 20), ("whole", 16)])
def test_two_processes_agree_in_every_number_after_every_step(ended, name, steps):
    """Statistics, averages and what Adam has gathered among them."""
    (step, seconds, _, first), (other_step, other_seconds, _, second) = ended(name)
    assert (step, seconds) == (other_step, other_seconds)
    assert step == steps
    assert different(first, second) == []
    assert all(tensor.isfinite().all() for tensor in first.values())


def test_a_budget_in_seconds_ends_in_both_at_the_step_that_the_first_says(ended):
    (step, seconds, _, first), (other_step, other_seconds, _, second) = ended("timed")
    assert (step, seconds) == (other_step, other_seconds)
    assert step > 1
    assert seconds >= 0.5
    assert different(first, second) == []


def test_only_the_first_tells_of_the_training(ended):
    (_, _, told, _), (_, _, by_the_other, _) = ended("whole")
    assert told == list(range(1, 17))
    assert by_the_other == []


def test_one_that_is_told_to_stop_ends_both_and_they_go_on_to_the_same_bits(ended):
    (step, _, told, _), (other_step, *_) = ended("cut")
    assert step == other_step == told[-1] == ENDED_AT
    (_, _, told, first), (*_, second) = ended("resumed")
    assert told == list(range(ENDED_AT + 1, 17))
    (*_, whole), _ = ended("whole")
    assert different(first, whole) == different(second, whole) == []
    assert ModelStore(ended.home).find("cut").manifest().finished


def test_one_process_goes_on_with_what_two_began(ended, trainings, digits):
    folder, said = ModelStore(ended.home).find("for_one"), []
    assert folder.has_checkpoints()
    train(digits, TrainConfig.model_validate(trainings["for_one"]["config"]), folder, on_progress=said.append)
    assert [progress.step for progress in said] == list(range(ENDED_AT + 1, 17))
    assert folder.manifest().finished


def test_the_mean_of_both_is_put_into_every_tensor_however_it_lies_in_memory(ended):
    (sums, number, _, _), other = ended("mean")
    assert sums == (np.arange(16).reshape(2, 2, 2, 2) + 0.5).tolist()
    assert number == 15.0
    assert other[:2] == (sums, number)


def test_other_images_in_another_process_are_refused_by_the_first_alone(ended):
    (error, sentence, *_), (other_error, *_) = ended("other")
    assert (error, other_error) == ("DataError", "RankError")
    assert "is not the same in every process" in sentence


class Third(Ranks):
    rank, size = 2, 3


def test_a_batch_is_dealt_out_four_by_four_where_that_comes_out_even():
    """So that each has the first and the last classes of a batch that is sorted by them, and neighbours stay so."""
    assert Third().part(np.arange(24)).tolist() == [8, 9, 10, 11, 20, 21, 22, 23]
    assert Third().part(np.arange(12).reshape(2, 6)).tolist() == [[2, 5], [8, 11]]


@pytest.mark.parametrize("size", [9, 12, 24])
def test_of_a_batch_that_is_divided_nothing_is_lost(size):
    batches, parts = np.arange(2 * size).reshape(2, size), []
    for rank in range(3):
        one = Third()
        one.rank = rank
        parts.append(one.part(batches))
    assert np.sort(np.concatenate(parts, 1)).tolist() == batches.tolist()
    assert ALONE.part(batches).tolist() == batches.tolist()


@pytest.mark.parametrize(("size", "remedy"), [(32, "30 or 33 images"), (7, "6 or 9 images"), (3, "training, 6 images")])
def test_a_batch_that_cannot_be_divided_is_refused_with_those_that_can(size, remedy):
    with pytest.raises(SettingError, match=f"batch_size: {size} images cannot be divided .* {remedy}"):
        Third().validate_batch(size)
    Third().validate_batch(6)
    ALONE.validate_batch(size)


def test_every_process_draws_other_numbers_and_the_same_for_the_same_step():
    drawn = []
    with torch.random.fork_rng(devices=[]):
        for rank, step in ((1, 4), (1, 5), (2, 4), (1, 4)):
            one = Third()
            one.rank = rank
            one.draw_apart(3, step)
            drawn.append(torch.rand(2).tolist())
        before = torch.get_rng_state()
        ALONE.draw_apart(3, 4)
        assert torch.equal(torch.get_rng_state(), before), "whoever leads goes on with its own"
    assert drawn[3] == drawn[0]
    assert len({tuple(numbers) for numbers in drawn}) == 3


TORCHRUN = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"WORLD_SIZE": None}, "RANK .* WORLD_SIZE is not set: start it by torchrun"),
        ({"MASTER_ADDR": None, "MASTER_PORT": ""}, "MASTER_ADDR, MASTER_PORT are not set"),
        ({"RANK": "one"}, "RANK must be a whole number, got one"),
        ({"MASTER_PORT": "-1"}, "MASTER_PORT must be a whole number, got -1"),
        ({"RANK": "2"}, "RANK must be below WORLD_SIZE, which is 2, got 2"),
        ({"WORLD_SIZE": "0"}, "RANK must be below WORLD_SIZE"),
        ({"WORLD_SIZE": "9" * 30}, "WORLD_SIZE must be at most 512 processes, got 999"),
    ],
)
def test_an_environment_that_is_torchruns_only_in_part_is_refused(changes, says):
    environment = {name: value for name, value in {**TORCHRUN, **changes}.items() if value is not None}
    with pytest.raises(SettingError, match=says), joined(environment):
        pass


@pytest.mark.parametrize("environment", [{}, {"MASTER_ADDR": "here"}, {**TORCHRUN, "RANK": "0", "WORLD_SIZE": "1"}])
def test_one_process_is_alone_and_joins_nothing(environment):
    with joined(environment) as ranks:
        assert ranks is ALONE
        assert ranks.agree(1.5, True) == (1.5, True)
        assert ranks.share_text("as it is") == "as it is"


def test_a_torch_without_gloo_is_told_by_a_sentence(monkeypatch):
    monkeypatch.setattr("torch.distributed.is_gloo_available", lambda: False)
    with pytest.raises(SettingError, match=r"made without gloo.* train in one process"), joined(TORCHRUN):
        pass
