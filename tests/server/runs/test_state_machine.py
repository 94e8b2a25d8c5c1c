"""Whatever users, trainers and crashes do in whatever order: the runs keep their promises.

The service, the store and the launcher are the real ones; the trainers are processes that do what the test says.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bridge_server.access.roles import AS_OWNER, Asker, Role
from bridge_server.backends.service import Service
from bridge_server.contract.runs import RunState, StartRun
from bridge_server.errors import ApiError, Conflict
from bridge_server.runs import launcher, quotas
from bridge_server.runs.executors import local
from bridge_server.runs.store import FINAL, MOVES, RunStore
from ganmnist.config import TrainConfig
from ganmnist.models.manifest import ModelManifest, now
from ganmnist.models.store import ModelStore
from ganmnist.storage.atomic import read_json, write_json
from ganmnist.training.presets import recipe

QUEUED, RUNNING, SUCCEEDED, FAILED, STOPPED, INTERRUPTED = RunState
EXITS = {0: SUCCEEDED, 1: FAILED, 3: INTERRUPTED, 4: INTERRUPTED, 5: INTERRUPTED, -9: INTERRUPTED, -11: INTERRUPTED}
MEMORY = Path("/dev/shm")  # where a sync takes no time
MANNERS = {"obeys": 3, "is deaf": -9, "finishes": 0, "fails": 1}  # how a trainer ends that is asked to


class Trainer:
    """What is taken for a process, and the pipe to it."""

    def __init__(self, command, **how):
        self.folder, self.stdin, self.manner = Path(command[-1]), self, "obeys"
        self.code, self.server_lives, self.ended = 0, True, threading.Event()
        started.append(self)

    def wait(self):
        self.ended.wait()
        if not self.server_lives:
            raise SystemExit  # which ends the launcher's thread and nothing else
        return self.code

    def write(self, order):
        if self.manner != "is deaf":
            self.end(MANNERS[self.manner])

    def flush(self):
        pass

    def close(self):
        pass

    def kill(self):
        self.end(-9)

    def end(self, code):
        if not self.ended.is_set():
            self.code = code
            if code == 1:
                write_json(self.folder / "failure.json", {"code": "data", "message": "bad luck"})
            self.ended.set()


started: list[Trainer] = []


class Runs(RuleBasedStateMachine):
    """Keeps its own account of what must be, and compares after every step."""

    slots = 1

    def __init__(self):
        super().__init__()
        self.home = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.states: dict[str, RunState] = {}  # by run, as they are pressed
        self.names: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self.asked: dict[str, str | None] = {}  # the model, by key
        self.waiting: list[str] = []
        self.said: dict[str, list[RunState]] = {}
        started.clear()
        self.open()

    def open(self):
        self.service = Service(self.home, "0" * 32, self.slots)
        self.service.start()

    def teardown(self):
        self.end_of_server()
        shutil.rmtree(self.home)

    def end_of_server(self):
        """Kill it: its threads go where they are, and what they did not store is lost."""
        for trainer in started:
            trainer.server_lives = False
            trainer.ended.set()
        self.service._launcher._closing.set()
        self.service._launcher.wake()
        for thread in self.service._launcher._threads:
            thread.join()
        self.service._runs.close()

    @property
    def running(self):
        return [id for id, state in self.states.items() if state is RUNNING]

    def trainer(self, id):
        """Return the trainer of a run under way, once it is there."""
        return wait_for_trainer(id)

    def now(self, id, state):
        """Note that a run has come to a state, and that the next in the queue has its turn if it may."""
        assert state in MOVES[self.states[id]]
        self.states[id] = state
        if id in self.waiting:
            self.waiting.remove(id)
        if state is QUEUED:
            self.waiting.append(id)
        self.next_turn()

    def next_turn(self):
        while len(self.running) < self.slots and self.waiting:
            self.states[self.waiting.pop(0)] = RUNNING

    def active_run_of(self, name):
        return next((id for id in self.states if self.states[id].is_active and self.names[id].lower() == name), None)

    def name_by_now(self, id):
        path = self.home / "models" / id / "model.json"
        return read_json(path)["name"] if path.exists() else self.names[id]

    @initialize()
    def three_are_pressed(self):
        for model, key in (("a", None), ("b", "1"), (None, None)):
            self.press_train(model, key)

    @rule(model=st.sampled_from(["a", "A", "b", None]), key=st.sampled_from([None, None, "1", "2"]))
    def press_train(self, model, key):
        if self.asked.get(key, model) != model:
            with pytest.raises(Conflict, match="with this key"):
                self.service.run_start(StartRun(model=model, key=key, epochs=1))
            return
        expected = self.keys.get(key) or (model and self.active_run_of(model.lower()))
        answer = self.service.run_start(StartRun(model=model, key=key, epochs=1))
        run, new = (answer, False) if expected else (answer.reply, True)
        assert run.id == expected if expected else run.id not in self.states
        if key and new:
            self.keys[key], self.asked[key] = run.id, model
        if new:
            self.states[run.id], self.names[run.id] = QUEUED, run.model
            self.waiting.append(run.id)
            self.next_turn()

    @precondition(lambda self: self.states)
    @rule(data=st.data())
    def press_stop(self, data):
        id = data.draw(st.sampled_from(list(self.states)))
        manner = self.trainer(id).manner if self.states[id] is RUNNING else ""
        self.service.run_stop(id)
        if self.states[id] is RUNNING:
            self.now(id, {"finishes": SUCCEEDED, "fails": FAILED}.get(manner, STOPPED))
        elif self.states[id] not in FINAL:
            self.now(id, STOPPED)

    @precondition(lambda self: self.states)
    @rule(data=st.data())
    def press_resume(self, data):
        id = data.draw(st.sampled_from(list(self.states)))
        name = self.name_by_now(id)
        folder = self.home / "models" / id
        left = folder.exists() and not (folder / "model.json").exists()  # of a stopped one: these write no checkpoints
        may = self.states[id] is INTERRUPTED or (self.states[id] is STOPPED and left)
        if not may or self.active_run_of(name.lower()):
            with pytest.raises(Conflict):
                self.service.run_resume(id)
        else:
            self.service.run_resume(id)
            self.said.setdefault(id, []).append(QUEUED)  # it may be running before anybody looks
            self.names[id] = name
            self.now(id, QUEUED)

    @precondition(lambda self: self.states)
    @rule(data=st.data())
    def delete_its_model(self, data):
        id = data.draw(st.sampled_from(list(self.states)))
        if not (self.home / "models" / id / "model.json").exists():
            return
        if self.states[id].is_active:
            with pytest.raises(Conflict):
                self.service.model_delete(self.name_by_now(id))
            return
        self.service.model_delete(self.name_by_now(id))
        if self.states[id] is INTERRUPTED:
            self.now(id, STOPPED)

    @precondition(lambda self: self.running)
    @rule(manner=st.sampled_from(list(MANNERS)), data=st.data())
    def trainer_gets_a_manner(self, manner, data):
        self.trainer(data.draw(st.sampled_from(self.running))).manner = manner

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def trainer_publishes(self, data):
        id = data.draw(st.sampled_from(self.running))
        folder = ModelStore(self.home).folder(id, self.names[id])
        networks = recipe(TrainConfig()).networks
        about = {"data": "none", "preset": "fast", "networks": networks, "settings": TrainConfig(), "finished": False}
        folder.publish(
            ModelManifest(id=folder.id, name=folder.name, created=now(), epoch=1, step=1, seconds=1.0, **about), {}
        )

    @precondition(lambda self: self.running)
    @rule(code=st.sampled_from(list(EXITS)), data=st.data())
    def trainer_ends(self, code, data):
        id = data.draw(st.sampled_from(self.running))
        self.trainer(id).end(code)
        self.now(id, EXITS[code])

    @rule(killed=st.booleans())
    def server_starts_again(self, killed):
        ends = {} if killed else {"finishes": SUCCEEDED, "fails": FAILED}
        after = {id: ends.get(self.trainer(id).manner, INTERRUPTED) for id in self.running}
        if killed:
            self.end_of_server()
        else:
            self.service.close()
        self.states.update(after)
        self.next_turn()
        self.open()

    @invariant()
    def all_is_as_it_must_be(self):
        deadline = time.monotonic() + 10  # on a busy machine; nothing waits for it
        while (found := {run.id: run for run in self.service.runs().runs}) and any(
            run.state is not self.states[id] for id, run in found.items()
        ):
            assert time.monotonic() < deadline, ({id: run.state for id, run in found.items()}, self.states)
            time.sleep(0.001)
        assert found.keys() == self.states.keys()
        assert list(found) == list(self.states)[::-1], "the newest is not the first"
        places = {run.place: id for id, run in found.items() if run.place}
        assert [places[place] for place in sorted(places)] == self.waiting
        assert sorted(places) == list(range(1, len(self.waiting) + 1))
        for id, run in found.items():
            before = self.said.setdefault(id, [])
            if not before or before[-1] is not run.state:
                ended = before and before[-1] in FINAL
                assert not ended or (before[-1], run.state) == (STOPPED, QUEUED), "a final state has changed"
                before.append(run.state)
        active = [run.model.lower() for run in found.values() if run.state.is_active]
        assert len(active) == len(set(active))

    @invariant()
    def a_trainer_is_at_work_for_each_running_run_and_for_no_other(self):
        deadline = time.monotonic() + 3
        while sorted(trainer.folder.name for trainer in started if not trainer.ended.is_set()) != sorted(self.running):
            assert time.monotonic() < deadline, self.running
            time.sleep(0.001)
        for id in self.running:
            assert json.loads((self.trainer(id).folder / "settings.json").read_text())["model"] == self.names[id]


class RunsInTwoSlots(Runs):
    slots = 2


@pytest.fixture
def service(request, monkeypatch, tmp_path):
    """A service whose trainers do what the test says, with one slot unless the test is given another number."""
    monkeypatch.setattr(local.subprocess, "Popen", Trainer)
    monkeypatch.setattr(Service, "_warm", lambda self: None)
    started.clear()
    service = Service(tmp_path, "0" * 32, getattr(request, "param", 1))
    service.start()
    yield service
    service.close()


def wait_for(service, id, state):
    deadline = time.monotonic() + 3
    while (run := service.run(id)).state is not state:
        assert time.monotonic() < deadline, run
        time.sleep(0.01)
    return run


def wait_for_trainer(id):
    deadline = time.monotonic() + 3
    while not (found := [trainer for trainer in started if trainer.folder.name == id]):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found[-1]


@pytest.mark.parametrize(
    ("service", "turns"),
    [(1, ["anna", "ben", "tom", "anna", "ben", "anna"]), (2, ["anna", "anna", "ben", "tom", "anna", "ben"])],
    indirect=["service"],
)
def test_three_owners_take_turns_in_whatever_order_they_press(service, turns):
    owners = {}
    for number, who in enumerate(("anna", "anna", "anna", "ben", "ben", "tom")):
        run = service.run_start(StartRun(epochs=1), Asker(who, Role.STUDENT)).reply
        owners[run.id] = who
        if number < service.slots:
            wait_for_trainer(run.id)
    for begun in range(service.slots, len(turns)):
        next(trainer for trainer in started if not trainer.ended.is_set()).end(0)
        deadline = time.monotonic() + 3
        while len(started) <= begun:
            assert time.monotonic() < deadline
            time.sleep(0.001)
    assert [owners[trainer.folder.name] for trainer in started] == turns


@pytest.mark.parametrize("service", [2], indirect=True)
def test_of_two_trainings_the_one_that_the_system_killed_for_memory_is_told_from_the_other(service, monkeypatch):
    kills = iter([0, 0, *[1] * 10])
    monkeypatch.setattr(local, "_oom_kills", lambda: next(kills))
    first, second = (service.run_start(StartRun(epochs=1)).reply for _ in range(2))
    trainers = [wait_for_trainer(run.id) for run in (first, second)]
    for trainer, run, reason in zip(trainers, (first, second), ("out_of_memory", "killed"), strict=True):
        trainer.end(-9)
        assert wait_for(service, run.id, INTERRUPTED).reason == reason


def test_after_a_day_a_training_is_interrupted_and_the_next_has_its_turn(service, monkeypatch):
    monkeypatch.setattr(quotas, "HOURS", 0.2 / 3600)
    first, second = (service.run_start(StartRun(epochs=1)).reply for _ in range(2))
    cut = wait_for(service, first.id, INTERRUPTED)
    assert (cut.reason, "24 hours at a stretch" in cut.problem) == ("time_limit", True)
    wait_for(service, second.id, RUNNING)
    assert service.run_resume(first.id).place == 1


def test_a_press_of_stop_counts_for_more_than_the_time_limit_and_the_end_of_the_server(service, monkeypatch):
    monkeypatch.setattr(quotas, "HOURS", 0.1 / 3600)
    monkeypatch.setattr(launcher, "STOP_SECONDS", 0.5)
    run = service.run_start(StartRun(epochs=1)).reply
    wait_for_trainer(run.id).manner = "is deaf"
    while service.run(run.id).text != "stopping":
        time.sleep(0.01)
    service.run_stop(run.id)
    wait_for(service, run.id, STOPPED)


@pytest.mark.parametrize(("code", "said"), [(4, INTERRUPTED), (0, RUNNING)])
def test_an_end_that_cannot_be_stored_is_told_if_it_is_none_for_ever_and_stored_as_soon_as_can_be(
    service, monkeypatch, code, said
):
    run = service.run_start(StartRun(epochs=1)).reply
    trainer = wait_for_trainer(run.id)
    with monkeypatch.context() as full:
        refused = threading.Event()

        def refuse(*move):
            refused.set()
            raise ApiError(507, "disk_full", "full")

        full.setattr(RunStore, "move", refuse)
        trainer.end(code)
        assert refused.wait(3)
        wait_for(service, run.id, said)
        assert service.runs().runs[0].state is said
    wait_for(service, run.id, EXITS[code])


def test_a_training_that_cannot_be_started_for_want_of_room_can_go_on_later(service, monkeypatch):
    def refuse(*command, **how):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(local.subprocess, "Popen", refuse)
    run = service.run_start(StartRun(epochs=1)).reply
    assert wait_for(service, run.id, INTERRUPTED).reason == "disk_full"
    monkeypatch.setattr(local.subprocess, "Popen", Trainer)
    service.run_resume(run.id)
    wait_for(service, run.id, RUNNING)


def test_a_training_that_the_system_does_not_start_says_why_and_can_go_on_later(service, monkeypatch):
    def refuse(*command, **how):
        raise PermissionError(13, "Permission denied", "/usr/bin/python")

    monkeypatch.setattr(local.subprocess, "Popen", refuse)
    run = service.run_start(StartRun(epochs=1)).reply
    cut = wait_for(service, run.id, INTERRUPTED)
    assert cut.reason == "start"
    assert "Permission denied" in cut.problem
    monkeypatch.setattr(local.subprocess, "Popen", Trainer)
    service.run_resume(run.id)
    wait_for(service, run.id, RUNNING)


@pytest.mark.parametrize(
    ("failure", "problem"),
    [
        (
            {"code": "files", "message": "a.json: Permission denied."},
            "a.json: Permission denied. See to that; resume ",
        ),
        (None, "A file could not be read or written. See to that; resume goes on from the last checkpoint."),
    ],
)
def test_a_file_that_is_refused_interrupts_with_its_reason_and_the_run_can_go_on(service, failure, problem):
    run = service.run_start(StartRun(epochs=1)).reply
    trainer = wait_for_trainer(run.id)
    if failure:
        write_json(trainer.folder / "failure.json", failure)
    trainer.end(6)
    cut = wait_for(service, run.id, INTERRUPTED)
    assert cut.reason == "files"
    assert cut.problem.startswith(problem)
    service.run_resume(run.id)
    wait_for(service, run.id, RUNNING)


def test_a_run_whose_settings_another_version_stored_waits_for_an_update(service):
    first, second = (service.run_start(StartRun(epochs=1)).reply for _ in range(2))
    trainer = wait_for_trainer(first.id)
    service._runs._database.execute("UPDATE runs SET settings = '{}x' WHERE id = ?", (second.id,))
    assert "another version" in service.run(second.id).warnings[0]
    trainer.end(0)
    cut = wait_for(service, second.id, INTERRUPTED)
    assert (cut.reason, "another version's" in cut.problem) == ("version", True)
    assert len(started) == 1


def test_whose_model_it_is_stands_in_its_folder_before_it_is_trained(service):
    for who in (Asker("anna", Role.STUDENT), AS_OWNER):
        run = service.run_start(StartRun(epochs=1), who).reply
        trainer = wait_for_trainer(run.id)
        assert service._store.folder(run.id, run.model).owner() == who.name
        trainer.end(0)


def test_without_room_no_training_is_begun(service, monkeypatch):
    monkeypatch.setattr(quotas, "ROOM", 1 << 60)
    with pytest.raises(ApiError, match="make room first") as refused:
        service.run_start(StartRun(epochs=1))
    assert (refused.value.status, refused.value.code) == (507, "disk_full")
    assert service.runs().runs == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # as a kill ends the launcher
@pytest.mark.parametrize("machine", [Runs, RunsInTwoSlots])
def test_runs_keep_their_promises_in_whatever_order_things_happen(monkeypatch, machine):
    monkeypatch.setattr(local.subprocess, "Popen", Trainer)
    monkeypatch.setattr(launcher, "STOP_SECONDS", 0.02)
    monkeypatch.setattr(Service, "_warm", lambda self: None)
    monkeypatch.setattr(Service, "_tidy", lambda self: None)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # a step that fails takes seconds, too many to look for fewer steps
        ),
    )
