"""Models are found by name, none is lost, and a damaged one does not hide the others."""

from __future__ import annotations

import json

import pytest
import torch

from ganmnist import bundle
from ganmnist.config import TrainConfig
from ganmnist.errors import ModelError, ModelNotFound, SettingError
from ganmnist.models import ModelManifest, ModelStore, list_models


@pytest.fixture
def store(home):
    return ModelStore(home)


@pytest.fixture
def publish(store, tiny):
    """Publish a model: publish(name, second), where `second` is of its creation."""

    def publish(name: str, second: int = 0):
        folder = store.new(name)
        folder.publish(manifest(folder, second), {"weight": torch.full((3,), float(second))})
        return folder

    def manifest(folder, second):
        return ModelManifest(
            id=folder.id,
            name=folder.name,
            created=f"2024-05-06T07:08:{second:02d}.000+00:00",
            data="drawn-digits",
            preset=None,
            networks=tiny,
            settings=TrainConfig(networks=tiny),
            epoch=1,
            step=second,
            seconds=1.5,
            finished=True,
        )

    publish.manifest = manifest
    return publish


def names(store) -> list[str]:
    return [model.name for model in store.list()]


def test_an_empty_home_has_no_models(store, home):
    assert store.list() == []
    assert list_models(home) == list_models() == []


def test_what_was_published_is_found_and_loaded(store, publish):
    folder = publish("seven", 7)
    found = store.find("seven")
    assert found.id == folder.id
    manifest, tensors = found.load()
    assert manifest == found.manifest()
    assert manifest.step == 7
    assert manifest.sha256
    assert tensors["weight"].tolist() == [7.0, 7.0, 7.0]


def test_the_newest_comes_first_and_is_what_none_finds(store, publish):
    for name, second in (("b", 20), ("c", 30), ("a", 10)):
        publish(name, second)
    assert names(store) == ["c", "b", "a"]
    assert store.find(None).name == "c"


def test_names_are_found_whatever_their_case(store, publish):
    publish("Digits")
    assert store.find("dIGITS").name == "Digits"


def test_a_model_that_is_not_there_lists_those_that_are(store, publish):
    with pytest.raises(ModelNotFound, match="none yet: train one first"):
        store.find(None)
    publish("one")
    publish("two")
    with pytest.raises(ModelNotFound) as caught:
        store.find("three")
    assert all(name in str(caught.value) for name in ("one", "two", "three"))


def test_taking_a_name_renames_the_older_model_and_loses_nothing(store, publish):
    oldest, older, newest = (publish("digits", second) for second in (1, 2, 3))
    assert {model.id: model.name for model in store.list()} == {
        oldest.id: "digits-1",
        older.id: "digits-2",
        newest.id: "digits",
    }
    assert store.find("digits-1").load()[1]["weight"].tolist() == [1.0, 1.0, 1.0]


def test_taking_a_name_in_another_case_renames_the_older_model_too(store, publish):
    older, newer = publish("Digits", 1), publish("digits", 2)
    assert store.find("digits").id == newer.id
    assert store.find("Digits-1").id == older.id


def test_publishing_again_keeps_the_name(store, publish):
    folder = publish("digits", 1)
    folder.publish(publish.manifest(folder, 2), {"weight": torch.ones(3)})
    assert names(store) == ["digits"]
    assert store.find("digits").manifest().step == 2
    assert len(list(folder.path.glob("*.safetensors"))) == 1


def test_free_names_count_up_past_those_taken_or_reserved(store, publish):
    assert store.free_name("digits") == "digits-1"
    publish("Digits-1")
    assert store.free_name("digits") == "digits-2"
    assert store.free_name("digits-7") == "digits-2"
    assert store.free_name("digits", ["DIGITS-2", "digits-3"]) == "digits-4"


def test_a_free_name_is_never_longer_than_a_name_may_be(store):
    assert store.new(store.free_name("x" * 64)).name == "x" * 56 + "-1"


def test_a_new_training_has_a_free_name_unless_one_is_given(store, publish):
    publish("digits-1")
    assert store.new().name == "digits-2"
    assert store.new("mine").name == "mine"
    assert store.new().id != store.new().id


@pytest.mark.parametrize("name", ["../up", "a\n", "NUL", ""])
def test_a_new_training_is_refused_a_name_that_is_no_label(store, name):
    with pytest.raises(SettingError, match="model"):
        store.new(name)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\x00\xff"])
def test_a_damaged_model_does_not_hide_the_others(store, publish, content):
    damaged = publish("damaged", 9)
    publish("whole", 1)
    (damaged.path / "model.json").write_bytes(content)
    assert names(store) == ["whole"]
    assert store.find(None).name == "whole"
    with pytest.raises(ModelError, match=r"model\.json"):
        damaged.manifest()


def test_a_manifest_of_another_shape_is_a_model_error_that_names_the_field(store, publish):
    folder = publish("digits")
    bundle.update(folder.path / "model.json", {"epoch": "one"})
    for read in (folder.manifest, folder.load):
        with pytest.raises(ModelError, match="epoch"):
            read()


def test_a_changed_weight_is_noticed(store, publish):
    folder = publish("digits")
    (weights,) = folder.path.glob("*.safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        store.find("digits").load()


def test_deleting_removes_the_model_with_all_of_its_training(store, publish):
    folder = publish("digits")
    publish("other")
    (folder.checkpoints / "deep").mkdir(parents=True)
    store.delete("DIGITS")
    assert names(store) == ["other"]
    assert not folder.path.exists()
    with pytest.raises(ModelNotFound):
        store.delete("digits")


def test_a_folder_that_holds_no_model_yet_is_not_listed(store, publish):
    (store.path / "0123456789abcdef").mkdir(parents=True)
    (store.path / "notes.txt").write_text("by the user")
    publish("digits")
    assert names(store) == ["digits"]


def test_a_manifest_is_readable_by_people(publish):
    text = (publish("digits").path / "model.json").read_text()
    assert json.loads(text)["name"] == "digits"
    assert len(text.splitlines()) > 20
