"""`torchrun -m ganmnist train`: one word, one model, whatever becomes of its processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

from ganmnist.cli.main import main
from ganmnist.models.store import ModelStore

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="Windows sends no signals")]

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def torchrun(home, tmp_path, monkeypatch, digits):
    """Start two processes of a command on a folder of pictures: torchrun(...) -> torchrun's own process."""
    for number, image in enumerate(digits.train_images[:64]):
        path = tmp_path / "own" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    monkeypatch.setenv("GANMNIST_DATA", str(tmp_path / "own"))
    started: list[subprocess.Popen] = []

    def torchrun(*arguments: str) -> subprocess.Popen:
        program = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        process = subprocess.Popen(
            [*program, "-m", "ganmnist", *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
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
            process.communicate(timeout=40)


def second(process: subprocess.Popen) -> psutil.Process:
    """Return the second process that torchrun has started."""
    (found,) = (child for child in psutil.Process(process.pid).children() if child.environ().get("RANK") == "1")
    return found


def wait_until(process: subprocess.Popen, reached) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_training_of_two_processes_says_one_word_survives_them_and_ends_in_one(
    torchrun, home, tiny, tmp_path, capsys
):
    (tmp_path / "tiny.json").write_text(tiny.to_text())
    store = ModelStore(home)

    def step() -> int:
        return next((model.step for model in store.list() if model.name == "two"), 0)

    settings = ["--networks", str(tmp_path / "tiny.json"), "--batch-size", "8", "--steps", "4000"]
    process = torchrun("train", "--model", "two", "--json", *settings)
    wait_until(process, step)
    second(process).send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    stopped = json.loads(output)  # of one process
    assert (stopped["name"], stopped["step"], stopped["finished"]) == ("two", step(), False)

    process = torchrun("train", "--resume", "--model", "two")
    wait_until(process, lambda: step() > stopped["step"])
    second(process).kill()
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (1, "")
    assert errors.count("ganmnist: another process of this training has ended") == 1

    assert main(["train", "--resume", "--model", "two", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["step"] == 4000
    assert store.find("two").manifest().finished


def test_what_is_wrong_with_the_settings_is_said_once(torchrun, home):
    process = torchrun("train", "--model", "none", "--batch-size", "7")
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (1, "")
    assert errors.count("ganmnist: batch_size: 7 images cannot be divided evenly among 2 processes") == 1
    assert errors.count("ganmnist: ") == 1
    assert [model.name for model in ModelStore(home).list()] == ["bundled"]
