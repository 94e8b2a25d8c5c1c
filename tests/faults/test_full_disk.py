"""A disk that fills while a model trains: noticed, said, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
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


STARTS = """
import io, json, os, pathlib, subprocess, sys, time, urllib.request
import numpy as np
home = pathlib.Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=230m", "none", home], check=True)
os.chdir(home)

def serve():
    command = [sys.executable, "-m", "bridge_server", "serve", "--port", "0", "--data-dir", home]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert "is ready" in process.stdout.readline(), process.wait()
    return process

def call(method, path, body=None):
    found = json.loads((home / "server.json").read_text())
    headers = {"Authorization": "Bearer " + found["token"], "Content-Type": "application/octet-stream"}
    with urllib.request.urlopen(urllib.request.Request(found["url"] + path, body, headers, method=method)) as answer:
        return json.load(answer)

def end(process):
    process.terminate()
    process.wait()

process = serve()
try:
    assert (home / "reserve").stat().st_size == 4_000_000
    file = io.BytesIO()
    np.savez(file, x_train=np.random.default_rng(1).integers(0, 256, (200, 28, 28), np.uint8))
    call("POST", "/api/datasets/file?file=larch.npz", file.getvalue())
    while (larch := call("GET", "/api/datasets/larch"))["state"] == "preparing":
        time.sleep(0.1)
    assert larch["state"] == "ready", larch
    end(process)

    filler = os.open("filler", os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(filler, bytes(4096)):
            pass
    except OSError as full:
        print(full)
    os.close(filler)
    process = serve()
    assert not (home / "reserve").exists()
    call("DELETE", "/api/datasets/larch")
    assert not (home / "datasets" / "larch").exists()
    end(process)

    (home / "filler").unlink()
    process = serve()
    assert (home / "reserve").exists()
finally:
    end(process)
"""


def run_in_namespace(*command):
    return subprocess.run(["unshare", "-rm", *command], capture_output=True, text=True, timeout=100)


def test_a_server_starts_on_a_disk_that_filled_and_data_are_deleted_through_it(tmp_path):
    done = run_in_namespace(sys.executable, "-c", STARTS, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No space left" in done.stdout


def test_a_first_start_on_a_full_disk_says_which_it_is(tmp_path):
    script = """
        mount -t tmpfs -o size=1m none "$1" && cat /dev/zero > "$1/filler" 2>/dev/null
        "$2" -m bridge_server serve --port 0 --data-dir "$1"
    """
    done = run_in_namespace("sh", "-c", script, "sh", tmp_path, sys.executable)
    assert done.returncode == 8, done.stdout + done.stderr
    assert done.stderr == f"ganmnist: The disk of {tmp_path} is full: make room on it, then try again.\n"
