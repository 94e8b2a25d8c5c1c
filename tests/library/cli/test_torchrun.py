"""`torchrun -m ganmnist train`: one word, one model, whatever becomes of its processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

from ganmnist.data.load import load_data
from ganmnist.models.manifest import ALL_BUNDLED
from ganmnist.models.store import ModelStore
from ganmnist.training.loop import train

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),  # three programs at once that import torch, twice
    pytest.mark.skipif(os.name != "posix", reason="Windows sends no signals"),
]

ROOT = Path(__file__).resolve().parents[3]
TWO = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "ganmnist"]


@pytest.fixture
def torchrun(home, tmp_path, monkeypatch, digits):
    """Start a command in two processes, on a folder of pictures: torchrun(...) -> torchrun's own process."""
    for number, image in enumerate(digits.train_images[:64]):
        path = tmp_path / "own" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    monkeypatch.setenv("GANMNIST_DATA", str(tmp_path / "own"))
    started: list[subprocess.Popen] = []

    def torchrun(*arguments: str, program=TWO, environment=None) -> subprocess.Popen:
        process = subprocess.Popen(
            [*program, *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield torchrun
    for process in started:
        if process.poll() is None:
            process.terminate()  # which ends its own
            try:
                process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def second(process: subprocess.Popen) -> psutil.Process:
    """Return the second process that torchrun has started."""
    (found,) = (child for child in psutil.Process(process.pid).children() if child.environ().get("RANK") == "1")
    return found


def wait_until(process: subprocess.Popen, reached) -> None:
    deadline = time.monotonic() + 120
    while not reached():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_training_of_two_processes_says_one_word_and_survives_each_of_them(torchrun, home, tiny, tmp_path, capsys):
    (tmp_path / "tiny.json").write_text(tiny.to_text())
    store = ModelStore(home)

    def step() -> int:
        return next((model.step for model in store.list() if model.name == "two"), 0)

    settings = ["--networks", str(tmp_path / "tiny.json"), "--batch-size", "8", "--steps", "100000"]
    process = torchrun("train", "--model", "two", "--json", *settings)
    wait_until(process, step)
    second(process).send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    stopped = json.loads(output)  # of one process
    assert (stopped["name"], stopped["step"], stopped["finished"]) == ("two", step(), False)

    process = torchrun("train", "--resume", "--model", "two")
    wait_until(process, lambda: step() > stopped["step"])
    second(process).kill()
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, output) == (1, "")
    assert errors.count("ganmnist: another process of this training has ended") == 1

    folder, said = store.find("two"), []
    train(load_data(), folder.manifest().settings, folder, on_progress=said.append, should_stop=lambda: True)
    assert [progress.step for progress in said] == [stopped["step"] + 1], "of what was saved nothing is lost"


def test_what_is_wrong_with_the_settings_is_said_by_the_first_alone(torchrun, home):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    program = [sys.executable, "-m", "ganmnist", "train", "--batch-size", "7"]
    processes = [
        torchrun(program=program, environment={**shared, "RANK": rank, "LOCAL_RANK": rank}) for rank in ("0", "1")
    ]
    said = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [2, 1]
    assert "ganmnist: batch_size: 7 images cannot be divided evenly among 2 processes" in said[0][1]
    assert said[1] == ("", "")
    assert [model.name for model in ModelStore(home).list()] == [*ALL_BUNDLED]
