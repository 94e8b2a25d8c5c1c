"""A class shares one server: names, keys and places in the queue of others are theirs. Mock and real alike."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest

from bridge_server.access.roles import AS_OWNER, Asker, Role
from bridge_server.backends.mock.backend import Mock
from bridge_server.backends.service import Service
from bridge_server.contract.base import PageQuery
from bridge_server.contract.datasets import DataUpload
from bridge_server.contract.models import ModelRename, ModelsQuery
from bridge_server.contract.runs import ProgressQuery, RunsQuery, RunState, StartRun
from bridge_server.errors import ApiError, Conflict
from bridge_server.runs import quotas
from bridge_server.runs.status_text import waiting
from ganmnist.errors import ModelNotFound, SettingError
from ganmnist.models.manifest import ALL_BUNDLED
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


def test_models_come_in_pages_that_end_with_the_bundled_ones(backend):
    for number in range(5):
        backend.publish(start(backend, model=f"m-{number}")[0])
    first = backend.models(ModelsQuery(limit=3))
    assert [model.name for model in first.models] == ["m-4", "m-3", "m-2", *ALL_BUNDLED]
    assert first.total == 5 + len(ALL_BUNDLED)
    last = backend.models(ModelsQuery(limit=3, after=first.next))
    assert [model.name for model in last.models] == ["m-1", "m-0", *ALL_BUNDLED]
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
    begun = backend.dataset_upload(
        DataUpload(file="trees.npz", sent_from="1f0e"), io.BytesIO(table.getvalue()), asker(who)
    )
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


def test_a_run_is_its_owners_and_for_other_students_it_is_not_there(backend):
    annas, _ = start(backend, "anna", model="hers")
    teacher = Asker("tom", Role.TEACHER)
    for stranger in (asker("ben"), Asker("vera", Role.VIEWER), Asker("ANNA", Role.STUDENT)):
        for call in ("run", "run_stop", "run_resume", "run_preview"):
            with pytest.raises(ApiError, match=f"There is no run {annas.id}") as refused:
                getattr(backend, call)(annas.id, who=stranger)
            assert (refused.value.status, refused.value.code) == (404, "run_not_found")
        with pytest.raises(ApiError, match="There is no run"):
            backend.run_progress(annas.id, ProgressQuery(), stranger)
        for query in (RunsQuery(), RunsQuery(model="hers"), RunsQuery(only="active")):
            assert (backend.runs(query, stranger).runs, backend.runs(query, stranger).total) == ([], 0)
    for who in (asker("anna"), teacher, AS_OWNER):
        assert backend.run(annas.id, who).owner == "anna"
        assert [run.id for run in backend.runs(RunsQuery(), who).runs] == [annas.id]
    assert backend.run_stop(annas.id, teacher).state == "stopped"


def test_of_others_runs_one_is_told_their_places_and_nothing_else(backend):
    for who in ("anna", "anna", "ben"):
        start(backend, who, seconds=60)
    told = backend.queue(asker("ben")).model_dump_json()
    mine = [place for place in backend.queue(asker("ben")).places if place.run]
    assert [backend.run(place.run).owner for place in mine] == ["ben"]
    assert "in the queue" in mine[0].text
    for annas in backend.runs(who=asker("anna")).runs:
        for secret in (annas.id, annas.model, "anna", annas.created):
            assert secret not in told
    assert all(place.run for place in backend.queue().places), "whoever runs the server sees all"
    assert backend.queue(Asker("vera", Role.VIEWER)).places[0].run is None


def test_owners_take_turns_and_ones_own_wait_in_the_order_of_the_presses(backend):
    runs = {}
    for who in ("anna", "anna", "anna", "ben", "ben", "tom"):
        run, _ = start(backend, who)
        runs[run.id] = who
    queued = [place for place in backend.queue().places if place.place]
    owners = [runs[place.run] for place in queued]
    if isinstance(backend, Played):  # whose first run is under way
        assert owners == ["ben", "tom", "anna", "ben", "anna"]
    else:
        assert owners == ["anna", "ben", "tom", "anna", "ben", "anna"]
    assert [place.place for place in queued] == list(range(1, len(queued) + 1))
    for place in queued:
        assert (backend.run(place.run).place, backend.run(place.run).text) == (place.place, place.text)


def test_a_model_is_renamed_and_deleted_by_whose_it_is_and_by_a_teacher(backend):
    run, _ = start(backend, "anna", model="hers")
    backend.publish(run)
    assert [backend.model("hers", who).yours for who in (asker("anna"), asker("ben"), AS_OWNER)] == [True, False, True]
    assert not backend.model("bundled", AS_OWNER).yours
    yours = {model.name: model.yours for model in backend.models(who=asker("ben")).models}
    assert yours == {"hers": False, **dict.fromkeys(ALL_BUNDLED, False)}, "all see it, and may draw with it"
    for change in (
        lambda: backend.model_rename("hers", ModelRename(name="bens"), asker("ben")),
        lambda: backend.model_delete("HERS", asker("ben")),
    ):
        with pytest.raises(ApiError, match="somebody else's") as refused:
            change()
        assert (refused.value.status, refused.value.code) == (403, "role")
    assert backend.model_rename("hers", ModelRename(name="mine"), asker("anna")).yours
    assert backend.model_rename("mine", ModelRename(name="ours"), Asker("tom", Role.TEACHER)).name == "ours"
    assert backend.model_delete("ours", asker("anna")).deleted == "ours"
    with pytest.raises(SettingError, match="part of ganmnist"):
        backend.model_delete("bundled", asker("anna"))


def test_a_data_set_is_deleted_by_who_sent_it_and_by_a_teacher(backend):
    name = sent(backend, "anna")
    assert [backend.dataset(name, asker(who)).yours for who in ("anna", "ben", OWNER)] == [True, False, True]
    assert [data.yours for data in backend.datasets(asker("ben")).datasets] == [False]
    with pytest.raises(ApiError, match="somebody else's") as refused:
        backend.dataset_delete(name, asker("ben"))
    assert refused.value.status == 403
    assert backend.dataset_delete(name, asker("anna")).deleted == name
    assert sent(backend, "anna") == name
    assert backend.dataset_delete(name, Asker("tom", Role.TEACHER)).deleted == name


def test_who_learns_from_a_data_set_is_not_told_to_its_owner(tmp_path):
    backend = Real(tmp_path, "x")
    name = sent(backend, "anna")
    run, _ = start(backend, "ben", model="secret", data=name)
    with pytest.raises(Conflict, match="by somebody else") as refused:
        backend.dataset_delete(name, asker("anna"))
    assert "secret" not in str(refused.value)
    with pytest.raises(Conflict, match="model secret"):
        backend.dataset_delete(name)
    backend.run_stop(run.id, asker("ben"))
    backend.dataset_delete(name, asker("anna"))
    backend.close()


def test_an_import_under_way_is_its_senders_to_end(backend):
    begun = backend.dataset_upload(DataUpload(file="trees.zip"), io.BytesIO(b"PK"), asker("anna"))
    assert begun.yours
    with pytest.raises(ApiError, match="somebody else's"):
        backend.dataset_delete(begun.name, asker("ben"))
    backend.dataset_delete(begun.name, asker("anna"))


def test_a_restart_changes_neither_the_order_nor_whose_turn_it_is(tmp_path):
    backend = Real(tmp_path, "x")
    runs = [start(backend, who)[0] for who in ("anna", "ben", "tom", "anna", "ben", "ben", "tom")]
    for begun in (runs[1], runs[0]):  # ben trained longest ago, and tom never has
        backend._runs.move(begun.id, RunState.QUEUED, RunState.RUNNING)
        backend._runs.move(begun.id, RunState.RUNNING, RunState.SUCCEEDED)
    before = [place.run for place in backend.queue().places]
    assert [backend.run(id).owner for id in before] == ["tom", "ben", "anna", "tom", "ben"]
    backend.close()
    backend = Real(tmp_path, "y")
    assert [place.run for place in backend.queue().places] == before
    backend.close()


def test_a_wait_is_told_by_the_budgets_of_those_before(tmp_path):
    backend = Real(tmp_path, "x", 2)
    budgets = ({"seconds": 100}, {"seconds": 300}, {"seconds": 30}, {})
    runs = [getattr(backend.run_start(StartRun(**budget), asker("anna")), "reply", None) for budget in budgets]
    texts = [backend.run(run.id).text for run in runs]
    assert texts[:2] == ["1st in the queue, about 10 seconds", "2nd in the queue, about 10 seconds"], "two slots"
    assert texts[2:] == ["3rd in the queue, about 2 minutes", "4th in the queue, about 2 minutes"]
    backend.close()


@pytest.mark.parametrize(
    ("place", "seconds", "said"),
    [
        (1, None, "1st in the queue"),
        (2, 0.0, "2nd in the queue, about 10 seconds"),
        (3, 44.0, "3rd in the queue, about 40 seconds"),
        (11, 240.0, "11th in the queue, about 4 minutes"),
        (12, 96 * 60.0, "12th in the queue, about 2 hours"),
        (13, 90 * 3600.0, "13th in the queue, about 90 hours"),
        (21, 95.0, "21st in the queue, about 2 minutes"),
        (102, 94.0, "102nd in the queue, about 90 seconds"),
    ],
)
def test_places_and_waits_are_said_as_roughly_as_they_are_known(place, seconds, said):
    assert waiting(place, seconds) == said
