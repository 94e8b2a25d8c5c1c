"""What a training process leaves behind, and how the server reads it."""

import errno
import math
import threading
import time

import numpy as np
import pytest
import rhino3dm
import torch

from bridge_server.backends.datasets import DefaultData
from bridge_server.backends.trainings import thin
from bridge_server.contract.runs import Run, RunState
from bridge_server.encoding.pixels import rhino
from bridge_server.runs.executors.base import Ended
from bridge_server.runs.launcher import Outcome, judge
from bridge_server.runs.previews import read_preview, to_picture, write_preview
from bridge_server.runs.progress import TickReader, TickWriter, last_tick
from bridge_server.runs.protocol import Exit
from bridge_server.runs.status_text import clock, with_text
from bridge_server.runs.worker import Reporter, _exit_for, work
from ganmnist.config import GeometryConfig, Plane, TrainConfig
from ganmnist.data.load import MNIST
from ganmnist.dataset import Dataset
from ganmnist.errors import DataError, DeviceError, ModelError, TrainingError
from ganmnist.geometry.forms import build
from ganmnist.models.figures import Estimate
from ganmnist.models.store import ModelStore
from ganmnist.storage.atomic import write_json
from ganmnist.training.diagnostics import Remark
from ganmnist.training.loop import Progress
from ganmnist.training.pace import Slowdown


def test_a_reader_sees_what_is_appended_and_counts_on_after_a_cut_line(tmp_path):
    reader = TickReader(tmp_path)
    assert reader.since(0) == []
    writer = TickWriter(tmp_path)
    writer.write(step=7, loss_d=0.5)
    writer.write(step=8, loss_d=0.25)
    assert [(tick.tick, tick.step, tick.loss_d) for tick in reader.since(0)] == [(1, 7, 0.5), (2, 8, 0.25)]
    with (tmp_path / "progress.jsonl").open("ab") as file:
        file.write(b'{"tick":3,"st')
    assert reader.since(2) == []
    assert last_tick(tmp_path).tick == 2
    again = TickWriter(tmp_path)
    again.write(step=9)
    assert [(tick.tick, tick.step) for tick in TickReader(tmp_path).since(1)] == [(2, 8), (3, 9)]
    assert last_tick(tmp_path).loss_d == 0.25, "what does not change stays"


def test_the_last_tick_of_a_long_file_is_found_at_its_end(tmp_path):
    writer = TickWriter(tmp_path)
    for step in range(500):
        writer.write(step=step, seconds=step / 3)
    assert last_tick(tmp_path) == writer.last == TickReader(tmp_path).since(499)[0]


def test_a_loss_that_is_no_number_is_left_out_and_the_last_step_is_never_lost(tmp_path):
    reporter = Reporter(tmp_path)
    for step in range(1, 101):
        reporter.progress(Progress(1, 1, step, 1.0, step / 100, math.nan, 1.5, None))
    reporter.flush()
    ticks = TickReader(tmp_path).since(0)
    assert len(ticks) == 2, "about four a second"
    assert (ticks[-1].step, ticks[-1].percent, ticks[-1].loss_d, ticks[-1].loss_g) == (100, 100, None, 1.5)


def test_a_long_training_is_told_of_less_often_so_that_its_file_stays_small(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("bridge_server.runs.worker.time.monotonic", lambda: now[0])
    reporter = Reporter(tmp_path)
    told = []
    for second in (10, 1000, 100_000):
        before = reporter.last().tick
        for hundredth in range(1000):
            now[0] = second + hundredth / 100
            reporter.progress(Progress(1, 1, 1, now[0], 0.5, 0.5, 0.5, None))
        told.append(reporter.last().tick - before)
    assert told == [40, 10, 5]


def test_a_problem_that_was_mended_stays_until_the_next_start(tmp_path):
    Reporter(tmp_path).problem("step-4.json: damaged")
    reporter = Reporter(tmp_path)
    reporter.progress(Progress(1, 1, 1, 1.0, 0.5, 0.5, 0.5, None))
    assert reporter.last().problem == "step-4.json: damaged"
    again = Reporter(tmp_path)
    again.note(0, "loading data")
    assert again.last().problem is None


def test_what_the_judge_said_stays_until_it_speaks_again(tmp_path):
    reporter = Reporter(tmp_path)
    for estimate in (None, Estimate(frechet=31.5, confident=0.75), None):  # the last is what follows a resume
        reporter.progress(Progress(1, None, 5, 1.0, 0.5, 0.5, 0.5, estimate))
        reporter.flush()
    reporter.judged(Estimate(frechet=4.25, confident=0.99))
    ticks = TickReader(tmp_path).since(0)
    assert [tick.frechet for tick in ticks] == [None, 31.5, 31.5, 4.25]
    assert ticks[-1].confident == 0.99


def test_ticks_and_previews_of_two_threads_leave_each_other_whole(tmp_path):
    reporter = Reporter(tmp_path)
    images = np.zeros((16, 28, 28), np.uint8)
    showing = threading.Thread(target=lambda: [reporter.preview(images) for _ in range(30)])
    showing.start()
    for step in range(1, 301):
        reporter.progress(Progress(1, None, step, 1.0, 0.5, 0.5, 0.5, None))
        reporter.flush()
    showing.join()
    ticks = TickReader(tmp_path).since(0)
    assert [tick.tick for tick in ticks] == list(range(1, 331))
    assert (ticks[-1].step, ticks[-1].preview) == (300, 30)


def test_a_run_ends_with_the_figures_of_the_model_it_published(tmp_path, monkeypatch, short):
    monkeypatch.setattr("ganmnist.training.observer._JUDGE_AFTER", 0.0)
    monkeypatch.setattr("ganmnist.training.observer._JUDGE_AT_END", 0.0)
    monkeypatch.setattr("ganmnist.training.loop.ThreadCount.step", lambda self, seconds, in_company: None)
    images = np.random.default_rng(0).integers(0, 256, (600, 28, 28), np.uint8)
    labels = (np.arange(600) % 10).astype(np.uint8)
    data = Dataset("noise", "made up", images, labels, images[:0], labels[:0])
    monkeypatch.setattr("ganmnist.data.load.load_data", lambda name, home, on_progress: data)
    folder = tmp_path / "models" / ("a" * 16)
    folder.mkdir(parents=True)
    settings = TrainConfig(networks=short["networks"], batch_size=32, seconds=0.2)
    write_json(folder / "settings.json", {"model": "judged", "settings": settings.model_dump(mode="json")})
    threads = torch.get_num_threads()
    try:
        assert work(folder, lambda: False) is Exit.FINISHED
    finally:
        torch.set_num_threads(threads)
    manifest = ModelStore(tmp_path).find("judged").manifest()
    last = last_tick(folder)
    assert (last.percent, last.frechet) == (100, manifest.estimate.frechet)
    assert last.confident == manifest.estimate.confident

    monkeypatch.setattr("ganmnist.data.load.load_data", lambda name, home, on_progress: pytest.fail("it trains again"))
    assert work(folder, lambda: False) is Exit.FINISHED, "it was killed when all was done but to say so"


def test_a_preview_carries_its_number_and_its_digits_stand_upright(tmp_path):
    images = np.zeros((16, 28, 28), np.uint8)
    images[1, 0, 5] = 255  # top of the second digit of the first row
    assert read_preview(tmp_path) is None
    write_preview(tmp_path, images, 3)
    picture = to_picture(read_preview(tmp_path))
    assert picture.number == 3
    mesh = rhino3dm.CommonObject.Decode({"version": 10000, **picture.mesh.model_dump()})
    white = [place for place in range(len(mesh.Vertices)) if mesh.VertexColors[place][0] == 255]
    assert len(white) == 1
    assert (mesh.Vertices[white[0]].X, mesh.Vertices[white[0]].Y) == (33, 111)


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_a_damaged_preview_is_none(tmp_path, damage):
    write_preview(tmp_path, np.random.default_rng(0).integers(0, 256, (16, 28, 28), np.uint8), 3)
    content = bytearray((tmp_path / "preview.png").read_bytes())
    content[len(content) // 2] ^= 4
    (tmp_path / "preview.png").write_bytes({"flip": content, "cut": content[: len(content) // 2], "empty": b""}[damage])
    assert read_preview(tmp_path) is None


def test_a_digit_far_from_the_origin_keeps_its_shape():
    images = np.zeros((1, 28, 28), np.uint8)
    for origin in ((0.0, 0.0, 0.0), (1e7, 0.0, 0.0)):  # float32 knows whole numbers only out there
        (mesh,) = build(images, GeometryConfig(cell=0.1, plane=Plane(origin=origin)))
        decoded = rhino3dm.CommonObject.Decode({"version": 10000, **rhino(mesh)[0].model_dump()})
        step = decoded.Vertices.Point3dAt(1).X - decoded.Vertices.Point3dAt(0).X
        assert step == pytest.approx(0.1, rel=1e-3)


def test_losses_are_thinned_evenly_and_the_last_one_stays():
    pairs = [(float(number), 0.0) for number in range(2500)]
    left = thin(pairs, 1000)
    assert len(left) == 834
    assert left[-1] == (2499.0, 0.0)
    assert left[1][0] - left[0][0] == 3
    assert thin(pairs[:7], 1000) == pairs[:7]
    assert thin([], 1000) == []


STOPPED = Outcome(RunState.STOPPED)


@pytest.mark.parametrize(
    ("code", "asked", "oom", "state", "reason"),
    [
        (0, None, False, "succeeded", None),
        (0, STOPPED, False, "succeeded", None),
        (3, STOPPED, False, "stopped", None),
        (-9, STOPPED, False, "stopped", None),
        (3, None, False, "interrupted", "killed"),
        (-9, None, False, "interrupted", "killed"),
        (-9, None, True, "interrupted", "out_of_memory"),
        (-15, None, False, "interrupted", "killed"),
        (-11, None, False, "interrupted", "crashed"),
        (1, None, False, "interrupted", "crashed"),
        (4, None, False, "interrupted", "disk_full"),
        (5, None, False, "interrupted", "out_of_memory"),
        (7, None, False, "interrupted", "device"),
        (0xC0000005, None, False, "interrupted", "crashed"),
    ],
)
def test_how_a_training_ended_is_read_from_its_exit(tmp_path, code, asked, oom, state, reason):
    (tmp_path / "worker.log").write_text("one\nlast words\n")
    outcome = judge(Ended(code, oom), asked, tmp_path)
    assert (outcome.state, outcome.reason) == (state, reason)
    if reason == "crashed":
        assert "last words" in outcome.problem


@pytest.mark.parametrize("said", [None, b"", b"[]", b'{"code": "data"}'])
def test_a_failure_that_does_not_say_why_is_a_crash_and_can_be_resumed(tmp_path, said):
    if said is not None:
        (tmp_path / "failure.json").write_bytes(said)
    assert judge(Ended(1), None, tmp_path).reason == "crashed"


def test_a_full_disk_and_a_full_memory_can_be_resumed_and_other_errors_cannot():
    assert _exit_for(OSError(28, "No space left on device")) is Exit.DISK_FULL
    assert _exit_for(OSError(errno.EDQUOT, "Disk quota exceeded")) is Exit.DISK_FULL
    assert _exit_for(MemoryError()) is Exit.OUT_OF_MEMORY
    assert (
        _exit_for(RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8")) is Exit.OUT_OF_MEMORY
    )
    assert _exit_for(RuntimeError("could not create a primitive")) is Exit.OUT_OF_MEMORY
    assert _exit_for(ImportError("libtorch.so: failed to map segment from shared object")) is Exit.OUT_OF_MEMORY
    assert _exit_for(RuntimeError("shape mismatch")) is Exit.FAILED
    assert _exit_for(DeviceError("device: the graphics card (cuda) has too little memory")) is Exit.DEVICE
    assert _exit_for(OSError(13, "Permission denied")) is Exit.FILES
    assert _exit_for(FileExistsError(errno.EEXIST, "File exists")) is Exit.FILES


def test_what_the_system_refuses_may_pass_whoever_has_put_it_into_words_and_what_is_damaged_does_not():
    def said(cause, error):
        try:
            try:
                raise cause
            except OSError:
                raise error from None
        except Exception as caught:
            return _exit_for(caught)

    refused, absent = PermissionError(13, "Permission denied"), FileNotFoundError(2, "No such file or directory")
    assert said(refused, DataError("a.png: cannot be read")) is Exit.FILES
    assert said(refused, ModelError("model.json: cannot be read")) is Exit.FILES
    assert said(OSError(28, "No space left on device"), ModelError("cannot be written")) is Exit.DISK_FULL
    assert said(absent, DataError("MNIST: there is none")) is Exit.FAILED
    assert said(OSError("image file is truncated"), DataError("a.png: is damaged")) is Exit.FAILED
    assert _exit_for(TrainingError("a loss is not finite")) is Exit.FAILED
    assert _exit_for(absent) is Exit.FILES, "of our own files, which are there"


def test_progress_that_cannot_be_read_is_told_and_costs_nothing_else(tmp_path):
    (tmp_path / "progress.jsonl").mkdir()  # whose bytes nobody can read, not even root
    (tmp_path / "preview.png").mkdir()
    (warning,) = last_tick(tmp_path).warnings
    assert "progress.jsonl cannot be read (Is a directory)" in warning
    assert TickReader(tmp_path).since(0) == []
    assert read_preview(tmp_path) is None


def test_time_is_shown_as_people_read_it():
    assert [clock(seconds) for seconds in (0, 52.4, 61, 3723)] == ["0:00", "0:52", "1:01", "1:02:03"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"state": "queued", "place": 2}, "2nd in the queue"),
        ({"state": "queued", "place": 3, "seconds_to_start": 230}, "3rd in the queue, about 4 minutes"),
        ({"state": "running"}, "starting"),
        ({"state": "running", "epoch": 3, "percent": 41.4, "seconds_left": 52.2}, "epoch 3/20 - 41 % - 0:52 left"),
        ({"state": "running", "epoch": 3, "percent": 41.4, "frechet": 12.3}, "epoch 3/20 - 41 % - FID 12"),
        ({"state": "succeeded", "epoch": 20, "seconds": 130}, "finished - 20 epochs in 2:10"),
        (
            {"state": "succeeded", "epoch": 20, "seconds": 130, "frechet": 4.12},
            "finished - 20 epochs in 2:10 - FID 4.1",
        ),
        ({"state": "succeeded"}, "finished - its model was deleted"),
        ({"state": "stopped", "epoch": 3}, "stopped at epoch 3/20"),
        ({"state": "failed"}, "failed"),
        ({"state": "interrupted", "epoch": 3}, "interrupted at epoch 3/20 - resume to go on"),
    ],
)
def test_a_run_says_in_a_few_words_where_it_stands(changes, text):
    whole = {"id": "0" * 16, "model": "m", "settings": TrainConfig(), "created": "", "epochs": 20, "text": ""}
    assert with_text(Run.model_validate({**whole, **changes})).text == text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"state": "running", "percent": 41.4, "seconds_left": 52.2}, "41 % - 0:52 left"),
        ({"state": "running", "percent": 41.4, "seconds_left": 52.2, "frechet": 12.3}, "41 % - 0:52 left - FID 12"),
        ({"state": "running", "percent": 41.4, "frechet": 9.96}, "41 % - FID 10"),
        ({"state": "running", "percent": 41.4, "frechet": 9.94}, "41 % - FID 9.9"),
        ({"state": "succeeded", "seconds": 130, "frechet": 4.12}, "finished - 2:10 - FID 4.1"),
        ({"state": "succeeded", "seconds": 5}, "finished - 0:05"),
        ({"state": "succeeded", "seconds": 5, "warnings": ["busy"], "remarks": ["busy"]}, "finished - 0:05"),
        (
            {"state": "succeeded", "seconds": 5, "warnings": ["busy", "collapsed"], "remarks": ["busy"]},
            "finished, with problems - 0:05",
        ),
        ({"state": "stopped", "percent": 41.4}, "stopped at 41 %"),
        ({"state": "interrupted", "percent": 41.4}, "interrupted at 41 % - resume to go on"),
    ],
)
def test_a_run_with_a_budget_in_seconds_counts_no_epochs(changes, text):
    whole = {"id": "0" * 16, "model": "m", "settings": TrainConfig(), "created": "", "epoch": 1, "text": ""}
    assert with_text(Run.model_validate({**whole, **changes})).text == text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"state": "running", "percent": 41.4, "seconds_left": 52.2}, "step 787/1900 - 41 % - 0:52 left"),
        ({"state": "stopped"}, "stopped at step 787/1900 - resume to go on"),
        ({"state": "succeeded", "step": 1900, "seconds": 60}, "finished - 1,900 steps in 1:00"),
    ],
)
def test_a_run_with_a_budget_in_steps_counts_them(changes, text):
    whole = {"id": "0" * 16, "model": "m", "settings": TrainConfig(), "created": "", "epoch": 1, "text": ""}
    assert with_text(Run.model_validate({**whole, "step": 787, "steps": 1900, **changes})).text == text


@pytest.mark.parametrize(
    ("state", "steps", "text"),
    [
        ("running", 912, "41 % - 0:52 left - busy machine: about 910 steps in all, not 1,900"),
        ("running", 1914, "41 % - 0:52 left - busy machine"),
        ("succeeded", 912, "finished - 1:00"),
    ],
)
def test_a_run_beside_other_programs_says_what_they_cost_it(state, steps, text):
    slowdown = Slowdown(others=0.5, steps=steps, seconds=126, possible_steps=1914, possible_seconds=60)
    whole = {"id": "0" * 16, "model": "m", "state": state, "settings": TrainConfig(), "created": "", "epoch": 1}
    run = Run(**whole, percent=41, seconds=60, seconds_left=52, slowdown=slowdown, text="")
    assert with_text(run).text == text


def test_what_other_programs_cost_is_told_while_they_do(tmp_path):
    reporter = Reporter(tmp_path)
    slowdown = Slowdown(others=0.5, steps=912, seconds=60, possible_steps=1914, possible_seconds=60)
    for told in (slowdown, None):
        reporter.progress(Progress(1, None, 5, 1.0, 0.5, 0.5, 0.5, None, slowdown=told))
        reporter.flush()
    assert [tick.slowdown for tick in TickReader(tmp_path).since(0)] == [slowdown, None]


def test_a_note_stands_in_for_progress_only_while_it_runs():
    run = Run(id="0" * 16, model="m", state="running", settings=TrainConfig(), created="", epochs=1, text="")
    assert with_text(run, "loading data").text == "loading data"
    assert with_text(run.model_copy(update={"state": RunState.FAILED}), "loading data").text == "failed"


def test_data_are_found_once_but_what_stands_in_for_mnist_gives_way_to_it(tmp_path, monkeypatch):
    monkeypatch.delenv("GANMNIST_DATA", raising=False)
    images, labels = np.zeros((10, 28, 28), np.uint8), np.arange(10, dtype=np.uint8)
    names = iter(["synthetic-mnist", "MNIST"])

    def load_data(home, on_progress):
        return Dataset(next(names), "somewhere", images, labels, images[:3], labels[:3])

    monkeypatch.setattr("ganmnist.data.load.load_data", load_data)
    keeper = DefaultData(tmp_path)
    assert keeper.describe().state == "absent", "looking is not preparing"
    assert keeper.describe().report == []
    for file in MNIST:
        path = tmp_path / "data" / "synthetic-mnist" / f"{file}.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (told,) = keeper.describe().report
    assert told.startswith("synthetic-mnist, digits of the bundled model, is here already")
    for name, number in (("synthetic-mnist", 1), ("MNIST", 2), ("MNIST", 2)):
        keeper.prepare()
        deadline = time.monotonic() + 10
        while (data := keeper.describe()).state == "preparing":
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert (data.state, data.name, data.train, data.test) == ("ready", name, 10, 3)
        assert data.preview.number == number


def test_data_that_cannot_be_read_are_a_problem_said_in_the_librarys_words(tmp_path, monkeypatch):
    monkeypatch.setenv("GANMNIST_DATA", str(tmp_path))
    keeper = DefaultData(tmp_path)
    deadline = time.monotonic() + 10
    while (data := keeper.describe()).state in ("absent", "preparing"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert data.state == "failed"
    assert "train-images-idx3-ubyte" in data.problem


def test_what_says_nothing_against_the_model_is_told_apart_and_so_is_nothing_of_an_older_version(tmp_path):
    Reporter(tmp_path).warnings((Remark("busy"), "collapsed"))
    told = last_tick(tmp_path)
    assert (told.warnings, told.remarks) == (("busy", "collapsed"), ("busy",))
    (tmp_path / "progress.jsonl").write_text('{"tick":9,"warnings":["collapsed"]}\n')
    assert last_tick(tmp_path).remarks == ()
