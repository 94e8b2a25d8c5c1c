"""A training that is carried to a node: here the node is in this process, and its worker a real one."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from bridge_server.runs import progress
from bridge_server.runs.executors import courier, node
from bridge_server.runs.executors.base import Ended
from bridge_server.runs.executors.cluster import NodeLost
from bridge_server.runs.executors.node import About, Node, Piece, Report
from bridge_server.runs.executors.relay import Receiver
from bridge_server.runs.launcher import judge
from bridge_server.runs.progress import TickReader, TickWriter, last_tick
from bridge_server.runs.protocol import Exit
from ganmnist.config import TrainConfig
from ganmnist.data.store import DatasetStore
from ganmnist.dataset import Dataset
from ganmnist.models.manifest import ModelManifest, now
from ganmnist.models.store import ModelStore
from ganmnist.storage import bundle
from ganmnist.storage.atomic import read_json, write_json
from ganmnist.training.presets import recipe

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ID = "0123456789abcdef"
_ONE_THREAD = """
import os, sys
os.cpu_count = lambda: 1
if "bridge_server.runs.worker" in sys.orig_argv:
    import ganmnist.training.loop as training
    training._SAVE_SECONDS = 0.05
"""


@pytest.fixture
def one_thread(tmp_path, monkeypatch):
    """Trainings that save twenty times a second, on one thread, which gives the same bits."""
    habits = tmp_path / "habits"
    habits.mkdir()
    (habits / "sitecustomize.py").write_text(_ONE_THREAD)
    monkeypatch.setenv("PYTHONPATH", f"{habits}:{Path(__file__).resolve().parents[3]}")


@pytest.fixture(autouse=True)
def quick(tmp_path, monkeypatch):
    """Nodes whose folders are the test's, and that are looked at often."""
    monkeypatch.setattr(node.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(courier, "_LOOK_SECONDS", 0.02)


@pytest.fixture
def images(home):
    """A data set of 96 images."""
    import numpy as np

    chance = np.random.default_rng(0)
    pictures = chance.integers(0, 256, (96, 28, 28), np.uint8)
    labels = (np.arange(96) % 10).astype(np.uint8)
    DatasetStore(home).add(Dataset("small", "nowhere", pictures, labels, pictures, labels), "small")
    return "small"


def prepare(home: Path, settings: TrainConfig, id: str = ID) -> Path:
    folder = home / "models" / id
    folder.mkdir(parents=True)
    write_json(folder / "settings.json", {"model": "digits", "settings": settings.model_dump(mode="json")})
    return folder


class Near:
    """A cluster of this machine: gives out the hosts that it was made of, then nodes of this process."""

    def __init__(self, *hosts):
        self.hosts, self.hired = list(hosts), 0

    def hire(self, id, device, stop):
        self.hired += 1
        return self.hosts.pop(0) if self.hosts else Node(id)


class Told:
    """A host that says what the test has it say; the last thing again and again."""

    def __init__(self, *said, about=None):
        self.said, self.known, self.asked = list(said), about or About("north"), 0

    def about(self):
        return self.known

    def put(self, pieces):
        pass

    def begin(self, data):
        pass

    def look(self):
        said = self.said.pop(0) if len(self.said) > 1 else self.said[0]
        if isinstance(said, Exception):
            raise said
        return said

    def read(self, name, offset):
        return b""

    def ask(self):
        self.asked += 1

    def close(self):
        pass


def report(ended=None, **what):
    return Report(**{"ended": ended, "ticks": b"", "log": b"", "files": {}, "manifests": {}, "there": (), **what})


class DiesAfterACheckpoint(Node):
    """A node that is lost once it has handed over a checkpoint."""

    def look(self):
        said = super().look()
        if any(name.startswith("checkpoints/") for name in said.manifests):
            self.reported = True
        elif getattr(self, "reported", False):
            raise NodeLost("The node north was lost")
        return said


def files_of(folder: Path) -> set[str]:
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name.split("-")[0] if name.endswith("safetensors") else name for name in names} - {"worker.lock"}


def test_what_a_node_leaves_is_what_a_training_here_leaves_to_the_same_bits(home, images, short, one_thread):
    settings = TrainConfig(**{**short, "epochs": 20, "data": images, "seed": 3})
    here, there = prepare(home, settings), prepare(home, settings, "fedcba9876543210")
    local = subprocess.Popen([sys.executable, "-m", "bridge_server.runs.worker", str(here)], stdin=subprocess.PIPE)
    assert courier.carry(Near, there, lambda: False) is Exit.FINISHED
    assert local.wait(60) == 0
    assert files_of(there) | {"worker.log"} == files_of(here) | {"worker.log"}
    assert read_json(here / "model.json")["sha256"] == read_json(there / "model.json")["sha256"]
    assert last_tick(there).step == last_tick(here).step == 60
    numbers = [tick.tick for tick in TickReader(there).since(0)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert not list(home.parent.glob("ganmnist-node-*")), "the node's folder is gone"


def test_a_lost_node_costs_what_it_did_since_its_last_checkpoint_and_no_bits(home, images, short, one_thread):
    settings = TrainConfig(**{**short, "epochs": 40, "data": images, "seed": 3})
    whole, cut = prepare(home, settings), prepare(home, settings, "fedcba9876543210")
    cluster = Near(DiesAfterACheckpoint(cut.name))
    local = subprocess.Popen([sys.executable, "-m", "bridge_server.runs.worker", str(whole)], stdin=subprocess.PIPE)
    assert courier.carry(lambda: cluster, cut, lambda: False) is Exit.FINISHED
    assert local.wait(60) == 0
    assert cluster.hired == 2
    assert read_json(whole / "model.json")["sha256"] == read_json(cut / "model.json")["sha256"]
    ticks = TickReader(cut).since(0)
    after = next(place for place, tick in enumerate(ticks) if tick.problem and "north was lost" in tick.problem)
    assert next(tick.step for tick in ticks[after:] if tick.step != ticks[after].step) > 1, "it began anew"
    assert "goes on on another node" in last_tick(cut).problem
    numbers = [tick.tick for tick in ticks]
    assert numbers == list(range(1, len(numbers) + 1))


def test_three_nodes_lost_in_a_row_end_it_with_a_sentence(home, short):
    folder = prepare(home, TrainConfig(**short))
    lost = NodeLost("The node north was lost")
    cluster = Near(*(Told(lost) for _ in range(3)))
    assert courier.carry(lambda: cluster, folder, lambda: False) is Exit.NODE
    outcome = judge(Ended(Exit.NODE), None, folder)
    assert (outcome.state, outcome.reason, cluster.hired) == ("interrupted", "node", 3)
    assert "The node north was lost, the last of 3" in outcome.problem
    assert outcome.problem.endswith("Resume goes on from the last checkpoint.")


@pytest.mark.parametrize(
    ("about", "words"),
    [
        (About("north", ganmnist="0.1"), "The node north has ganmnist 0.1"),
        (About("north", python="3.9"), "python 3.9"),
        (About("north", torch="1.0"), "torch 1.0"),
    ],
)
def test_a_node_with_another_version_is_refused_by_name(home, short, about, words):
    folder = prepare(home, TrainConfig(**short))
    assert courier.carry(lambda: Near(Told(report(), about=about)), folder, lambda: False) is Exit.NODE
    assert words in judge(Ended(Exit.NODE), None, folder).problem


@pytest.mark.parametrize(
    ("ended", "reason"),
    [(Ended(4), "disk_full"), (Ended(5), "out_of_memory"), (Ended(-9, True), "out_of_memory")],
)
def test_a_node_that_is_full_is_named(home, short, ended, reason):
    folder = prepare(home, TrainConfig(**short))
    assert courier.carry(lambda: Near(Told(report(ended))), folder, lambda: False) is Exit.NODE
    outcome = judge(Ended(Exit.NODE), None, folder)
    assert outcome.reason == reason
    assert "node north" in outcome.problem


def test_a_failure_there_is_one_here(home, short):
    folder = prepare(home, TrainConfig(**short))
    said = json.dumps({"code": "data", "message": "bad luck"}).encode()
    host = Told(report(Ended(1), files={"failure.json": said}))
    assert courier.carry(lambda: Near(host), folder, lambda: False) is Exit.FAILED
    assert judge(Ended(Exit.FAILED), None, folder).problem == "bad luck"


def test_a_full_disk_here_has_the_node_save_and_end(home, short, monkeypatch):
    folder = prepare(home, TrainConfig(**short))
    host = Told(report(), report(Ended(Exit.SAVED)))
    low = iter([False, True])
    monkeypatch.setattr(courier.DiskSpaceMonitor, "is_low", lambda self: next(low))
    assert courier.carry(lambda: Near(host), folder, lambda: False) is Exit.DISK_FULL
    assert host.asked == 1


def test_stop_reaches_the_node_once_and_what_it_saved_comes_first(home, short):
    folder = prepare(home, TrainConfig(**short))
    host = Told(report(), report(), report(Ended(Exit.SAVED), files={"preview.png": b"png"}))
    assert courier.carry(lambda: Near(host), folder, lambda: len(host.said) < 3) is Exit.SAVED
    assert host.asked == 1
    assert (folder / "preview.png").read_bytes() == b"png"


@pytest.fixture
def receiver(home):
    folder = ModelStore(home).folder(ID, "digits")
    folder.path.mkdir(parents=True)
    with contextlib.closing(TickWriter(folder.path)._file):
        yield Receiver(folder, TickWriter(folder.path), lambda content: None)


def checkpoint(step: int, weights: bytes) -> tuple[str, bytes, str]:
    """Return the name of a checkpoint, its manifest and the name of its weights."""
    digest = hashlib.sha256(weights).hexdigest()
    name = f"step-{step:08d}"
    values = {"step": step, "format": bundle.FORMAT, "weights": bundle.weights_name(name, digest), "sha256": digest}
    return f"checkpoints/{name}.json", bundle.manifest_bytes(values), f"checkpoints/{values['weights']}"


def test_a_manifest_is_never_there_before_its_weights_nor_without_them(receiver, home):
    folder = home / "models" / ID
    name, manifest, weights = checkpoint(1, b"one")
    parts = {0: b"o", 1: b"ne", 3: b""}

    def read(asked, offset):
        assert asked == weights
        assert not (folder / name).exists()
        return parts[offset]

    receiver.take(report(manifests={name: manifest}, there=(name,)), read)
    assert bundle.read_manifest(folder / name)["step"] == 1
    assert (folder / weights).read_bytes() == b"one"

    later, manifest, weights = checkpoint(2, b"two")
    for left in (b"", b"not two"):
        receiver.take(report(manifests={later: manifest}, there=(later,)), lambda _, at, left=left: b"" if at else left)
        assert not (folder / later).exists()
        assert not (folder / weights).exists()
        assert (folder / name).exists(), "the one before stays as long as its heir is not there"
    receiver.take(report(manifests={later: manifest}, there=(later,)), lambda _, at: b"" if at else b"two")
    assert sorted(path.name for path in (folder / "checkpoints").glob("*.json")) == ["step-00000002.json"]
    assert len(list((folder / "checkpoints").iterdir())) == 2
    assert receiver.saved == 2


def test_nothing_is_taken_but_what_a_training_leaves(receiver, home):
    folder = home / "models" / ID
    _, manifest, _ = checkpoint(1, b"one")
    strangers = ("../other/model.json", "settings.json", "checkpoints/../../x.json", "belongs_to.json")
    receiver.take(
        report(
            manifests=dict.fromkeys(strangers, manifest),
            files={"settings.json": b"{}", "../server.json": b"{}", "preview.png": b"0" * (5 << 20)},
        ),
        lambda name, at: b"" if at else b"one",
    )
    assert {path.name for path in folder.iterdir()} == {progress.FILE}
    assert not (home / "models" / "server.json").exists()


def test_a_model_is_published_under_the_name_that_it_has_here_by_now(home):
    store = ModelStore(home)
    folder = store.folder(ID, "digits")
    networks = recipe(TrainConfig()).networks
    about = {"data": "none", "preset": "fast", "networks": networks, "settings": TrainConfig(), "finished": False}
    began = ModelManifest(id=ID, name="digits", created=now(), epoch=1, step=1, seconds=1.0, **about)
    folder.publish(began, {})
    store.rename(store.manifest("digits"), "renamed")
    manifest, content = folder.read_files()
    there = {**manifest, "name": "another", "id": "another", "created": "2000-01-01", "step": 99}
    told = report(manifests={"model.json": bundle.manifest_bytes(there)})
    Receiver(folder, TickWriter(folder.path), lambda content: None).take(told, lambda _, at: content[at:])
    after = store.manifest("renamed")
    assert (after.id, after.step, after.created, after.sha256) == (ID, 99, began.created, manifest["sha256"])


def test_a_node_writes_nowhere_but_in_its_folder(tmp_path):
    there = Node(ID)
    for name in ("../x", "/x", "a/../../x"):
        with pytest.raises(ValueError, match="leads out"):
            there.put([Piece(name, b"")])
    there.put([Piece("models/a", b"12"), Piece("models/a", b"3", begins=False)])
    (found,) = tmp_path.glob("ganmnist-node-*/models/a")
    assert found.read_bytes() == b"123"
    there.close()
    assert not list(tmp_path.glob("ganmnist-node-*"))
