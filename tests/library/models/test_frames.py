"""Frames of a film: kept beside a training at growing distances, thinned, taken up again, lost without harm."""

from __future__ import annotations

import errno
import threading
from collections import namedtuple
from itertools import pairwise

import pytest
import torch

from ganmnist.errors import ModelError
from ganmnist.models import frames
from ganmnist.models.frames import Frame, FrameKeeper
from ganmnist.models.store import ModelStore
from ganmnist.networks.build import build_generator, generator_layouts
from ganmnist.storage import bundle
from ganmnist.storage.safetensors_header import Layout
from ganmnist.training.loop import train
from ganmnist.training.observer import Observer


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "film"


def frame(step: int) -> Frame:
    return Frame(epoch=1, step=step, seconds=step / 10)


def weights(number: float = 0.5) -> dict[str, torch.Tensor]:
    return {"a": torch.tensor([number, 2 / 3]), "count": torch.tensor(3)}


def fill(keeper: FrameKeeper, upto: int) -> list[int]:
    """Keep whatever is due up to a step, and return the steps."""
    taken = [step for step in range(1, upto + 1) if keeper.due(step)]
    for step in taken:
        keeper.keep(frame(step), weights())
    return taken


def test_frames_are_dense_at_first_and_then_grow_apart(folder):
    taken = fill(FrameKeeper(folder, 0), 400)
    assert taken == frames.steps(folder) == [1, 4, 7, 10, 14, 20, 28, 39, 55, 77, 108, 151, 211, 295]
    found = frames.read_frame(folder, 39)
    assert (found.epoch, found.step, found.seconds, found.dtype) == (1, 39, 3.9, "float16")
    assert len(list(folder.iterdir())) == 2 * len(taken)


def test_a_long_training_keeps_23_with_the_first_the_newest_and_no_wide_gap(folder):
    taken = fill(FrameKeeper(folder, 0), 1_000_000)
    kept = frames.steps(folder)
    assert len(taken) > 35
    assert len(kept) == frames.MAX_FRAMES - 1
    assert (kept[0], kept[-1]) == (1, taken[-1])
    assert max(after / before for before, after in pairwise(kept[2:])) <= 2
    assert len(list(folder.iterdir())) == 2 * len(kept)


def test_the_one_whose_neighbours_are_closest_is_missed_least():
    assert frames.least_missed([1, 10, 12, 200]) == 10
    assert frames.least_missed([1, 90, 95, 100]) == 95
    assert frames.even([1, 2, 3, 90, 100], 3) == [1, 3, 100]
    assert frames.even([1, 2], 3) == [1, 2]


def test_a_training_that_goes_on_takes_up_its_frames_and_drops_those_of_a_lost_part(folder):
    fill(FrameKeeper(folder, 0), 60)
    (folder / "step-00000008-0123456789ab.safetensors").write_bytes(b"left by a process that was killed")
    again = FrameKeeper(folder, 30)
    assert frames.steps(folder) == [1, 4, 7, 10, 14, 20, 28]
    assert len(list(folder.iterdir())) == 14
    assert [step for step in range(31, 60) if again.due(step)] == [39, 55]
    FrameKeeper(folder, 0)
    assert list(folder.iterdir()) == []


def test_a_number_too_large_for_float16_is_kept_in_float32(folder):
    keeper = FrameKeeper(folder, 0)
    expected = {"a": Layout("F32", (2,)), "count": Layout("I64", ())}
    for step, large, dtype in ((1, 0.1, "float16"), (4, 70_000.0, "float32")):
        keeper.keep(frame(step), weights(large))
        found = frames.read_frame(folder, step)
        assert found.dtype == dtype
        loaded = frames.load(folder, found, expected)
        assert loaded["a"].dtype == torch.float32
        torch.testing.assert_close(loaded["a"], weights(large)["a"], rtol=1e-3 if dtype == "float16" else 0, atol=0)
        assert loaded["count"].dtype == torch.int64


def test_frames_of_large_networks_are_fewer_and_of_huge_ones_none(folder, monkeypatch):
    monkeypatch.setattr(frames, "_BYTES", 60)  # of weights in float16, 12 bytes a frame
    fill(FrameKeeper(folder, 0), 400)
    assert len(frames.steps(folder)) == 5
    monkeypatch.setattr(frames, "_BYTES", 23)
    fill(FrameKeeper(folder, 0), 400)
    assert frames.steps(folder) == []


def test_frames_leave_room_on_the_disk_for_the_training(folder, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(frames.shutil, "disk_usage", lambda path: usage(frames.ROOM + 11))
    fill(FrameKeeper(folder, 0), 60)
    assert frames.steps(folder) == []
    monkeypatch.setattr(frames.shutil, "disk_usage", lambda path: usage(frames.ROOM + 12))
    assert fill(FrameKeeper(folder, 0), 60) == frames.steps(folder)


def test_a_full_disk_loses_frames_and_not_the_training(home, digits, short, monkeypatch):
    save = bundle.save

    def full(path, manifest, tensors):
        if path.parent.name == "film" and path.stem != "step-00000007":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        save(path, manifest, tensors)

    monkeypatch.setattr(bundle, "save", full)
    folder = ModelStore(home).new("digits")
    assert train(digits, short, folder).step == 16
    assert frames.steps(folder.film) == [7]


def test_a_training_leaves_frames_and_no_step_waits_for_them(home, digits, short, monkeypatch):
    on, waited = threading.Event(), []
    keep = FrameKeeper.keep

    def slow(self, *arguments):
        waited.append(on.wait(20))
        keep(self, *arguments)

    monkeypatch.setattr(FrameKeeper, "keep", slow)
    monkeypatch.setattr(Observer, "evaluate", lambda self, take: None)
    folder = ModelStore(home).new("digits")
    train(digits, short, folder, on_progress=lambda progress: on.set() if progress.step == 12 else None)
    assert frames.steps(folder.film) == [1, 4, 7, 10, 14]
    assert waited == [True] * 5
    assert not list(folder.path.glob("film/*.tmp"))


def test_a_stopped_training_goes_on_with_its_frames_and_a_deleted_model_takes_them_along(home, digits, short):
    store = ModelStore(home)
    folder, steps = store.new("digits"), iter(range(1, 9))
    train(digits, short, folder, should_stop=lambda: next(steps) == 8)
    early = {path.name: path.stat().st_mtime_ns for path in folder.film.iterdir()}
    assert frames.steps(folder.film) == [1, 4, 7]
    train(digits, short, folder)
    assert frames.steps(folder.film) == [1, 4, 7, 10, 14]
    assert {name: (folder.film / name).stat().st_mtime_ns for name in early} == early, "they are not written anew"
    store.delete("digits")
    assert not folder.path.exists()


@pytest.mark.parametrize("damage", ["flipped", "cut", "manifest", "other networks"])
def test_a_damaged_frame_is_refused(folder, tiny, class_conditional, damage):
    keeper = FrameKeeper(folder, 0)
    keeper.keep(frame(4), build_generator(class_conditional if damage == "other networks" else tiny).state_dict())
    (path,) = folder.glob("*.safetensors")
    if damage == "flipped":
        content = bytearray(path.read_bytes())
        content[-9] ^= 4
        path.write_bytes(content)
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-8])
    elif damage == "manifest":
        (folder / "step-00000004.json").write_text("{}")
    with pytest.raises(ModelError, match="step-00000004"):
        frames.load(folder, frames.read_frame(folder, 4), generator_layouts(tiny))
