"""A server that is killed leaves no trainer behind, and the next one has the run within seconds."""

from __future__ import annotations

import os
import random
import time
from statistics import median

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGKILL")]


@pytest.mark.timeout(900)
def test_a_server_killed_again_and_again_leaves_no_orphan_and_has_its_run_back(start_server, short, save_seconds, long):
    server = start_server()
    run = server.start_run(**{**short, "images": None, "epochs": 10_000})
    orphaned, back = [], []
    for _ in range(25 if long else 2):
        before = server.wait_for_step(run["id"], run["step"] + 1)
        time.sleep(random.uniform(0, 0.5))
        (trainer,) = server.trainers()
        server.kill()
        killed = time.monotonic()
        server = start_server(home=server.home)
        run = server.call("GET", f"/api/runs/{run['id']}")[1]
        assert (run["state"], run["reason"]) == ("interrupted", "server_stopped")
        back.append(time.monotonic() - killed)
        assert run["step"] >= before["step"]
        server.call("POST", f"/api/runs/{run['id']}/resume")  # while the orphan may still be saving
        server.wait_for_end(trainer, killed + (5 if long else 20) - time.monotonic())  # other tests may run beside
        orphaned.append(time.monotonic() - killed)
    after = server.wait_for_step(run["id"], run["step"] + 1)
    assert after["problem"] is None, "a checkpoint was damaged"
    print(f"{len(back)} kills: run offered after {median(back):.2f} s, {max(back):.2f} s at worst;", end=" ")
    print(f"no orphan after {max(orphaned):.2f} s")
    assert max(back) < 10


def test_a_server_killed_with_several_trainings_under_way_has_them_all_back(start_server, short, save_seconds):
    server = start_server(options=("--slots", "2"))
    runs = [server.start_run(**{**short, "images": None, "epochs": 10_000}) for _ in range(3)]
    before = [server.wait_for_step(run["id"]) for run in runs[:2]]
    trainers = server.trainers()
    assert len(trainers) == 2
    server.kill()
    server = start_server(home=server.home, options=("--slots", "2"))
    server.wait_for_run(runs[2]["id"], "running")  # what was queued needs no second press
    for run, known in zip(runs, before, strict=False):
        cut = server.call("GET", f"/api/runs/{run['id']}")[1]
        assert (cut["state"], cut["reason"]) == ("interrupted", "server_stopped")
        assert cut["step"] >= known["step"]
        server.call("POST", f"/api/runs/{run['id']}/resume")
    for trainer in trainers:
        server.wait_for_end(trainer, 20)  # other tests may run beside
    again = server.wait_for_step(runs[0]["id"], before[0]["step"] + 1)
    assert again["problem"] is None, "a checkpoint was damaged"
    assert server.call("GET", f"/api/runs/{runs[1]['id']}")[1]["place"] == 1
