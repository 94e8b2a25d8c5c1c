"""What ended runs and killed processes leave on the disk goes after a day; what can go on stays."""

from __future__ import annotations

import os
import threading
import time

import pytest

from bridge_server.contract.runs import RunState
from bridge_server.runs import cleanup
from bridge_server.runs.store import FINAL, MOVES, Record
from ganmnist.config import TrainConfig

pytestmark = pytest.mark.slow

FILES = (
    *("settings.json", "worker.log", "progress.jsonl", "checkpoints/step-00000004.json", "checkpoints/a.safetensors"),
    *("film/step-00000004.json", "film/step-00000004-a.safetensors"),
)
FILM = list(FILES[-1:-3:-1])


def remove(home, runs):
    cleanup.remove(home, runs, threading.Event())


def make(home, state, *, published, hours=25.0, id="a" * 16):
    """Make the folder of a run that was last written to so many hours ago, and return folder and run."""
    folder = home / "models" / id
    for name in (*FILES, *(["model.json"] if published else [])):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"{}")
    for path in (folder, *folder.rglob("*")):
        age(path, hours)
    return folder, Record(id, "digits", state, TrainConfig(), "", 1, None, None)


def age(path, hours):
    moment = time.time() - hours * 3600
    os.utime(path, (moment, moment))


def content(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("state", sorted(FINAL))
def test_of_an_ended_run_the_model_stays_and_its_checkpoints_go(tmp_path, state):
    folder, run = make(tmp_path, state, published=True)
    remove(tmp_path, [run])
    assert content(folder) == sorted([*FILM, "model.json", "progress.jsonl", "settings.json", "worker.log"])
    remove(tmp_path, [run])


@pytest.mark.parametrize("state", sorted(FINAL))
def test_of_an_ended_run_without_a_model_nothing_stays(tmp_path, state):
    """It was never published, or a delete was cut short after the manifest."""
    folder, run = make(tmp_path, state, published=False)
    remove(tmp_path, [run])
    assert not folder.exists()


@pytest.mark.parametrize("state", sorted(MOVES.keys() - FINAL))
@pytest.mark.parametrize("published", [True, False])
def test_what_is_active_or_can_go_on_is_left_alone(tmp_path, state, published):
    folder, run = make(tmp_path, state, published=published, hours=1000)
    before = content(folder)
    remove(tmp_path, [run])
    assert content(folder) == before


@pytest.mark.parametrize("published", [True, False])
def test_for_a_day_everything_stays(tmp_path, published):
    folder, run = make(tmp_path, RunState.STOPPED, published=published, hours=1000)
    age(folder / "checkpoints" / "step-00000004.json", 23)
    before = content(folder)
    remove(tmp_path, [run])
    assert content(folder) == before


def test_the_folder_of_no_run_is_left_alone(tmp_path):
    """The command line may be training there."""
    folder, _ = make(tmp_path, RunState.STOPPED, published=False, hours=1000)
    remove(tmp_path, [])
    assert content(folder) == sorted(FILES)


def test_temporary_files_go_that_are_there_for_a_minute_however_old_the_clock_says_they_are(tmp_path, monkeypatch):
    left = [".server.json.1.tmp", "models/a/.model.json.2.tmp", "models/a/checkpoints/.s.3.tmp", "data/mnist/.t.4.tmp"]
    left += ["models/a/film/.step-00000004.json.7.tmp", "models/.b.tmp/model.json"]
    kept = ["models/a/model.json", "my own.tmp", "data/mnist/t10k.gz"]
    written, begun = tmp_path / "models" / "a" / ".written.5.tmp", tmp_path / "models" / "a" / ".begun.6.tmp"
    for path in (written, *(tmp_path / name for name in left + kept)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
        age(path, -1000)
    age(written, 1000)

    class Minute(threading.Event):
        def wait(self, seconds):
            assert seconds == 60
            written.rename(tmp_path / "models" / "a" / "written")
            begun.write_bytes(b"")
            return self.is_set()

    cleanup.remove(tmp_path, [], Minute())
    assert content(tmp_path) == sorted([*kept, "models/a/written", "models/a/.begun.6.tmp"])


def test_a_server_that_leaves_within_the_minute_removes_no_temporary_file(tmp_path):
    (tmp_path / ".launch.json.1.tmp").write_bytes(b"")
    closing = threading.Event()
    closing.set()
    cleanup.remove(tmp_path, [], closing)
    assert content(tmp_path) == [".launch.json.1.tmp"]


def test_one_that_cannot_be_removed_is_named_and_holds_up_no_other(tmp_path, monkeypatch, caplog):
    first, one = make(tmp_path, RunState.STOPPED, published=False, id="a" * 16)
    second, two = make(tmp_path, RunState.STOPPED, published=False, id="b" * 16)
    rmtree = cleanup.shutil.rmtree

    def refuse(path):
        if path == first:
            raise PermissionError(13, "Permission denied")
        rmtree(path)

    monkeypatch.setattr(cleanup.shutil, "rmtree", refuse)
    remove(tmp_path, [one, two])
    assert first.exists()
    assert not second.exists()
    assert str(first) in caplog.text


def test_a_server_that_starts_removes_what_is_left(start_server, tmp_path, short):
    server = start_server()
    run = server.start_run(**{**short, "images": 20}, model="fails")  # fewer than a batch
    server.wait_for_run(run["id"], "failed")
    server.stop()
    folder = server.home / "models" / run["id"]
    assert folder.exists()
    for path in (folder, *folder.rglob("*")):
        age(path, 25)
    start_server(home=server.home)
    deadline = time.monotonic() + 5
    while folder.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
