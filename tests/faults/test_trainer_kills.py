"""A training process killed again and again loses at most what it did since its last checkpoint, and no bits."""

from __future__ import annotations

import os
import random
import time
from statistics import median

import pytest

from bridge_server.runs.progress import TickReader, last_tick
from ganmnist.storage.atomic import read_json
from ganmnist.storage.bundle import read_manifest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGKILL")]


@pytest.mark.timeout(900)
def test_a_trainer_killed_again_and_again_ends_with_the_bits_of_one_that_never_was(
    start_server, short, save_seconds, long
):
    kills, epochs = (25, 10_000) if long else (2, 80)
    settings = {**short, "images": None, "epochs": epochs, "model": "digits"}
    never, server = start_server(), start_server()
    whole, run = never.start_run(**settings), server.start_run(**settings)
    folder = server.home / "models" / run["id"]
    told, lost = [], []
    for percent in sorted(random.uniform(0, 80) for _ in range(kills)):
        wait_for_percent(server, run["id"], percent)
        time.sleep(random.uniform(0, 0.3))  # from one tick to the next
        (trainer,) = server.trainers()
        trainer.kill()
        killed = time.monotonic()
        cut = server.wait_for_run(run["id"], "interrupted", seconds=2)
        told.append(time.monotonic() - killed)
        assert cut["reason"] == "killed"
        before, saved = last_tick(folder), newest_checkpoint(folder)
        server.call("POST", f"/api/runs/{run['id']}/resume")
        assert first_step_after(server, run["id"], folder, before) >= saved["step"], "it began anew"
        lost.append(max(0.0, before.seconds - saved["seconds"]))
    server.wait_for_run(run["id"], "succeeded", seconds=300)
    never.wait_for_run(whole["id"], "succeeded", seconds=300)
    print(f"{kills} kills: told after {median(told):.2f} s, {max(told):.2f} s at worst;", end=" ")
    print(f"lost {median(lost):.2f} s, {max(lost):.2f} s at worst, of {save_seconds} s between checkpoints")
    assert max(lost) <= save_seconds + 2  # the last step and the last save may take their time
    assert weights(server, run) == weights(never, whole)


def wait_for_percent(server, id, percent):
    deadline = time.monotonic() + 120
    while (run := server.call("GET", f"/api/runs/{id}")[1])["percent"] < percent or not server.trainers():
        assert time.monotonic() < deadline, run
        assert run["state"] in ("queued", "running"), run
        time.sleep(0.02)


def newest_checkpoint(folder) -> dict:
    """Return what the newest checkpoint says of itself; before the first, the beginning of the training."""
    manifests = sorted((folder / "checkpoints").glob("step-*.json"))
    return read_manifest(manifests[-1]) if manifests else {"step": 0, "seconds": 0.0}


def first_step_after(server, id, folder, before) -> int:
    """Return one of the first steps of a training that goes on, or the last of one that was done when it was killed."""
    if before.percent == 100:
        return before.step
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for tick in TickReader(folder).since(before.tick):
            if tick.step != before.step:
                return tick.step
        time.sleep(0.05)
    raise AssertionError(server.call("GET", f"/api/runs/{id}")[1])


def weights(server, run) -> str:
    return read_json(server.home / "models" / run["id"] / "model.json")["sha256"]
