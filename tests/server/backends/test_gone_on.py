"""A run says how far its model is, wherever that was trained."""

from __future__ import annotations

import shutil

import pytest

from bridge_server.backends.service import Service
from bridge_server.contract.runs import RunState
from bridge_server.errors import ApiError
from bridge_server.runs.progress import TickWriter
from bridge_server.runs.store import Press
from ganmnist.config import TrainConfig
from ganmnist.models.figures import Estimate
from ganmnist.models.store import ModelStore


@pytest.fixture
def service(tmp_path):
    service = Service(tmp_path, "instance")  # not started: nothing is trained
    yield service
    service.close()


@pytest.fixture
def interrupted(service, tmp_path) -> str:
    record, _ = service._runs.add(Press("mine", TrainConfig(seconds=60)), lambda wanted, held: wanted)
    service._runs.move(record.id, RunState.QUEUED, RunState.RUNNING)
    service._runs.move(record.id, RunState.RUNNING, RunState.INTERRUPTED, "killed", "It was killed.")
    (tmp_path / "models" / record.id).mkdir(parents=True)
    TickWriter(tmp_path / "models" / record.id).write(step=85, epoch=1, percent=8.0, seconds=5.0, frechet=90.0)
    return record.id


def publish(tmp_path, id: str, **changes) -> None:
    store = ModelStore(tmp_path)
    manifest, weights = store.find(None).load()
    store.folder(id, "mine").publish(manifest.model_copy(update={"id": id, "name": "mine", **changes}), weights)


def test_a_run_whose_model_was_finished_elsewhere_is_finished(service, interrupted, tmp_path):
    estimate = Estimate(frechet=7.5, confident=0.9)
    publish(tmp_path, interrupted, step=4196, epoch=3, seconds=60.0, finished=True, estimate=estimate)
    run = service.run(interrupted)
    assert (run.state, run.step, run.epoch, run.percent, run.frechet) == ("succeeded", 4196, 3, 100.0, 7.5)
    assert (run.reason, run.problem) == (None, None)
    assert service.runs().runs == [run]


def test_a_run_whose_model_went_on_elsewhere_and_was_cut_short_again_can_still_go_on(service, interrupted, tmp_path):
    publish(tmp_path, interrupted, step=200, epoch=2, seconds=11.0, finished=False, estimate=None)
    run = service.run(interrupted)
    assert (run.state, run.step, run.seconds, run.frechet) == ("interrupted", 200, 11.0, 90.0)
    assert run.problem == "It was killed."


def test_a_run_that_a_command_line_goes_on_with_says_so_and_how_far_it_is(service, interrupted, tmp_path):
    publish(tmp_path, interrupted, step=170, epoch=2, seconds=10.0, finished=False, estimate=None)
    assert service.run_stop(interrupted).state == "stopped"
    assert not service.model("mine").training
    with ModelStore(tmp_path).folder(interrupted, "mine").training():
        run = service.run(interrupted)
        assert (run.percent, run.text) == (16.0, "16 % - a command line goes on with it")
        assert service.model("mine").training
        assert [model.training for model in service.models().models] == [True, False, False]


def test_a_stopped_run_goes_on_as_long_as_its_checkpoints_are_there(service, interrupted, tmp_path):
    service.run_stop(interrupted)
    publish(tmp_path, interrupted, step=100, epoch=2, seconds=6.0, finished=False, estimate=None)
    with pytest.raises(ApiError, match=r"checkpoints of mine are gone, .* start_from mine"):
        service.run_resume(interrupted)
    checkpoints = tmp_path / "models" / interrupted / "checkpoints"
    checkpoints.mkdir()
    (checkpoints / "step-00000100.json").write_text("{}")
    assert service.run_resume(interrupted).state == "queued"
    service.run_stop(interrupted)
    shutil.rmtree(checkpoints.parent)
    with pytest.raises(ApiError, match="Nothing is left of run"):
        service.run_resume(interrupted)


def test_an_earlier_state_that_was_the_best_one_does_not_turn_a_run_back(service, interrupted, tmp_path):
    publish(tmp_path, interrupted, step=60, epoch=1, seconds=3.0, finished=False, estimate=None)
    assert service.run(interrupted).step == 85


def test_a_run_has_the_name_that_its_model_has_now(service, interrupted, tmp_path):
    publish(tmp_path, interrupted, finished=True)
    publish(tmp_path, "0" * 16, finished=True)  # another training of that name: the first is kept as mine-1
    assert service.run(interrupted).model == "mine-1"
    assert service.model("mine-1").id == interrupted


def test_a_name_that_is_taken_is_said_while_the_new_model_is_not_there_yet(service, tmp_path):
    publish(tmp_path, "0" * 16, finished=True)
    record, _ = service._runs.add(Press("MINE", TrainConfig(seconds=60)), lambda wanted, held: wanted)
    (warning,) = service.run(record.id).warnings
    assert warning == "There is a model mine: it is kept, and called mine-1 once the new one is there."
    service.run_stop(record.id)
    assert not service.run(record.id).warnings


def test_two_programs_do_not_train_one_model_and_whoever_lists_it_sees_that_it_is_under_way(
    tmp_path, capsys, monkeypatch
):
    from ganmnist.cli.main import main
    from ganmnist.errors import TrainingError

    publish(tmp_path, "0" * 16, finished=False)
    monkeypatch.setenv("GANMNIST_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    folder = ModelStore(tmp_path).find("mine")
    with folder.training():
        assert folder.is_being_trained()
        main(["models"])
        assert "under way" in capsys.readouterr().out
        with pytest.raises(TrainingError, match="mine is being trained by another program"), folder.training():
            pass
    assert not folder.is_being_trained()
    main(["models"])
    assert "cut short" in capsys.readouterr().out


def test_a_training_that_fails_before_it_begins_leaves_no_folder(tmp_path):
    folder = ModelStore(tmp_path).new("never")
    with pytest.raises(ZeroDivisionError), folder.training():
        raise ZeroDivisionError
    assert not folder.path.exists()
