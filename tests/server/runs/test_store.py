"""The store of runs: allowed moves only, one winner per race, and nothing forgotten."""

import hashlib
import json
import shutil
import sqlite3
import threading
from datetime import datetime
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge_server.contract.runs import RunState
from bridge_server.errors import ApiError, Conflict
from bridge_server.runs import database
from bridge_server.runs import store as runs
from bridge_server.runs.store import FINAL, MOVES, Press, RunStore
from ganmnist.config import TrainConfig
from ganmnist.names import OWNER


@pytest.fixture
def store(tmp_path):
    store = RunStore(tmp_path / "runs.sqlite")
    yield store
    store.close()


def add(store, model="one", key=None, **press):
    return store.add(
        Press(model, TrainConfig(), key, **press), lambda wanted, held: wanted or f"digits-{len(held) + 1}"
    )


def add_many(store):
    for number in range(100):
        add(store, f"model-{number}")


def test_every_state_has_its_moves_and_final_ones_have_none():
    assert MOVES.keys() == set(RunState)
    assert {RunState.SUCCEEDED, RunState.FAILED, RunState.STOPPED} == FINAL


@pytest.mark.parametrize("before", RunState)
@pytest.mark.parametrize("after", RunState)
def test_only_the_moves_of_the_table_are_made(store, before, after):
    run, _ = add(store)
    if after in MOVES[before]:
        assert store.move(run.id, before, after) == (before is RunState.QUEUED)
    else:
        with pytest.raises(ValueError, match="cannot go"):
            store.move(run.id, before, after)


def test_of_many_who_move_one_run_one_wins(store):
    run, _ = add(store)
    won = []
    gate = threading.Barrier(10)

    def try_it(after):
        gate.wait()
        if store.move(run.id, RunState.QUEUED, after):
            won.append(after)

    threads = [threading.Thread(target=try_it, args=[after]) for after in [RunState.RUNNING, RunState.STOPPED] * 5]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [store.get(run.id).state]


def test_the_same_key_gives_the_same_run_even_after_it_has_ended(store):
    run, new = add(store, key="press")
    assert new
    store.move(run.id, RunState.QUEUED, RunState.STOPPED)
    again, new = add(store, model="other", key="press")
    assert (again.id, new) == (run.id, False)
    assert add(store, key="second press")[0].id != run.id


def test_a_model_without_a_name_gets_one_that_no_run_has_taken(store):
    first, _ = add(store, model=None)
    second, _ = add(store, model=None)
    assert (first.model, second.model) == ("digits-1", "digits-2")


def test_an_interrupted_run_queues_behind_those_that_wait(store):
    first, _ = add(store, "first")
    store.move(first.id, RunState.QUEUED, RunState.RUNNING)
    store.move(first.id, RunState.RUNNING, RunState.INTERRUPTED, "killed", "why")
    second, _ = add(store, "second")
    store.requeue(first.id, "first-1")
    assert [run.model for run in store.queue()] == ["second", "first-1"]
    assert store.get(first.id).reason is None
    assert store.queue()[0].id == second.id


def test_a_run_cannot_go_on_while_another_trains_its_model(store):
    first, _ = add(store, "Same")
    store.move(first.id, RunState.QUEUED, RunState.RUNNING)
    store.move(first.id, RunState.RUNNING, RunState.INTERRUPTED)
    add(store, "same")
    with pytest.raises(Conflict, match="Another run"):
        store.requeue(first.id, "Same")
    assert store.get(first.id).state is RunState.INTERRUPTED


def test_the_newest_run_is_the_first_of_the_list_though_the_clock_was_set_back(store, monkeypatch):
    ids = []
    for year in (2026, 2031, 2024):
        monkeypatch.setattr(runs, "datetime", Mock(now=lambda zone, year=year: datetime(year, 1, 1, tzinfo=zone)))
        ids.append(add(store, str(year))[0].id)
    assert [run.id for run in store.all()] == ids[::-1]
    assert [run.id for run in store.queue()] == ids


def test_the_store_remembers_over_a_restart(tmp_path):
    store = RunStore(tmp_path / "runs.sqlite")
    run, _ = store.add(Press("kept", TrainConfig(epochs=3, beta1=0.25)), lambda wanted, held: wanted)
    store.close()
    again = RunStore(tmp_path / "runs.sqlite")
    assert again.get(run.id) == run
    with pytest.raises(ApiError):
        again.get("0" * 16)
    again.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A store's folder after a few runs, its files by name, and the runs."""
    folder = tmp_path_factory.mktemp("kept")
    store = RunStore(folder / "runs.sqlite")
    for number, after in enumerate([RunState.RUNNING, RunState.STOPPED, None]):
        run, _ = add(store, f"model-{number}", key=f"press-{number}")
        if after:
            store.move(run.id, RunState.QUEUED, after, "reason", "A sentence.")
    known = store.all()
    store.close()
    return folder, {path.name: path.read_bytes() for path in folder.iterdir()}, known


def open_again(kept, **damaged):
    """Return the runs that a store finds in files of which some are damaged, and the names of those set aside."""
    folder, files, _ = kept
    shutil.rmtree(folder)
    folder.mkdir()
    for name, content in {**files, **{f"runs.{ending}": content for ending, content in damaged.items()}}.items():
        (folder / name).write_bytes(content)
    store = RunStore(folder / "runs.sqlite")
    found = store.all()
    add(store, "another")  # it goes on, too
    store.close()
    return found, [path.name for path in folder.glob("*.damaged")]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_flipped_byte_of_the_store_costs_no_run_and_changes_none(kept, data):
    content = bytearray(kept[1]["runs.sqlite"])
    content[data.draw(st.integers(0, len(content) - 1), "place")] ^= 1 << data.draw(st.integers(0, 7), "bit")
    assert open_again(kept, sqlite=bytes(content))[0] == kept[2]


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_truncated_store_is_set_aside_and_its_copy_used(kept, data):
    content = kept[1]["runs.sqlite"]
    cut = content[: data.draw(st.integers(0, len(content) - 1))]
    assert open_again(kept, sqlite=cut) == (kept[2], ["runs.sqlite.damaged"])


def test_a_flipped_byte_in_a_row_is_noticed_by_its_checksum_alone(kept, caplog):
    content = kept[1]["runs.sqlite"].replace(b"A sentence.", b"A sentance.")
    assert open_again(kept, sqlite=content) == (kept[2], ["runs.sqlite.damaged"])
    assert "runs.sqlite" in caplog.text
    assert "checksum" in caplog.text


def test_without_a_whole_copy_a_damaged_store_begins_anew(kept):
    assert open_again(kept, **{"sqlite": b"no database", "copy.sqlite": b""}) == ([], ["runs.sqlite.damaged"])


def test_what_cannot_be_stored_has_not_happened(store, monkeypatch):
    run, _ = add(store)
    (pages,) = store._database.execute("PRAGMA page_count").fetchone()
    store._database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(ApiError, match="full") as refused:
        add_many(store)
    assert (refused.value.status, refused.value.code) == (507, "disk_full")
    assert store.move(run.id, RunState.QUEUED, RunState.STOPPED), "it does not recover"


def test_a_page_of_runs_is_one_query_and_so_is_their_number(store):
    ids = [add(store, f"model-{number}")[0].id for number in range(7)]
    for id in ids[2:]:
        store.move(id, RunState.QUEUED, RunState.RUNNING)
    asked = []
    store._database.set_trace_callback(asked.append)
    found, following, total = store.page(0, 3)
    assert ([run.id for run in found], total) == (ids[:3:-1], 7)
    assert len(asked) == 2
    found, following, _ = store.page(following, 4)
    assert ([run.id for run in found], following) == (ids[3::-1], 0)
    assert [run.id for run in store.page(0, 9, "active")[0]] == ids[::-1]
    asked.clear()
    assert (store.count(RunState.RUNNING), store.count(RunState.QUEUED)) == (5, 2)
    assert len(asked) == 2
    plan = store._database.execute("EXPLAIN QUERY PLAN SELECT count(*) FROM runs WHERE state = 'queued'").fetchall()
    assert "by_state" in str(plan), "counting reads no more than it counts"


def test_a_run_whose_settings_another_version_stored_harms_no_other(store):
    run, other = add(store, "strange")[0], add(store, "plain")[0]
    store._database.execute("UPDATE runs SET settings = ? WHERE id = ?", ('{"from": "the future"}', run.id))
    assert [found.model for found in store.all()] == ["plain", "strange"]
    assert (store.get(run.id).readable, store.get(other.id).readable) == (False, True)
    assert add(store, "third")[1]


# As the version before wrote it, which knew no owners.
OLDER = """
CREATE TABLE runs (id TEXT PRIMARY KEY, model TEXT NOT NULL COLLATE NOCASE, state TEXT NOT NULL, settings TEXT NOT NULL,
    key TEXT, created TEXT NOT NULL, turn INTEGER NOT NULL, reason TEXT, problem TEXT{checksum}) STRICT;
CREATE UNIQUE INDEX one_run_per_key ON runs (key) WHERE key IS NOT NULL;
CREATE UNIQUE INDEX one_active_run_per_model ON runs (model) WHERE state IN ('queued', 'running');
PRAGMA user_version = 1;
"""


def write_older(path, checksums=True):
    with sqlite3.connect(path) as older:
        older.create_function("checksum", -1, lambda *row: hashlib.sha256(json.dumps(row).encode()).hexdigest())
        older.executescript(OLDER.format(checksum=", checksum TEXT" if checksums else ""))
        for number, state in enumerate(["succeeded", "queued", "interrupted"]):
            row = (f"{number:016x}", f"m-{number}", state, TrainConfig(seed=number).model_dump_json(), f"key-{number}")
            older.execute(
                "INSERT INTO runs (id, model, state, settings, key, created, turn) VALUES (?, ?, ?, ?, ?, '2026', ?)",
                (*row, number + 1),
            )
        if checksums:
            older.execute(
                "UPDATE runs SET checksum = checksum(id, model, state, settings, created, turn, reason, problem, key)"
            )
    older.close()


@pytest.mark.parametrize("checksums", [True, False])
def test_an_older_file_goes_on_with_the_owner_of_the_data_directory_as_the_owner_of_its_runs(tmp_path, checksums):
    path = tmp_path / "runs.sqlite"
    write_older(path, checksums)
    for _ in range(2):  # once it is brought up it is as any other
        store = RunStore(path)
        assert [(run.model, run.state, run.owner, run.settings.seed) for run in store.all()] == [
            ("m-2", "interrupted", OWNER, 2),
            ("m-1", "queued", OWNER, 1),
            ("m-0", "succeeded", OWNER, 0),
        ]
        assert store.pressed(Press("m-1", TrainConfig(), "key-1", asked="whatever")).model == "m-1"
        assert store.pressed(Press("m-1", TrainConfig(), "key-1", "anna")) is None
        ((unsealed,),) = store._rows(f"SELECT count(*) FROM runs WHERE checksum IS NOT {database.CHECKSUM}")
        assert not unsealed
        store.close()
    assert not (tmp_path / "runs.sqlite.damaged").exists()


def test_a_file_without_turns_of_owners_goes_on_where_nobody_has_had_one(tmp_path):
    path = tmp_path / "runs.sqlite"
    store = RunStore(path)
    for number, owner in enumerate(("anna", "ben")):
        add(store, f"m-{number}", f"key-{number}", owner=owner, asked="digest")
    store.close()
    with sqlite3.connect(path) as older:  # as the version before wrote it
        older.create_function("checksum", -1, lambda *row: hashlib.sha256(json.dumps(row).encode()).hexdigest())
        older.executescript("DROP INDEX by_owner; ALTER TABLE runs DROP COLUMN begun; PRAGMA user_version = 2;")
        columns = "id, model, state, settings, created, turn, reason, problem, owner, wanted, key, asked"
        older.execute(f"UPDATE runs SET checksum = checksum({columns})")
    older.close()
    store = RunStore(path)
    assert [(run.owner, run.begun) for run in store.queue()] == [("anna", None), ("ben", None)]
    assert store.last_begun() == {}
    first, second = store.queue()
    store.move(second.id, RunState.QUEUED, RunState.RUNNING)
    store.move(first.id, RunState.QUEUED, RunState.RUNNING)
    assert [store.get(run.id).begun for run in (first, second)] == [2, 1]
    add(store, "another", owner="anna")
    assert store.last_begun() == {"anna": 2}
    store.close()
    assert not (tmp_path / "runs.sqlite.damaged").exists()


def test_a_flipped_byte_in_an_older_file_is_noticed_before_it_is_brought_up(tmp_path):
    path = tmp_path / "runs.sqlite"
    write_older(path)
    (tmp_path / "runs.copy.sqlite").write_bytes(path.read_bytes())
    path.write_bytes(path.read_bytes().replace(b"interrupted", b"interruqted", 1))
    store = RunStore(path)
    assert [run.state for run in store.all()] == ["interrupted", "queued", "succeeded"]
    assert (tmp_path / "runs.sqlite.damaged").exists()
    store.close()


def test_an_older_file_that_cannot_be_brought_up_stays_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "runs.sqlite"
    write_older(path)
    before = path.read_bytes()
    monkeypatch.setattr(database, "_INDEXES", "CREATE INDEX nonsense ON nowhere (id);")
    with pytest.raises(sqlite3.OperationalError):
        database._checked(path)
    assert path.read_bytes() == before
    monkeypatch.undo()
    store = RunStore(path)
    assert len(store.all()) == 3
    store.close()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "A", "b"]), st.sampled_from(RunState)), max_size=25))
def test_whatever_happens_a_model_has_one_active_run(tmp_path_factory, events):
    store = RunStore(tmp_path_factory.mktemp("runs") / "runs.sqlite")
    for model, after in events:
        if after is RunState.QUEUED:
            add(store, model)
        for run in store.all():
            if run.model == model and after in MOVES[run.state] and after is not RunState.QUEUED:
                store.move(run.id, run.state, after)
        active = [run.model.lower() for run in store.all() if run.state.is_active]
        assert len(active) == len(set(active))
    store.close()
