"""Models are found by name however many there are, whatever other processes do, and whatever becomes of the index."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganmnist.config import TrainConfig
from ganmnist.errors import ModelError, ModelNotFound, TrainingError
from ganmnist.models import catalogue, index
from ganmnist.models.manifest import ALL_BUNDLED, BUNDLED, ModelManifest, manifest_values, not_later, now
from ganmnist.models.store import ModelStore
from ganmnist.networks.build import build_generator
from ganmnist.storage import bundle

SECOND = 1_700_000_000  # of every file, where times shall tell nothing


@pytest.fixture(scope="module")
def weights(tiny):
    return build_generator(tiny).state_dict()


@pytest.fixture
def publish(home, tiny, weights):
    """Publish a model as a process of its own would: publish(name, id=None, owner="owner", **changes)."""

    def publish(name, id=None, owner="owner", **changes):
        store = ModelStore(home)
        folder = store.new(name) if id is None else store.folder(id, name)
        folder.give_to(owner)
        folder.publish(describe(folder.id, name, **changes), weights)
        store.close()
        return folder.id

    def describe(id, name, **changes):
        plain = {"created": now(), "data": "made up", "preset": None, "epoch": 1, "step": 1, "seconds": 1.0}
        whole = {**plain, "finished": True, "networks": tiny, "settings": TrainConfig(networks=tiny), **changes}
        return ModelManifest(id=id, name=name, **whole)

    publish.describe = describe
    return publish


@pytest.fixture
def frozen(home):
    """Set the times of all manifests and folders to one moment, as if all had happened in a tick of the clock."""

    def freeze():
        for path in (*home.glob("models/*/model.json"), *home.glob("models/*"), home / "models"):
            os.utime(path, (SECOND, SECOND))

    return freeze


def names(store):
    *trained, last_but_one, last = (model.name for model in store.list())
    assert (last_but_one, last) == ALL_BUNDLED
    return trained


def test_what_another_process_publishes_renames_and_deletes_in_one_tick_is_known_at_once(home, publish, frozen):
    store, other = ModelStore(home), ModelStore(home)
    ids = {name: publish(name) for name in ("a", "b", "c")}
    frozen()
    assert names(store) == ["c", "b", "a"]
    other.rename(other.find("a").manifest(), "x")
    other.delete("b")
    frozen()
    assert store.find("X").id == ids["a"]
    assert names(store) == ["c", "x"]
    for gone in ("a", "b"):
        with pytest.raises(ModelNotFound):
            store.find(gone)
    other.rename(other.find("x").manifest(), "b")
    new = publish("x")
    frozen()
    assert (store.find("b").id, store.find("x").id) == (ids["a"], new)
    assert names(store) == ["x", "c", "b"]


@pytest.mark.parametrize("seed", range(3))
def test_two_processes_that_change_everything_agree_with_what_is_on_the_disk(home, publish, frozen, seed):
    chance = random.Random(seed)
    stores = [ModelStore(home), ModelStore(home)]
    known: dict[str, str] = {}  # by name in small letters
    for _ in range(30):
        store = chance.choice(stores)
        name = chance.choice("abcABC")
        match chance.choice(["publish", "rename", "delete", "look"]):
            case "publish":
                id = publish(name)
                if displaced := known.pop(name.lower(), None):
                    known[stores[0].folder(displaced, "").manifest().name.lower()] = displaced
                known[name.lower()] = id
            case "rename" if name.lower() in known and f"{name}9".lower() not in known:
                store.rename(store.find(name).manifest(), f"{name}9")
                known[f"{name}9".lower()] = known.pop(name.lower())
            case "delete" if name.lower() in known:
                store.delete(name)
                del known[name.lower()]
        frozen()
        for each in stores:
            assert {model.name.lower(): model.id for model in each.list() if model.id not in ALL_BUNDLED} == known
            for name in known:
                assert each.find(name.upper()).id == known[name]


def test_a_model_is_found_by_reading_one_manifest_however_many_there_are(home, publish, monkeypatch):
    for number in range(30):
        publish(f"m-{number}")
    store = ModelStore(home)
    store.find("m-3")
    read = []
    monkeypatch.setattr(store._index, "_read", lambda folder: read.append(folder) or catalogue.read(folder))
    assert store.find("M-17").name == "M-17".lower()
    assert store.newest().name == "m-29"
    assert len(read) == 2
    read.clear()
    page, following = store.page(limit=5)
    assert [model.name for model in page] == [*(f"m-{number}" for number in range(29, 24, -1)), *ALL_BUNDLED]
    page, _ = store.page(following, 3)
    assert [model.name for model in page] == ["m-24", "m-23", "m-22", *ALL_BUNDLED]
    assert len(read) == 8
    assert store.count() == 32


def test_the_last_page_says_that_it_is_the_last_and_a_model_that_goes_meanwhile_costs_no_other(home, publish):
    for number in range(6):
        publish(f"m-{number}")
    store, other = ModelStore(home), ModelStore(home)
    _, following = store.page(limit=3)
    other.delete("m-3")  # the last of that page, by which the next is found
    found, end = store.page(following, 3)
    assert ([model.name for model in found if model.id not in ALL_BUNDLED], end) == (["m-2", "m-1", "m-0"], 0)


def test_a_name_that_nobody_has_lists_a_few_of_those_there_are_and_how_many_more(home, publish):
    for number in range(23):
        publish(f"m-{number}")
    with pytest.raises(ModelNotFound) as refused:
        ModelStore(home).find("nobody")
    said = str(refused.value)
    assert "there are m-22, m-21, " in said
    assert said.endswith("m-3, bundled, bundled-unconditional and 3 more")


@pytest.mark.parametrize("moment", ["before the manifest", "after the manifest"])
@pytest.mark.parametrize("what", ["publish", "rename", "delete"])
def test_who_dies_in_the_midst_of_a_change_leaves_no_wrong_name(home, publish, monkeypatch, weights, what, moment):
    id = publish("old")
    looker = ModelStore(home)
    assert looker.find("old")
    dying = ModelStore(home)
    dying.find("old")
    monkeypatch.setattr(dying._index, "note", lambda id: None)

    def die(*_):
        raise KeyboardInterrupt

    if moment == "before the manifest":
        monkeypatch.setattr(bundle, "write_atomic", die)
        monkeypatch.setattr("pathlib.Path.unlink", die)
    with suppress(KeyboardInterrupt):
        match what:
            case "publish":
                folder = dying.new("new")
                folder.publish(publish.describe(folder.id, "new"), weights)
            case "rename":
                dying.rename(dying.find("old").manifest(), "new")
            case "delete":
                dying.delete("old")
    monkeypatch.undo()
    done = moment == "after the manifest"
    expected = {"publish": ["new", "old"] if done else ["old"], "rename": ["new"] if done else ["old"], "delete": []}
    left = expected[what] if what != "delete" or done else ["old"]
    for store in (looker, ModelStore(home)):
        assert sorted(names(store)) == left
        for name in ("old", "new"):
            assert (store.look_up(name) is not None) == (name in left)
    assert (looker.find("old").id == id) if "old" in left else True


def test_what_is_put_into_the_folder_by_hand_is_found_and_what_is_taken_away_is_not(home, publish, monkeypatch):
    monkeypatch.setattr(index, "_QUICK", -1.0)  # as if to look through all folders took long
    id = publish("kept")
    store = ModelStore(home)
    assert names(store) == ["kept"]
    shutil.copytree(home / "models" / id, home / "models" / "copied by hand")
    bundle.update(home / "models" / "copied by hand" / "model.json", {"id": "copied by hand", "name": "copy"})
    store._index._took = 0.0
    assert store.find("copy").id == "copied by hand"
    shutil.rmtree(home / "models" / id)
    store._index._took = 0.0
    assert names(store) == ["copy"]
    assert store.look_up("kept") is None


def test_where_there_are_thousands_a_list_does_not_wait_until_all_folders_are_looked_through(
    home, publish, monkeypatch
):
    id = publish("kept")
    store = ModelStore(home)
    assert names(store) == ["kept"]
    looked, go_on = threading.Event(), threading.Event()
    stamps = store._index._stamps

    def slowly():
        looked.set()
        assert go_on.wait(10)
        return stamps()

    monkeypatch.setattr(store._index, "_stamps", slowly)
    store._index._took, store._index._swept_at = 1.0, time.monotonic() - 1000
    bundle.update(home / "models" / id / "model.json", {"name": "changed-without-a-word"})
    assert names(store) == ["changed-without-a-word"], "what is listed is read, whatever the index says"
    assert looked.wait(10)
    assert store.newest()
    go_on.set()


def lasting(home):
    """The index's rows, but for the stamps."""
    with sqlite3.connect(home / "models.sqlite") as database:
        found = database.execute("SELECT number, id, name, finished, problem, changing FROM models").fetchall()
    database.close()
    return found


def test_an_index_that_is_lost_is_made_anew_in_the_order_in_which_the_models_came_to_be(home, publish):
    for name, day in (("second", 2), ("third", 3), ("first", 1)):
        publish(name, created=f"2024-01-0{day}T00:00:00.000+00:00")
    store = ModelStore(home)
    assert names(store) == ["first", "third", "second"], "they are listed as they arrived"
    store.close()
    (home / "models.sqlite").unlink()
    assert names(ModelStore(home)) == ["third", "second", "first"]


@pytest.fixture(scope="module")
def three(tmp_path_factory, tiny, weights):
    """A home with three models, and the bytes of its index."""
    home = tmp_path_factory.mktemp("three")
    store = ModelStore(home)
    for number in range(3):
        folder = store.new(f"m-{number}")
        manifest = {"id": folder.id, "name": folder.name, "created": now(), "data": "made up", "preset": None}
        plain = {"epoch": 1, "step": 1, "seconds": 1.0, "finished": number != 1, "networks": tiny}
        folder.publish(ModelManifest(**manifest, **plain, settings=TrainConfig(networks=tiny)), weights)
    store.close()
    return home, (home / "models.sqlite").read_bytes()


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_flipped_byte_of_the_index_hides_no_model_and_shows_none_that_is_not_there(three, data):
    home, content = three
    damaged = bytearray(content)
    damaged[data.draw(st.integers(0, len(content) - 1), "place")] ^= 1 << data.draw(st.integers(0, 7), "bit")
    check(home, bytes(damaged))


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_a_truncated_index_hides_no_model(three, data):
    home, content = three
    check(home, content[: data.draw(st.integers(0, len(content) - 1))])


def check(home, content):
    (home / "models.sqlite").write_bytes(content)
    store = ModelStore(home)
    try:
        for number in range(3):
            assert store.find(f"M-{number}").name == f"m-{number}"
        assert sorted(names(store)) == ["m-0", "m-1", "m-2"]
        assert store.look_up("m-3") is None
        assert store.newest(cut_short=True).name == "m-1"
        assert store.free_name("m") == "m-3"
        assert not store.damage()
    finally:
        store.close()


@pytest.mark.parametrize("pause", [20, 1_000_000])  # the latter as after a look through very many folders
def test_where_no_index_can_be_written_models_are_found_and_changed_without_one(home, publish, pause, monkeypatch):
    monkeypatch.setattr(index, "_QUICK", 0.0)
    monkeypatch.setattr(index, "_BEFORE_A_REFUSAL", pause)
    (home / "models.sqlite").mkdir()
    first = publish("digits")
    second = publish("digits")
    store = ModelStore(home)
    assert (store.find("digits").id, store.find("digits-1").id) == (second, first)
    other = ModelStore(home)
    other.rename(other.find("digits").manifest(), "renamed")
    assert store.find("renamed").id == second
    store.delete("renamed")
    assert names(other) == ["digits-1"]


def test_a_model_that_cannot_be_read_is_told_with_its_name_until_it_can_be_again(home, publish, monkeypatch):
    monkeypatch.setattr("ganmnist.models.index._QUICK", 10.0)  # on a busy machine too, so that a list looks by itself
    publish("whole")
    id = publish("seven")
    store = ModelStore(home)
    assert not store.damage()
    path = home / "models" / id / "model.json"
    content = path.read_bytes()
    path.write_bytes(content[:-9])
    (sentence,) = store.damage()
    assert sentence.startswith(f"Model seven cannot be read: {path}: cannot be read as a manifest")
    assert sentence.endswith(f"Put its files back, or delete {path.parent}.")
    assert names(store) == ["whole"]
    assert store.count() == 3
    for asked in ("Seven", id):
        with pytest.raises(ModelError) as caught:
            store.find(asked)
        assert (type(caught.value), str(caught.value)) == (ModelError, sentence)
    path.write_bytes(content)
    assert store.find("seven").id == id
    assert not store.damage()
    assert names(store) == ["seven", "whole"], "it keeps its place"


def test_of_very_many_damaged_models_a_few_are_told(home, publish):
    for number in range(5):
        path = home / "models" / publish(f"m-{number}") / "model.json"
        path.write_bytes(b"{}")
    sentences = ModelStore(home).damage(3)
    assert len(sentences) == 4
    assert sentences[-1] == "And 2 more models cannot be read."
    with pytest.raises(ModelNotFound, match=r"bundled-unconditional\. Model .*\. And 4 more models cannot be read\.$"):
        ModelStore(home).find("nobody")


def test_a_model_of_another_version_is_whole_and_nothing_to_delete(home, publish, monkeypatch):
    path = home / "models" / publish("later") / "model.json"
    values = bundle.read_manifest(path)
    with monkeypatch.context() as later:
        later.setattr(bundle, "FORMAT", 2)
        bundle.finish(path, values, bundle.Stored(path.with_name(values["weights"]), values["sha256"]))
    (sentence,) = ModelStore(home).damage()
    assert "format 2, but this version reads 1: bring the project's folder up to date" in sentence
    assert "delete" not in sentence


@pytest.mark.parametrize("created", ["9999-12-31T23:59:59.999+00:00", "zzz", "", "9999-12-31T23:59:59.999-14:00"])
def test_a_model_from_elsewhere_arrives_now_at_the_latest_and_is_not_the_first_for_ever(home, publish, created):
    publish("before")
    store = ModelStore(home)
    _, content = store.find("before").read_files()
    came = store.add(publish.describe("x" * 16, "from-elsewhere", created=created), content)
    assert came.manifest().created <= now()
    publish("after")
    assert names(store) == ["after", "from-elsewhere", "before"]
    store.close()
    (home / "models.sqlite").unlink()
    assert names(ModelStore(home))[0] == "after"


def test_when_something_came_to_be_is_never_later_than_it_can_be():
    assert not_later("2024-05-06T07:08:09+02:00", now()) == "2024-05-06T05:08:09.000+00:00"
    assert not_later("2024-05-06", now()) == "2024-05-06T00:00:00.000+00:00"
    assert not_later("3024-05-06", "2026") == "2026"


def test_a_clock_that_is_set_back_makes_no_new_model_an_old_one(home, publish):
    publish("before", created="2026-01-01T00:00:00.000+00:00", finished=False)
    publish("after", created="2024-01-01T00:00:00.000+00:00", finished=False)
    store = ModelStore(home)
    assert names(store) == ["after", "before"]
    assert store.newest(cut_short=True).name == "after"


def test_somebody_elses_model_keeps_its_name_and_the_new_one_gets_another_for_good(home, publish):
    mine = publish("digits")
    theirs = publish("DIGITS", owner="anna")
    store = ModelStore(home)
    assert (store.find("digits").id, store.find("DIGITS-1").id) == (mine, theirs)
    assert store.find("digits-1").owner() == "anna"
    publish("DIGITS", id=theirs, owner="anna", step=9)  # it goes on
    assert store.find("digits-1").manifest().step == 9
    assert names(store) == ["DIGITS-1", "digits"]
    said = "There is a model DIGITS-1 of somebody else's: it stays, and the new one will be called Digits-2."
    assert store.displaced(store.new("Digits-1")) == said
    again = publish("digits-1", owner="anna")  # her own: the older one makes room
    assert (store.find("digits-1").id, store.find("DIGITS-2").id) == (again, theirs)


def test_a_training_goes_on_under_the_name_that_its_model_has_by_now(home, publish):
    id = publish("before", finished=False)
    store = ModelStore(home)
    store.rename(store.find("before").manifest(), "renamed")
    new = publish("before")
    publish("before", id=id, step=2)
    assert (store.find("renamed").id, store.find("before").id) == (id, new)
    assert store.find("renamed").manifest().step == 2


def test_a_model_that_is_being_trained_is_not_deleted(home, publish):
    id = publish("busy")
    store, other = ModelStore(home), ModelStore(home)
    with other.folder(id, "busy").training():
        with pytest.raises(TrainingError, match="busy is being trained by another program"):
            store.delete("busy")
        assert names(other) == ["busy"]
    store.delete("busy")
    assert not (home / "models" / id).exists()


def test_a_store_is_left_alone_while_another_process_gives_a_name_and_says_so_if_that_never_ends(
    home, publish, monkeypatch
):
    monkeypatch.setattr(catalogue, "_NAMING_SECONDS", 0.05)
    publish("one")
    store, other = ModelStore(home), ModelStore(home)
    with other.naming():
        assert store.find("one"), "what is found is found without waiting"
        with pytest.raises(ModelError, match=r"models\.lock is held by another program"):
            store.rename(store.find("one").manifest(), "two")
    store.rename(store.find("one").manifest(), "two")


def test_threads_that_publish_under_one_name_at_once_lose_no_model_and_give_no_name_twice(home, publish):
    publish("same")
    threads = [threading.Thread(target=lambda: [publish("same") for _ in range(5)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    store = ModelStore(home)
    while any(thread.is_alive() for thread in threads):
        assert store.look_up("same"), "from the first one on there always is one"
    assert_all_are_there(home, 21)


_BRINGER = """
import sys
from pathlib import Path
from ganmnist.models.manifest import parse_model_manifest
from ganmnist.models.store import ModelStore
store = ModelStore(Path(sys.argv[1]))
values, weights = store.find("same").read_files()
for _ in range(6):
    store.add(parse_model_manifest(values, ""), weights)
"""


def test_processes_that_bring_in_models_of_one_name_at_once_give_no_name_twice(home, publish):
    publish("same")
    words = [sys.executable, "-c", _BRINGER, str(home)]
    assert [bringer.wait() for bringer in [subprocess.Popen(words) for _ in range(3)]] == [0, 0, 0]
    assert_all_are_there(home, 19)


def assert_all_are_there(home, count):
    store = ModelStore(home)
    found = names(store)
    assert sorted(found) == sorted(["same", *(f"same-{number}" for number in range(1, count))])
    assert len({store.find(name).id for name in found}) == count


def test_a_name_is_found_while_another_thread_renames_to_and_fro(home, publish):
    """There is no moment at which a model has no name: whoever misses it looks again when the change is done."""
    publish("a")
    renaming, asking = ModelStore(home), ModelStore(home)
    over = threading.Event()

    def rename():
        for name in itertools.islice(itertools.cycle("ba"), 60):
            renaming.rename(renaming.newest(), name)
        over.set()

    thread = threading.Thread(target=rename)
    thread.start()
    while not over.is_set():
        assert len(names(asking)) == 1
    thread.join()


def test_weights_are_found_by_their_checksum(home, publish):
    publish("one")
    publish("two")
    store = ModelStore(home)
    sha256 = store.find("one").manifest().sha256
    assert [model.name for model in store.of_weights(sha256)] == ["two", "one"]
    assert [model.name for model in store.of_weights(store.find(None).manifest().sha256)] == [BUNDLED]


def test_values_of_a_manifest_never_say_whose_it_is(publish):
    assert "owner" not in manifest_values(publish.describe("0" * 16, "plain"))
