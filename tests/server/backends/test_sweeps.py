"""Sweeps: they stand as their runs do, the best gets the name, and nobody else's models are touched. Mock and real."""

from __future__ import annotations

import shutil
import tempfile
import time
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge_server.access.roles import AS_OWNER, Asker, Role
from bridge_server.backends import sweep_endings
from bridge_server.backends.evaluations import Figures
from bridge_server.backends.mock.backend import Mock
from bridge_server.backends.service import Service
from bridge_server.contract.models import ModelRename
from bridge_server.contract.runs import RunState, StartRun
from bridge_server.contract.sweeps import StartSweep, SweepState
from bridge_server.errors import ApiError, Conflict
from ganmnist.errors import DataError, ModelNotFound
from ganmnist.models.figures import Estimate, Evaluation
from ganmnist.models.manifest import ALL_BUNDLED, Source
from ganmnist.models.store import ModelStore

MEMORY = Path("/dev/shm")  # where a sync takes no time
ANNA, BEN, TEACHER = Asker("anna", Role.STUDENT), Asker("ben", Role.STUDENT), Asker("tom", Role.TEACHER)


class Real(Service):
    """The real one, whose queue stands still: what trainings leave is put there by hand, and what is measured."""

    def __init__(self, home):
        super().__init__(home, "x")
        self.found: dict[str, float | None] = {}  # FID by run; none: it cannot be measured

    def _evaluation(self, request):
        manifest = self._store.manifest(request.model)
        source = Source(manifest.name, manifest.id, manifest.step, manifest.sha256)
        return source, partial(self._figures, manifest.id, request.count)

    def _figures(self, id, count, report):
        if (frechet := self.found.get(id)) is None:
            raise DataError("there are too few pictures to compare with")
        figures = {"inception": 1.0, "confident": 1.0, "precision": 1.0, "recall": 1.0, "classes": (0.1,) * 10}
        found = Evaluation(images=count, frechet=frechet, **figures)
        return Figures("test-digits", found, found)

    def trained(self, run, state=RunState.SUCCEEDED, frechet=None, publish=True):
        """Have a run end in a state, with a model or without."""
        record = self._runs.get(run)
        if publish:
            manifest, weights = self._store.find(None).load()
            folder = self._store.folder(run, record.model)
            folder.give_to(record.owner)
            estimate = frechet and Estimate(frechet=frechet, confident=0.9)
            changes = {"id": run, "name": record.model, "finished": True, "estimate": estimate}
            folder.publish(manifest.model_copy(update=changes), weights)
        self._runs.move(run, RunState.QUEUED, RunState.RUNNING)
        self._runs.move(run, RunState.RUNNING, state)

    def look(self):
        """Do what the thread does, once."""
        for record in self._runs.unsettled():
            self._end(record)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(sweep_endings, "_ASK_SECONDS", 0.002)


@pytest.fixture
def real(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep_endings.SweepEndings, "_see_sweeps_through", lambda self: None)
    backend = Real(tmp_path)
    yield backend
    backend.close()


@pytest.fixture(params=["mock", "real"])
def backend(request, tmp_path):
    backend = Mock("x") if request.param == "mock" else Service(tmp_path, "x")
    yield backend
    backend.close()


def start(backend, who=ANNA, **request):
    request.setdefault("sweep", {"seed": [3, 4, 5]})
    answer = backend.sweep_start(StartSweep(epochs=1, **request), who)
    return getattr(answer, "reply", answer)


def test_a_sweep_is_a_table_of_ordinary_runs(backend):
    made = start(backend, model="many", sweep={"seed": [3, 4], "learning_rate": [0.001, 0.002]})
    assert (made.name, made.owner, made.state, made.trainings, made.ended) == ("many", "anna", "running", 4, 0)
    assert made.axes == {"seed": [3, 4], "learning_rate": [0.001, 0.002]}
    assert [row.model for row in made.runs] == ["many-1", "many-2", "many-3", "many-4"]
    assert [tuple(row.values.values()) for row in made.runs] == [(3, 0.001), (3, 0.002), (4, 0.001), (4, 0.002)]
    run = backend.run(made.runs[1].run, ANNA)
    assert (run.sweep, run.settings.seed, run.settings.learning_rate, run.owner) == (made.id, 3, 0.002, "anna")
    assert "4 of" not in made.text
    assert made.text.endswith("waiting")
    stopped = backend.sweep_stop(made.id, ANNA)
    assert {row.state for row in stopped.runs} == {RunState.STOPPED}
    assert stopped.state is SweepState.JUDGING


def test_a_sweep_is_its_owners_and_the_teachers(backend):
    made = start(backend, model="hers")
    for call in (backend.sweep, backend.sweep_stop, backend.sweep_resume):
        with pytest.raises(ApiError) as refused:
            call(made.id, BEN)
        assert (refused.value.status, refused.value.code) == (404, "sweep_not_found")
    assert backend.sweeps(who=BEN).sweeps == []
    assert [each.id for each in backend.sweeps(who=TEACHER).sweeps] == [made.id]
    assert [each.id for each in backend.sweeps(who=ANNA).sweeps] == [made.id]
    assert backend.sweep_stop(made.id, TEACHER).ended == 3


def test_pressing_again_is_the_same_sweep_and_what_does_not_fit_starts_nothing(backend):
    made = start(backend, model="many", key="press")
    assert start(backend, model="many", key="press").id == made.id
    with pytest.raises(Conflict):
        start(backend, model="other", key="press")
    with pytest.raises(ApiError, match="3 do, so 5 fit"):
        start(backend, model="more", sweep={"seed": list(range(6))})
    assert backend.runs(who=ANNA).total == 3
    assert start(backend, BEN, model="many").name == "many-4", "hers is under way, and 1 to 3 are its trainings"


def test_names_that_others_have_are_left_to_them(backend):
    backend.run_start(StartRun(model="same", epochs=1), BEN)
    made = start(backend, model="same")
    assert made.name == "same-1"
    assert made.warnings == ["same is somebody else's: this model is called same-1."]
    assert [row.model for row in made.runs] == ["same-1-1", "same-1-2", "same-1-3"]
    assert [start(backend, sweep={"seed": [number, 9]}).name for number in range(2)] == ["digits-1", "digits-2"]


def test_nothing_is_interrupted_so_there_is_nothing_to_resume(backend):
    made = start(backend)
    with pytest.raises(Conflict, match="nothing to go on with"):
        backend.sweep_resume(made.id, ANNA)


def test_the_mock_ends_a_sweep_with_the_best_under_its_name():
    mock = Mock("x", slots=4)
    made = start(mock, model="many", others="drop")
    for run in mock._runs:
        run.begins = time.monotonic() - 60
    deadline = time.monotonic() + 20
    said = set()
    while (found := mock.sweep(made.id, ANNA)).state is not SweepState.ENDED:
        assert time.monotonic() < deadline, found
        said.add(found.text)
        time.sleep(0.05)
    assert {f"all 3 ended - the judge compares them, {place} of 3" for place in (1, 2, 3)} <= said
    assert found.best == found.runs[0].run
    assert (found.runs[0].model, found.runs[0].best) == ("many", True)
    assert [model.name for model in mock.models().models] == ["many", *ALL_BUNDLED]
    assert found.decided.startswith("The best has FID")
    mock.close()


def test_the_best_gets_the_name_and_an_older_model_of_ones_own_steps_aside(real):
    older = real.run_start(StartRun(model="many", epochs=1), ANNA).reply.id
    real.trained(older)
    made = start(real, model="many")
    first, second, third = (row.run for row in made.runs)
    real.found = {first: 9.0, second: 7.0, third: 8.0}
    real.look()
    for run in (first, second):
        real.trained(run)
    assert real.sweep(made.id, ANNA).state is SweepState.RUNNING
    real.look()
    assert real.model("many").id == older, "not before all have ended"
    real.trained(third)
    real.look()
    table = real.sweep(made.id, ANNA)
    assert (table.state, table.best) == (SweepState.ENDED, second)
    assert [(row.run, row.judged, row.best) for row in table.runs] == [
        (second, 7.0, True),
        (third, 8.0, False),
        (first, 9.0, False),
    ]
    assert table.decided == "The best has FID 7.0, the next 8.0, of 10,000 digits each beside images of test-digits."
    assert {model.name: model.id for model in real.models().models if model.id not in ALL_BUNDLED} == {
        "many": second,
        "many-4": older,
        "many-1": first,
        "many-3": third,
    }
    real.look()
    real.model_rename("many", ModelRename(name="mine"), ANNA)
    real.look()
    assert real.sweep(made.id, ANNA).warnings == ["The best is called mine, not many."]


def test_the_others_are_dropped_where_that_was_asked_for_but_none_that_was_renamed_or_not_measured(real):
    older = real.run_start(StartRun(model="older", epochs=1), ANNA).reply.id
    real.trained(older)
    made = start(real, model="many", others="drop", sweep={"seed": [1, 2, 3, 4, 5]})
    best, worse, renamed, unmeasured, failed = (row.run for row in made.runs)
    real.found = {best: 5.0, worse: 6.0, renamed: 7.0, unmeasured: None}
    for run in (best, worse, renamed, unmeasured):
        real.trained(run)
    real.model_rename("many-3", ModelRename(name="kept"), ANNA)
    real.model_rename("older", ModelRename(name="many-3"), ANNA)
    real.trained(failed, RunState.FAILED, publish=False)
    real.look()
    assert {model.name for model in real.models().models} == {"many", "kept", "many-3", "many-4", *ALL_BUNDLED}
    assert real.model("many-3").id == older, "by now another model has that name"
    table = real.sweep(made.id, ANNA)
    assert "1 model could not be measured, and is kept." in table.decided
    assert table.text == "finished - 4 of 5 trained to their end, 1 failed"


def test_where_the_judge_cannot_say_the_trainings_own_figures_decide_or_nobody_does(real):
    made = start(real, model="own", others="drop")
    for row, frechet in zip(made.runs, (9.0, 7.5, 8.0), strict=True):
        real.trained(row.run, frechet=frechet)
    real.look()
    table = real.sweep(made.id, ANNA)
    assert table.best == made.runs[1].run
    assert "what the judge said of each while it was trained, FID 7.5: there are too few pictures" in table.decided
    assert [model.name for model in real.models().models] == ["own", *ALL_BUNDLED]
    made = start(real, model="none", others="drop")
    for row in made.runs:
        real.trained(row.run)
    real.look()
    table = real.sweep(made.id, ANNA)
    assert table.best is None
    assert "cannot be said, so all are kept" in table.decided
    assert {"none-1", "none-2", "none-3"} < {model.name for model in real.models().models}


def test_of_different_numbers_of_images_the_trainings_own_figures_do_not_decide(real):
    made = start(real, model="few", sweep={"images": [500, 600]})
    for row, frechet in zip(made.runs, (9.0, 7.5), strict=True):
        real.trained(row.run, frechet=frechet)
    real.look()
    assert real.sweep(made.id, ANNA).best is None


def test_a_name_that_somebody_else_has_taken_meanwhile_stays_theirs(real):
    made = start(real, model="many", sweep={"seed": [1, 2]})
    bens = real.run_start(StartRun(model="bens", epochs=1), BEN).reply.id
    real.trained(bens)
    real.model_rename("bens", ModelRename(name="many"), BEN)
    for row in made.runs:
        real.trained(row.run)
    real.found = {made.runs[0].run: 1.0, made.runs[1].run: 2.0}
    real.look()
    table = real.sweep(made.id, ANNA)
    assert (real.model("many").id, table.runs[0].model) == (bens, "many-1")
    assert table.warnings == ["The best is called many-1, not many."]


def test_an_interrupted_training_holds_the_end_until_it_goes_on_or_is_stopped(real):
    made = start(real, model="many", sweep={"seed": [1, 2]})
    first, second = (row.run for row in made.runs)
    real.trained(first)
    real.trained(second, RunState.INTERRUPTED)
    real.look()
    table = real.sweep(made.id, ANNA)
    assert (table.state, table.text) == ("interrupted", "1 of 2 ended, 1 interrupted - resume to go on, or stop")
    assert real.sweep_resume(made.id, ANNA).state is SweepState.RUNNING
    real.sweep_stop(made.id, ANNA)
    real.found = {first: 2.0, second: 1.0}
    real.look()
    assert real.sweep(made.id, ANNA).best == second


class Killed(BaseException):
    """The server was, at this moment."""


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    figures=st.lists(st.one_of(st.none(), st.floats(0.5, 400)), min_size=2, max_size=4),
    renamed=st.sets(st.integers(0, 3)),
    others=st.sampled_from(["keep", "drop"]),
    kills=st.lists(st.integers(0, 5), max_size=3),
)
def test_whenever_the_server_is_killed_the_best_is_there_and_nobody_elses_is_gone(figures, renamed, others, kills):
    home = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    see = sweep_endings.SweepEndings._see_sweeps_through
    sweep_endings.SweepEndings._see_sweeps_through = lambda self: None
    try:
        real = Real(home)
        bens = real.run_start(StartRun(model="bens", epochs=1), BEN).reply.id
        real.trained(bens)
        made = start(real, model="many", others=others, sweep={"seed": list(range(len(figures)))})
        ids = [row.run for row in made.runs]
        found = dict(zip(ids, figures, strict=True))
        for id in ids:
            real.trained(id)
        by_hand = {ids[place]: f"hand-{place}" for place in renamed if place < len(ids)}
        for id, name in by_hand.items():
            real.model_rename(made.runs[ids.index(id)].model, ModelRename(name=name), ANNA)
        for left in [*kills, None]:
            real.found = found
            kill_after(real, left)
            try:
                real.look()
            except Killed:
                real._runs.close()
                real = Real(home)
        names = {model.id: model.name for model in ModelStore(home).list()}
        assert names[bens] == "bens"
        measured = {id: figure for id, figure in found.items() if figure is not None}
        best = min(measured, key=measured.get) if len(ids) > 1 and measured else ids[0] if len(ids) == 1 else None
        for place, id in enumerate(ids):
            if id == best:
                assert names[id] == by_hand.get(id, "many")
            elif others == "drop" and best and id in measured and id not in by_hand:
                assert id not in names
            else:
                assert names[id] == by_hand.get(id, f"many-{place + 1}")
        assert real.sweep(made.id, ANNA).state is SweepState.ENDED
        real.close()
    finally:
        sweep_endings.SweepEndings._see_sweeps_through = see
        shutil.rmtree(home)


def kill_after(real, left):
    """Have the server die before one of the things that it does in the end: after so many of them, or never."""

    def counted(work):
        def step(*given):
            nonlocal left
            if left == 0:
                raise Killed
            left = left and left - 1
            return work(*given)

        return step

    for holder, name in ((real._runs, "decide"), (real._runs, "settle"), (real, "_rename"), (real, "_drop")):
        setattr(holder, name, counted(getattr(holder, name)))


def test_a_model_that_is_gone_is_not_missed(real):
    made = start(real, model="many", sweep={"seed": [1, 2]})
    for row in made.runs:
        real.trained(row.run)
    real.model_delete("many-1", ANNA)
    real.look()
    with pytest.raises(ModelNotFound):
        real.model("many-1")
    assert real.model("many", AS_OWNER).id == made.runs[1].run
