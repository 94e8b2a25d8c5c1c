"""A disk that fills while a model trains: noticed, said, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import pytest

MEGABYTES = 250  # a training leaves 200 free


def can_mount() -> bool:
    """Tell whether a disk of our own can be made, for the server alone."""
    unshare = shutil.which("unshare")
    tried = unshare and subprocess.run(
        [unshare, "-rm", "sh", "-c", "mount -t tmpfs none /mnt"], capture_output=True, check=False
    )
    return bool(tried) and tried.returncode == 0


pytestmark = pytest.mark.skipif(not can_mount(), reason="no small disk can be made here: unshare -rm is refused")


@pytest.fixture
def server(start_server, save_seconds, tmp_path):
    """A server whose data directory is a small disk."""
    home = tmp_path / "home"
    command = f'mount -t tmpfs -o size={MEGABYTES}m none "{home}" && exec "$@"'
    return start_server(home=home, within=("unshare", "-rm", "sh", "-c", command, "sh"))


def fill(server, megabytes=None):
    """Write a file of so many megabytes, or one that leaves no byte."""
    with (server.home / "filler").open("wb") as file:
        if megabytes:
            os.posix_fallocate(file.fileno(), 0, megabytes * 1_000_000)
            return
        try:
            while True:
                file.write(bytes(1_000_000))
                file.flush()
        except OSError:
            file.close()


def make_room(server):
    (server.home / "filler").unlink()


def resume(server, id):
    return server.call("POST", f"/api/runs/{id}/resume")


def test_a_disk_that_fills_interrupts_the_training_which_goes_on_when_there_is_room(server, short):
    run = server.start_run(**{**short, "images": None, "epochs": 10_000, "model": "kept"})
    server.wait_for_step(run["id"])

    fill(server, 80)  # most of what may be used
    filled = time.monotonic()
    cut = server.wait_for_run(run["id"], "interrupted", seconds=20)
    noticed = time.monotonic() - filled
    assert cut["reason"] == "disk_full", cut
    assert "200 MB free. Make room, then resume" in cut["problem"]
    for status, answer in (resume(server, run["id"]), server.call("POST", "/api/runs", {"model": "other"})):
        assert (status, answer["error"]["code"]) == (507, "disk_full")
        assert "make room first" in answer["error"]["message"]

    make_room(server)
    assert resume(server, run["id"])[0] == 200
    on = server.wait_for_step(run["id"], cut["step"] + 1)

    fill(server)  # to the last byte: not even the end of the run can be stored
    filled = time.monotonic()
    cut = server.wait_for_run(run["id"], "interrupted", seconds=20)
    told = time.monotonic() - filled
    assert cut["reason"] == "disk_full", cut
    assert server.call("GET", "/api/health")[0] == 200
    assert server.call("GET", "/api/models/kept")[1]["id"] == run["id"]
    assert server.call("POST", "/api/generate", {"model": "kept", "form": "images"})[0] == 200

    make_room(server)
    deadline = time.monotonic() + 20
    while resume(server, run["id"])[0] != 200:
        assert time.monotonic() < deadline, "the run is not given back"
        time.sleep(0.1)
    again = server.wait_for_step(run["id"], cut["step"] + 1)
    assert again["problem"] is None, "a checkpoint was damaged"
    assert again["step"] > on["step"]
    server.call("POST", f"/api/runs/{run['id']}/stop")
    server.wait_for_run(run["id"], "stopped", seconds=20)
    print(f"noticed after {noticed:.2f} s, on a disk without a byte after {told:.2f} s")
