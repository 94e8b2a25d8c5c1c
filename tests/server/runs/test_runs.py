"""Runs as users live them: real server processes, real training processes, and what is left when one is killed."""

import json
import os
import signal
import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from bridge_server.runs.progress import last_tick
from bridge_server.runs.store import RunStore

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server()


@pytest.mark.parametrize("mock", [True, False])
def test_twenty_identical_clicks_make_one_run(start_server, endless, mock):
    server = start_server(mock=mock)
    answers = []
    gate = threading.Barrier(20)

    def click(rhino):
        gate.wait()
        answers.append(server.call("POST", "/api/runs", {"model": "clicks", **endless}, {"X-Client-Id": rhino}))

    threads = [threading.Thread(target=click, args=[str(number)]) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for status, _ in answers) == [200] * 19 + [201]
    assert len({run["id"] for _, run in answers}) == 1
    assert len(server.call("GET", "/api/runs")[1]["runs"]) == 1
    assert server.start_run(model="CLICKS", **endless)["id"] == answers[0][1]["id"], "names have no case"


def test_runs_wait_for_each_other_and_stop_wherever_they_are(server, endless):
    first, second, third = (server.start_run(**endless) for _ in range(3))
    assert [run["model"] for run in (first, second, third)] == ["digits-1", "digits-2", "digits-3"]
    server.wait_for_step(first["id"])
    assert server.call("GET", f"/api/runs/{third['id']}")[1]["text"] == "2nd in the queue", "budgets in epochs"
    assert len(server.trainers()) == 1

    stopped = server.call("POST", f"/api/runs/{second['id']}/stop")[1]
    assert stopped["state"] == "stopped"
    assert server.call("GET", f"/api/runs/{third['id']}")[1]["place"] == 1

    pressed = time.monotonic()
    assert server.call("POST", f"/api/runs/{first['id']}/stop")[1]["text"] in ("stopping", "stopped at epoch 1/10000")
    server.wait_for_run(first["id"], "stopped", seconds=5)
    assert time.monotonic() - pressed < 5
    # What was trained can be used, though it is not finished.
    model = server.call("GET", "/api/models/digits-1")[1]
    assert (model["id"], model["finished"]) == (first["id"], False)

    server.wait_for_run(third["id"], "running")
    server.call("POST", f"/api/runs/{third['id']}/stop")  # while it is still getting ready
    server.wait_for_run(third["id"], "stopped", seconds=5)
    assert not server.trainers()


def test_with_two_slots_two_train_at_once_and_a_killed_trainer_frees_its_slot(start_server, endless):
    server = start_server(options=("--slots", "2"))
    long = {**endless, "seconds": 3600}
    first, second, third, fourth = (server.start_run(**long) for _ in range(4))
    for run in (first, second):
        server.wait_for_step(run["id"])
    assert len(server.trainers()) == 2
    queue = server.call("GET", "/api/queue")[1]
    assert (queue["slots"], [place["place"] for place in queue["places"]]) == (2, [None, None, 1, 2])
    assert queue["places"][2]["text"] == "1st in the queue, about 60 minutes"
    steps = [server.call("GET", f"/api/runs/{run['id']}")[1]["step"] for run in (first, second)]
    for run, step in zip((first, second), steps, strict=True):
        server.wait_for_step(run["id"], step + 1)  # neither waits for the other

    max(server.trainers(), key=lambda trainer: trainer.create_time()).kill()
    cut = server.wait_for_run(second["id"], "interrupted", seconds=5)
    assert cut["reason"] == "killed"
    server.wait_for_run(third["id"], "running")
    assert server.call("GET", f"/api/runs/{first['id']}")[1]["state"] == "running"
    resumed = server.call("POST", f"/api/runs/{second['id']}/resume")[1]
    assert resumed["place"] == 2, "behind those that wait"
    assert server.call("POST", f"/api/runs/{fourth['id']}/stop")[1]["state"] == "stopped"
    assert server.call("GET", f"/api/runs/{second['id']}")[1]["place"] == 1
    assert server.stop() == 0
    assert not [line for line in server.output().splitlines() if "Traceback" in line]


def test_a_trainer_that_does_not_listen_is_killed_in_time(server, endless):
    run = server.start_run(model="deaf", **endless)
    server.wait_for_step(run["id"])
    server.trainers()[0].suspend()
    pressed = time.monotonic()
    server.call("POST", f"/api/runs/{run['id']}/stop")
    server.wait_for_run(run["id"], "stopped", seconds=5.5)
    assert time.monotonic() - pressed < 5


def test_a_killed_trainer_is_told_at_once_and_its_run_goes_on(server, short):
    run = server.start_run(model="victim", **{**short, "epochs": 10_000})
    server.wait_for_step(run["id"])
    server.trainers()[0].kill()
    killed = time.monotonic()
    cut = server.wait_for_run(run["id"], "interrupted", seconds=2)
    assert time.monotonic() - killed < 2
    assert cut["reason"] == "killed"
    assert "Resume" in cut["problem"]
    status, resumed = server.call("POST", f"/api/runs/{run['id']}/resume")
    assert (status, resumed["id"], resumed["problem"]) == (200, run["id"], None)
    server.wait_for_run(run["id"], "running")
    server.wait_for_step(run["id"])
    server.call("POST", f"/api/runs/{run['id']}/stop")
    server.wait_for_run(run["id"], "stopped", seconds=5)


def test_a_training_waits_for_an_orphan_that_still_saves_in_its_folder(server, short):
    """Two of them would write over each other."""
    run = server.start_run(model="orphaned", **{**short, "epochs": 10_000})
    server.wait_for_step(run["id"])
    server.trainers()[0].kill()
    before = server.wait_for_run(run["id"], "interrupted")
    folder = server.home / "models" / run["id"]
    last = last_tick(folder).tick
    with FileLock(folder / "worker.lock"):
        server.call("POST", f"/api/runs/{run['id']}/resume")
        server.wait_for_run(run["id"], "running")
        time.sleep(2.5)  # by then it would have said that it loads data
        assert last_tick(folder).tick == last
    server.wait_for_step(run["id"], before["step"] + 1)
    server.call("POST", f"/api/runs/{run['id']}/stop")
    server.wait_for_run(run["id"], "stopped", seconds=5)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_trainer_that_crashes_is_told_from_one_that_was_killed(server, endless):
    run = server.start_run(model="crash", **endless)
    server.wait_for_step(run["id"])
    server.trainers()[0].send_signal(signal.SIGSEGV)
    assert server.wait_for_run(run["id"], "interrupted", seconds=5)["reason"] == "crashed"


@pytest.mark.skipif(not hasattr(psutil, "RLIMIT_AS"), reason="no limit on memory can be set for another process here")
def test_a_trainer_that_is_refused_memory_says_so(server, endless):
    run = server.start_run(model="hungry", **endless)
    server.wait_for_step(run["id"])
    server.trainers()[0].rlimit(psutil.RLIMIT_AS, (1 << 20, 1 << 20))
    limited = time.monotonic()
    cut = server.wait_for_run(run["id"], "interrupted", seconds=90)
    assert cut["reason"] == "out_of_memory", cut
    assert "Close other programs, then resume" in cut["problem"]
    print(f"noticed {time.monotonic() - limited:.2f} s after the limit was set")


@pytest.fixture
def cramped():
    """The file that takes a process into a group whose memory is less than a trainer needs."""
    group = Path("/sys/fs/cgroup/memory/ganmnist-test")
    try:
        group.mkdir()
    except OSError:
        pytest.skip("no memory group of Linux can be made here")
    (group / "memory.limit_in_bytes").write_text(str(60 << 20))
    yield group / "cgroup.procs"
    group.rmdir()


def test_a_trainer_that_the_system_kills_for_its_memory_is_told_from_one_that_somebody_killed(server, endless, cramped):
    run = server.start_run(model="killed-for-memory", **endless)
    while not server.trainers():
        time.sleep(0.01)
    cramped.write_text(str(server.trainers()[0].pid))  # before torch is there
    cut = server.wait_for_run(run["id"], "interrupted", seconds=30)
    assert cut["reason"] == "out_of_memory", cut


def test_a_training_that_cannot_be_fails_with_the_librarys_sentence(server, short):
    run = server.start_run(model="greedy", **{**short, "images": 20, "batch_size": 32})
    failed = server.wait_for_run(run["id"], "failed")
    assert failed["reason"] == "data"
    assert "20 images are fewer than one batch of 32" in failed["problem"]
    assert failed["text"] == "failed"


def test_a_killed_server_leaves_no_orphan_and_the_run_is_offered_after_the_restart(start_server, endless):
    server = start_server()
    run = server.start_run(model="survivor", **endless)
    waiting = server.start_run(model="next", **endless)
    before = server.wait_for_step(run["id"])
    (trainer,) = server.trainers()
    server.kill()
    server.wait_for_end(trainer)

    again = start_server(home=server.home)
    cut = again.call("GET", f"/api/runs/{run['id']}")[1]
    assert (cut["state"], cut["reason"]) == ("interrupted", "server_stopped")
    assert cut["step"] >= before["step"]
    again.wait_for_run(waiting["id"], "running")  # what was queued needs no second press
    again.call("POST", f"/api/runs/{waiting['id']}/stop")
    again.call("POST", f"/api/runs/{run['id']}/resume")
    assert again.wait_for_step(run["id"], cut["step"] + 1)["state"] == "running"  # not from the beginning
    assert again.call("GET", f"/api/runs/{run['id']}/progress?since=1")[1]["loss_d"]


def test_a_server_that_leaves_keeps_what_was_trained(start_server, endless):
    server = start_server()
    run = server.start_run(model="kept", **endless)
    server.wait_for_step(run["id"])
    (trainer,) = server.trainers()
    assert server.stop() == 0
    server.wait_for_end(trainer, 0.1)
    again = start_server(home=server.home)
    cut = again.call("GET", f"/api/runs/{run['id']}")[1]
    assert (cut["state"], cut["reason"]) == ("interrupted", "server_stopped")
    assert again.call("POST", "/api/generate", {"model": "kept", "form": "images"})[1]["step"] == cut["step"]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_volley_of_signals_ends_a_trainer_as_one_does(server, endless):
    """Linux sends the death signal of a parent once for every thread that the parent had."""
    run = server.start_run(model="volley", **endless)
    server.wait_for_step(run["id"])
    (trainer,) = server.trainers()
    for _ in range(300):
        with suppress(psutil.NoSuchProcess):
            trainer.terminate()
    cut = server.wait_for_run(run["id"], "interrupted", seconds=15)  # other tests may run beside
    assert cut["reason"] == "killed"


def test_runs_of_an_earlier_version_are_listed_as_they_were(start_server, tmp_path):
    """Its settings knew no loss, and its trainings no bound on memory."""
    wide = {"layer": "Conv2D", "filters": 256, "kernel": 1, "stride": 1, "padding": "same", "bias": True}
    image = [{"layer": "Dense", "units": 784, "bias": True}, {"layer": "Reshape", "shape": [1, 28, 28]}]
    one = {"layer": "Dense", "units": 1, "bias": True}
    networks = {
        "latent_dim": 100,
        "classes": 0,
        "generator": {"layers": [*image, *[wide] * 5, {**wide, "filters": 1}]},
        "discriminator": {"layers": [{"layer": "Flatten"}, one]},
    }
    settings = {"images": None, "preset": "fast", "networks": None, "epochs": None, "seconds": None}
    settings |= {"batch_size": None, "learning_rate": None, "beta1": None, "seed": 0}
    rows = [
        ("0" * 16, "plain", "succeeded", settings),
        ("1" * 16, "waiting", "queued", {**settings, "seconds": 0.5, "images": 96}),
        ("2" * 16, "huge", "interrupted", {**settings, "networks": networks, "epochs": 3, "batch_size": 1024}),
    ]
    home = tmp_path / "old"
    home.mkdir()
    RunStore(home / "runs.sqlite").close()
    with sqlite3.connect(home / "runs.sqlite") as database:
        for turn, (id, model, state, stored) in enumerate(rows):
            database.execute(
                "INSERT INTO runs (id, model, state, settings, created, turn) VALUES (?, ?, ?, ?, ?, ?)",
                (id, model, state, json.dumps(stored, separators=(",", ":")), f"2025-01-0{turn + 1}", turn),
            )
    database.close()

    server = start_server(home=home)
    runs = {run["model"]: run for run in server.call("GET", "/api/runs")[1]["runs"]}
    assert (runs["plain"]["state"], runs["plain"]["settings"]["preset"]) == ("succeeded", "fast")
    assert (runs["plain"]["settings"]["loss"], runs["plain"]["epochs"]) == (None, None)
    assert runs["huge"]["epochs"] == 3
    assert runs["huge"]["settings"]["networks"]["generator"]["layers"][2]["filters"] == 256
    server.wait_for_run("1" * 16, "succeeded")
    assert server.call("GET", "/api/models/waiting")[1]["preset"] == "fast"
    assert server.call("POST", f"/api/runs/{'2' * 16}/resume")[0] == 409  # it has no folder
