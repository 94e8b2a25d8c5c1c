"""The sweeps in the file of the runs: all of a sweep's runs or none, whole through kills and flipped bytes."""

import shutil

import pytest

from bridge_server.contract.runs import RunState
from bridge_server.errors import ApiError, Conflict
from bridge_server.runs.store import Press, RunStore
from bridge_server.runs.sweeps import SweepPress, SweepStore, Verdict
from ganmnist.config import TrainConfig
from ganmnist.names import OWNER


@pytest.fixture
def store(tmp_path):
    store = SweepStore(tmp_path / "runs.sqlite")
    yield store
    store.close()


def choose(wanted, count, held):
    name = wanted or f"digits-{len(held)}"
    return name, [f"{name}-{number + 1}" for number in range(count)]


def press(name="many", count=3, owner="anna", **others):
    settings = [TrainConfig(seed=seed) for seed in range(count)]
    return SweepPress(name, settings, ("seed",), "keep", owner, others.pop("asked", "digest"), **others)


def test_a_sweep_is_its_runs_in_order_and_each_knows_it(store):
    made, new = store.add_sweep(press(), choose)
    assert new
    assert list(made.runs.values()) == ["many-1", "many-2", "many-3"]
    assert [run.settings.seed for run in store.of_sweep(made)] == [0, 1, 2]
    assert [run.id for run in store.queue()] == list(made.runs)
    assert {store.sweep_of(id) for id in made.runs} == {made.id}
    alone, _ = store.add(Press("alone", TrainConfig()), lambda wanted, held: wanted)
    assert store.sweep_of(alone.id) is None


def test_what_does_not_fit_the_quota_leaves_nothing_and_says_how_many_fit(store):
    store.add_sweep(press(count=3), choose)
    with pytest.raises(
        ApiError, match="6 trainings at once are too many: 8 of anna's may run or wait, and 3 do, so 5 fit"
    ):
        store.add_sweep(press("more", 6), choose)
    assert len(store.all()) == 3
    assert len(store.unsettled()) == 1
    assert store.add_sweep(press("more", 5), choose)[1]
    assert store.add_sweep(press("other", 8, owner="ben"), choose)[1]


def test_a_write_that_fails_half_way_leaves_neither_runs_nor_sweep(store, monkeypatch):
    def fail(*_):
        raise RuntimeError("half way")

    monkeypatch.setattr(store, "_seal_sweep", fail)
    with pytest.raises(RuntimeError):
        store.add_sweep(press(), choose)
    assert (store.all(), store.unsettled(), store.sweeps(0, 9, None)) == ([], [], ([], 0, 0))


def test_the_same_key_is_the_same_sweep_and_so_is_the_same_press_while_it_is_under_way(store):
    first, _ = store.add_sweep(press(key="one"), choose)
    assert store.add_sweep(press(key="one"), choose) == (first, False)
    with pytest.raises(Conflict, match="take another key"):
        store.add_sweep(press(key="one", asked="other"), choose)
    with pytest.raises(Conflict, match="under way"):
        store.add_sweep(press(key="two"), choose)
    assert store.add_sweep(press(), choose) == (first, False)
    with pytest.raises(Conflict, match="under way"):
        store.add_sweep(press(asked="other"), choose)
    for id in first.runs:
        store.move(id, RunState.QUEUED, RunState.STOPPED)
    store.settle(first.id)
    assert store.add_sweep(press(), choose)[1], "its name is free again"
    assert store.add_sweep(press(key="one"), choose)[0].id == first.id, "a key is for ever"


def test_the_name_of_a_sweep_is_held_until_it_is_over(store):
    made, _ = store.add_sweep(press(), choose)
    seen = []
    store.add(Press("x", TrainConfig(), owner=OWNER), lambda wanted, held: seen.extend(held) or wanted)
    assert ("many", "anna") in seen
    for id in made.runs:
        store.move(id, RunState.QUEUED, RunState.STOPPED)
    store.settle(made.id)
    seen.clear()
    store.add(Press("y", TrainConfig(), owner=OWNER), lambda wanted, held: seen.extend(held) or wanted)
    assert seen == [("x", OWNER)]


def test_pages_of_sweeps_are_newest_first_and_ones_own(store):
    ids = [store.add_sweep(press(f"s-{n}", 1, owner=owner), choose)[0].id for n, owner in enumerate("abab")]
    found, following, total = store.sweeps(0, 3, None)
    assert ([each.id for each in found], total) == (ids[:0:-1], 4)
    assert [each.id for each in store.sweeps(following, 3, None)[0]] == ids[:1]
    assert [each.id for each in store.sweeps(0, 9, "b")[0]] == [ids[3], ids[1]]


def test_what_was_decided_and_done_is_known_over_a_restart(store, tmp_path):
    made, _ = store.add_sweep(press(), choose)
    verdict = Verdict(best=next(iter(made.runs)), figures=dict.fromkeys(made.runs, 5.5), said="It is the best.")
    store.decide(made.id, verdict)
    again = SweepStore(tmp_path / "runs.sqlite")
    assert (again.sweep(made.id).verdict, again.unsettled()[0].id) == (verdict, made.id)
    again.settle(made.id)
    assert (again.unsettled(), again.sweep(made.id).verdict) == ([], verdict)
    again.close()


@pytest.mark.parametrize("word", [b"It is the best.", b'"seed"', b'many-2"}'])
def test_a_flipped_byte_in_a_sweep_is_noticed_and_the_copy_used(store, tmp_path, word):
    made, _ = store.add_sweep(press(count=2), choose)
    store.decide(made.id, Verdict(best=None, figures={}, said="It is the best."))
    known = store.sweep(made.id)
    store.close()
    path = tmp_path / "runs.sqlite"
    content = path.read_bytes()
    assert word in content
    path.write_bytes(content.replace(word, word[:-1] + bytes([word[-1] ^ 1])))
    again = SweepStore(path)
    assert again.sweep(made.id) == known
    assert (tmp_path / "runs.sqlite.damaged").exists()
    again.close()


def test_a_file_from_before_there_were_sweeps_goes_on(tmp_path):
    path = tmp_path / "runs.sqlite"
    older = RunStore(path)
    older.add(Press("old", TrainConfig()), lambda wanted, held: wanted)
    older._database.execute("DROP TABLE sweeps")
    older.close()
    shutil.rmtree(tmp_path / "runs.copy.sqlite", ignore_errors=True)
    store = SweepStore(path)
    assert [run.model for run in store.all()] == ["old"]
    assert store.add_sweep(press(), choose)[1]
    assert not (tmp_path / "runs.sqlite.damaged").exists()
    store.close()
