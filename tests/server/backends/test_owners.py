"""A class shares one server: names, keys and places in the queue of others are theirs. Mock and real alike."""

from __future__ import annotations

import io
import time
from contextlib import suppress

import numpy as np
import pytest

from bridge_server.access.roles import AS_OWNER, Asker, Role
from bridge_server.backends.mock.backend import Mock
from bridge_server.backends.service import Service
from bridge_server.contract.base import PageQuery
from bridge_server.contract.datasets import DataUpload
from bridge_server.contract.models import ModelRename, ModelsQuery
from bridge_server.contract.runs import RunsQuery, RunState, StartRun
from bridge_server.errors import ApiError, Conflict
from bridge_server.runs import quotas
from ganmnist.errors import ModelNotFound
from ganmnist.models.store import ModelStore
from ganmnist.names import OWNER


class Real(Service):
    """The real one, whose queue stands still: what a training would publish is put there by hand."""

    def publish(self, run):
        owner = self._runs.get(run.id).owner
        store = ModelStore(self._home)
        manifest, weights = store.find(None).load()
        folder = store.folder(run.id, run.model)
        folder.give_to(owner)
        folder.publish(manifest.model_copy(update={"id": run.id, "name": run.model}), weights)
        store.close()
        self.run_stop(run.id)


class Played(Mock):
    def publish(self, run):
        while not any(model.id == run.id for model in self.models(ModelsQuery(limit=500)).models):
            time.sleep(0.01)
        self.run_stop(run.id)


@pytest.fixture(params=["mock", "real"])
def backend(request, tmp_path):
    backend = Played("x") if request.param == "mock" else Real(tmp_path, "x")
    yield backend
    backend.close()


def asker(who):
    """Return a student of that name, or the owner of the data directory."""
    return AS_OWNER if who == OWNER else Asker(who, Role.STUDENT)


def start(backend, who=OWNER, **request):
    """Press Train, and return the run and whether it is new."""
    answer = backend.run_start(StartRun(epochs=1, **request), asker(who))
    return getattr(answer, "reply", answer), hasattr(answer, "reply")


def test_a_training_under_the_name_of_somebody_elses_model_gets_another_and_says_so(backend):
    teachers, _ = start(backend, model="digits")
    backend.publish(teachers)
    annas, new = start(backend, "anna", model="DIGITS")
    assert (annas.model, new) == ("DIGITS-1", True)
    assert annas.warnings == ["DIGITS is somebody else's: this model is called DIGITS-1."]
    backend.publish(annas)
    assert backend.model("digits").id == teachers.id
    assert backend.model("digits-1").id == annas.id
    assert start(backend, "ben", model="digits-1")[0].model == "digits-2"


def test_ones_own_name_can_be_used_again_as_ever(backend):
    first, _ = start(backend, "anna", model="hers")
    backend.publish(first)
    second, new = start(backend, "anna", model="Hers")
    assert (second.model, new) == ("Hers", True)
    backend.publish(second)
    assert backend.model("hers").id == second.id


def test_two_people_who_press_train_under_one_name_have_a_run_each(backend):
    annas, _ = start(backend, "anna", model="same")
    bens, new = start(backend, "ben", model="SAME")
    assert (new, bens.model, bens.id != annas.id) == (True, "SAME-1", True)
    again, new = start(backend, "anna", model="same")
    assert (again.id, new) == (annas.id, False), "her own is there already"


def test_a_key_is_its_holders_and_stands_for_one_request(backend):
    first, _ = start(backend, "anna", model="a", key="press")
    backend.run_stop(first.id)
    again, new = start(backend, "anna", model="a", key="press")
    assert (again.id, new) == (first.id, False), "also when it has ended"
    for other in ({"model": "b"}, {"model": "a", "seed": 1}, {}):
        with pytest.raises(Conflict, match="take another key") as refused:
            start(backend, "anna", key="press", **other)
        assert refused.value.status == 409
    bens, new = start(backend, "ben", model="c", key="press")
    assert (new, bens.id != first.id) == (True, True)


def test_a_press_that_is_repeated_is_the_same_though_the_model_it_starts_from_is_gone(backend):
    backend.publish(start(backend, model="first")[0])
    run, _ = start(backend, model="on", key="press", start_from="first")
    backend.run_stop(run.id)
    backend.model_delete("first")
    assert start(backend, model="on", key="press", start_from="first")[0].id == run.id
    with pytest.raises(ModelNotFound):
        start(backend, model="on", start_from="first")


def test_nobody_fills_the_queue_alone(backend):
    for number in range(quotas.ACTIVE):
        start(backend, "anna", model=f"a-{number}")
    for _ in range(3):
        with pytest.raises(ApiError, match="8 of anna's trainings run or wait") as refused:
            start(backend, "anna")
        assert (refused.value.status, refused.value.code) == (409, "too_many_runs")
    assert not start(backend, "anna", model="a-0")[1], "a press for what is there already is none too many"
    ours, _ = start(backend, "ben")
    assert start(backend)[1]
    assert backend.runs(RunsQuery(limit=1)).total == quotas.ACTIVE + 2
    newest = backend.runs().runs[2]
    assert newest.model == f"a-{quotas.ACTIVE - 1}"
    backend.run_stop(newest.id)
    assert start(backend, "anna")[1]
    assert backend.run(ours.id).state.is_active


def test_the_owner_of_the_data_directory_may_queue_more(backend, monkeypatch):
    monkeypatch.setattr(quotas, "OWNERS_ACTIVE", quotas.ACTIVE + 2)
    for _ in range(quotas.ACTIVE + 2):
        start(backend)
    with pytest.raises(ApiError, match="10 of owner's trainings"):
        start(backend)


def names(reply):
    return [run.model for run in reply.runs]


def test_runs_come_in_pages_newest_first(backend):
    for number in range(7):
        start(backend, model=f"m-{number}")
    first = backend.runs(RunsQuery(limit=3))
    assert (names(first), first.total) == (["m-6", "m-5", "m-4"], 7)
    start(backend, model="meanwhile")
    second = backend.runs(RunsQuery(limit=3, after=first.next)) if isinstance(backend, Real) else None
    if second:
        assert names(second) == ["m-3", "m-2", "m-1"], "what comes meanwhile moves nothing"
        last = backend.runs(RunsQuery(limit=3, after=second.next))
        assert (names(last), last.next) == (["m-0"], 0)


def test_runs_are_asked_for_by_their_model_and_by_whether_they_have_ended(backend):
    ended, waiting = (start(backend, model=name)[0] for name in ("ended", "waiting"))
    backend.publish(ended)
    again, _ = start(backend, model="ended")
    assert [run.id for run in backend.runs(RunsQuery(model="ENDED")).runs] == [again.id, ended.id]
    assert backend.runs(RunsQuery(model="nobody")).runs == []
    active = backend.runs(RunsQuery(only="active"))
    assert ({run.id for run in active.runs}, active.total) == ({waiting.id, again.id}, 2)
    assert [run.id for run in backend.runs(RunsQuery(only="unfinished", limit=1)).runs] == [again.id]
    assert [run.id for run in backend.runs(RunsQuery(only="active", model="ended")).runs] == [again.id]


def test_a_run_is_found_by_the_name_that_its_model_has_by_now(backend):
    run, _ = start(backend, model="before")
    backend.publish(run)
    backend.model_rename("before", ModelRename(name="after"))
    assert [found.id for found in backend.runs(RunsQuery(model="after")).runs] == [run.id]
    assert backend.runs(RunsQuery(model="before")).runs == []


def test_models_come_in_pages_that_end_with_the_bundled_one(backend):
    for number in range(5):
        backend.publish(start(backend, model=f"m-{number}")[0])
    first = backend.models(ModelsQuery(limit=3))
    assert [model.name for model in first.models] == ["m-4", "m-3", "m-2", "bundled"]
    assert first.total == 6
    last = backend.models(ModelsQuery(limit=3, after=first.next))
    assert [model.name for model in last.models] == ["m-1", "m-0", "bundled"]
    assert (last.next, last.remarks) == (0, [])
    one = backend.models(ModelsQuery(name="M-0"))
    assert ([model.name for model in one.models], one.total, one.next) == (["m-0"], 1, 0)
    assert backend.models(ModelsQuery(name="nobody")).models == []


def test_a_page_has_its_bounds():
    assert (PageQuery().limit, PageQuery().after) == (100, 0)
    for wrong in ({"limit": 0}, {"limit": 501}, {"after": -1}, {"limit": True}):
        with pytest.raises(ValueError, match=r"limit|after"):
            PageQuery(**wrong)


def test_what_somebody_trains_again_after_a_break_keeps_its_name_though_another_wants_it(tmp_path):
    backend = Real(tmp_path, "x")
    run, _ = start(backend, "anna", model="hers")
    backend._runs.move(run.id, RunState.QUEUED, RunState.RUNNING)
    backend._runs.move(run.id, RunState.RUNNING, RunState.INTERRUPTED, "killed", "It was killed.")
    assert start(backend, "ben", model="hers")[0].model == "hers-1"
    (tmp_path / "models" / run.id).mkdir(parents=True)
    assert backend.run_resume(run.id).model == "hers"
    backend.close()


def sent(backend, who, rows=40):
    """Send a table of pictures from one and the same place; return what the data set is called."""
    table = io.BytesIO()
    np.savez(table, x_train=np.full((rows, 28, 28), 9, np.uint8), y_train=np.arange(rows) % 2)
    begun = backend.dataset_upload(DataUpload(file="trees.npz", sent_from="1f0e"), io.BytesIO(table.getvalue()), asker(who))
    while backend.dataset(begun.name).state == "preparing":
        time.sleep(0.01)
    return begun.name


def test_what_somebody_sends_never_takes_the_place_of_anothers_data_set(backend):
    assert sent(backend, "tom") == sent(backend, "tom") == "trees"
    assert "sent by tom from 1f0e" in backend.dataset("trees").source
    assert sent(backend, "anna") == "trees-2"
    assert sent(backend, OWNER) == "trees-3"
    assert backend.dataset("trees-3").source == "trees.npz, sent from 1f0e"


def test_a_data_set_that_a_training_learns_from_is_not_exchanged(tmp_path):
    backend = Real(tmp_path, "x")
    name = sent(backend, "anna")
    run, _ = start(backend, "anna", model="mine", data=name)
    with pytest.raises(Conflict, match="being learned from by model mine"):
        sent(backend, "anna")
    backend.run_stop(run.id)
    assert sent(backend, "anna") == name
    backend.close()
