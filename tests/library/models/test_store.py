"""Models are found by name, none is lost, and a damaged one does not hide the others. Two are bundled."""

from __future__ import annotations

import json
import shutil
from functools import partial

import pytest
import torch

from ganmnist.config import GenerateConfig, TrainConfig
from ganmnist.errors import ModelError, ModelNotFound, SettingError
from ganmnist.generation.sampler import load_model
from ganmnist.models import catalogue
from ganmnist.models.figures import Estimate
from ganmnist.models.manifest import (
    ALL_BUNDLED,
    BUNDLED,
    BUNDLED_UNCONDITIONAL,
    ModelManifest,
    NewName,
    manifest_values,
    parse_model_manifest,
)
from ganmnist.models.store import ModelStore, list_models
from ganmnist.networks.build import build_generator
from ganmnist.storage import bundle
from ganmnist.training.presets import PRESETS
from ganmnist.validation import read_settings


@pytest.fixture
def store(home):
    return ModelStore(home)


@pytest.fixture
def publish(store, tiny):
    """Publish a model: publish(name, second), where `second` is of its creation."""

    def publish(name: str, second: int = 0):
        folder = store.new(name)
        folder.publish(manifest(folder, second), publish.weights(second))
        return folder

    def manifest(folder, second):
        return ModelManifest(
            id=folder.id,
            name=folder.name,
            created=f"2024-05-06T07:08:{second:02d}.000+00:00",
            data="synthetic-mnist",
            preset=None,
            networks=tiny,
            settings=TrainConfig(networks=tiny),
            epoch=1,
            step=second,
            seconds=1.5,
            finished=True,
        )

    def weights(number):
        return {name: torch.full_like(tensor, number) for name, tensor in build_generator(tiny).state_dict().items()}

    publish.manifest, publish.weights = manifest, weights
    return publish


def number_of(weights) -> float:
    """The number that `publish.weights` filled them with."""
    (number,) = {tensor.double().unique().item() for tensor in weights.values()}
    return number


@pytest.fixture
def own_bundled(tmp_path, monkeypatch):
    """A copy of the folder of the bundled model, to spoil."""
    folder = tmp_path / "weights" / BUNDLED
    shutil.copytree(catalogue.BUNDLED_FOLDERS, folder.parent)
    monkeypatch.setattr(catalogue, "BUNDLED_FOLDERS", folder.parent)
    return folder


def names(store) -> list[str]:
    """The names of the models that were trained; the bundled ones are always the last."""
    *trained, last_but_one, last = [model.name for model in store.list()]
    assert (last_but_one, last) == ALL_BUNDLED
    return trained


def test_an_empty_home_has_the_bundled_models_and_no_others(store, home):
    assert names(store) == []
    assert [model.name for model in list_models(home)] == [model.name for model in list_models()] == [*ALL_BUNDLED]


def test_the_bundled_model_is_a_finished_one_of_ten_classes_whose_digits_were_judged(store):
    folder = store.find(None)
    assert (folder.id, folder.name) == (BUNDLED, BUNDLED)
    manifest, weights = folder.load()
    assert (manifest.id, manifest.name, manifest.data, manifest.finished) == (BUNDLED, BUNDLED, "MNIST", True)
    assert manifest.networks.classes == 10
    assert manifest.preset in PRESETS
    assert manifest.evaluation.images == 10_000
    assert manifest.evaluation.frechet < 20
    assert manifest.evaluation.confident > 0.9
    assert weights


def test_one_bundled_model_was_told_no_classes_and_a_latent_vector_is_all_it_takes(store):
    manifest = store.find(BUNDLED_UNCONDITIONAL).manifest()
    assert (manifest.name, manifest.preset, manifest.networks.classes) == (BUNDLED_UNCONDITIONAL, "unconditional", 0)
    assert manifest.evaluation.frechet < 20
    sampler = load_model(BUNDLED_UNCONDITIONAL)
    assert [direction.name for direction in sampler.directions()] == ["slant", "thickness", "width", "size"]
    assert sampler.sample(GenerateConfig(seed=3, count=2)).std() > 40


def test_a_manifest_that_names_no_classes_has_them_called_by_their_numbers(store):
    manifest = store.find(None).manifest().model_copy(update={"class_names": ()})  # as before classes had names
    assert manifest.known_classes.names == tuple("0123456789")
    assert manifest.known_classes.model == BUNDLED


def test_a_manifest_has_a_name_for_each_class_or_none(store, publish, class_conditional):
    values = manifest_values(publish.manifest(store.new("letters"), 0))
    values["networks"] = class_conditional.model_dump(mode="json")
    parse = partial(parse_model_manifest, where="model.json")
    assert parse(values | {"class_names": list("abcdefghij")}).known_classes.number("c") == 2
    for names in (["a", "b", "c"], list("abcdefghijk")):
        words = f"model.json: class_names: expected a name for each of 10 classes, got {len(names)}"
        with pytest.raises(ModelError, match=words):
            parse(values | {"class_names": names})
    with pytest.raises(ModelError, match=r"class_names\.9: .*255 letters"):
        parse(values | {"class_names": [*"abcdefghi", 256 * "j"]})


def test_the_bundled_models_are_small_together(store):
    folders = [store.find(name).path for name in ALL_BUNDLED]
    assert sum(path.stat().st_size for folder in folders for path in folder.iterdir()) < 3_000_000


@pytest.mark.parametrize("name", ["Bundled", *ALL_BUNDLED])
def test_a_bundled_model_stays_and_its_name_is_its_own(store, own_bundled, name):
    assert store.find(name).id == name.lower()
    with pytest.raises(SettingError, match="is part of ganmnist and stays"):
        store.delete(name)
    assert store.find(None).load()
    for refuse in (store.new, lambda name: read_settings(NewName, {"model": name})):
        with pytest.raises(SettingError, match=r"model: .*bundled model: choose another"):
            refuse(name)
    assert store.free_name(name) == f"{name}-1"


def test_publishing_under_other_names_leaves_the_bundled_model_alone(store, publish, own_bundled):
    before = {path.name: path.read_bytes() for path in own_bundled.iterdir()}
    publish("digits", 1)
    publish("digits", 2)
    assert store.find(None).id == BUNDLED
    assert {path.name: path.read_bytes() for path in own_bundled.iterdir()} == before


@pytest.mark.parametrize("damage", ["absent", "empty", "manifest", "weights"])
def test_a_model_that_should_come_along_and_does_not_hides_no_other(store, publish, own_bundled, damage):
    publish("digits", 3)
    if damage == "absent":
        shutil.rmtree(own_bundled)
    for path in own_bundled.glob({"manifest": "*.json", "weights": "*.safetensors"}.get(damage, "*")):
        path.write_bytes(b"" if damage == "empty" else path.read_bytes()[:-9])
    assert store.list()[0].name == "digits"
    assert store.find("digits").load()[0].step == 3
    assert store.free_name("digits") == "digits-1"
    with pytest.raises(ModelError, match=BUNDLED):
        store.find(None).load()


def test_where_there_is_no_model_at_all_the_refusal_says_so(store, own_bundled):
    shutil.rmtree(own_bundled.parent)
    with pytest.raises(ModelNotFound, match="no model bundled; there are none"):
        store.find(None)


def test_what_was_published_is_found_and_loaded(store, publish):
    folder = publish("seven", 7)
    found = store.find("seven")
    assert found.id == folder.id
    manifest, tensors = found.load()
    assert manifest == found.manifest()
    assert manifest.step == 7
    assert manifest.sha256
    assert number_of(tensors) == 7


def test_what_came_last_comes_first_whatever_the_clock_said_and_none_finds_the_bundled_one(store, publish):
    for name, second in (("b", 20), ("c", 30), ("a", 10)):
        publish(name, second)
    assert names(store) == ["a", "c", "b"]
    assert store.find(None).name == BUNDLED


def test_the_last_state_is_kept_beside_the_best_until_a_better_one_is_published(publish):
    folder = publish("digits", 1)
    assert folder.load(last=True)[0].step == 1
    folder.keep_last(publish.manifest(folder, 2), publish.weights(2))
    assert (folder.manifest().step, folder.load()[0].step) == (1, 1)
    manifest, weights = folder.load(last=True)
    assert (manifest.step, number_of(weights)) == (2, 2)
    folder.publish(publish.manifest(folder, 3), publish.weights(3))
    assert folder.load(last=True)[0].step == 3
    assert len(list(folder.path.iterdir())) == 2


def test_what_the_judge_said_is_kept_in_the_manifest(publish):
    folder = publish("digits", 1)
    estimate = Estimate(frechet=1 / 3, confident=0.75)
    judged = publish.manifest(folder, 2).model_copy(update={"estimate": estimate})
    assert folder.manifest().estimate is None
    folder.publish(judged, publish.weights(1))
    assert folder.manifest().estimate == estimate


def test_names_are_found_whatever_their_case(store, publish):
    publish("Digits")
    assert store.find("dIGITS").name == "Digits"


def test_a_model_that_is_not_there_lists_those_that_are(store, publish):
    publish("one")
    publish("two")
    with pytest.raises(ModelNotFound) as caught:
        store.find("three")
    assert all(name in str(caught.value) for name in ("one", "two", "three", BUNDLED))


def test_taking_a_name_renames_the_older_model_and_loses_nothing(store, publish):
    oldest, older, newest = (publish("digits", second) for second in (1, 2, 3))
    assert {model.id: model.name for model in store.list()} == {
        **{name: name for name in ALL_BUNDLED},
        oldest.id: "digits-1",
        older.id: "digits-2",
        newest.id: "digits",
    }
    assert number_of(store.find("digits-1").load()[1]) == 1


def test_taking_a_name_in_another_case_renames_the_older_model_too(store, publish):
    older, newer = publish("Digits", 1), publish("digits", 2)
    assert store.find("digits").id == newer.id
    assert store.find("Digits-1").id == older.id


def test_publishing_again_keeps_the_name(store, publish):
    folder = publish("digits", 1)
    folder.publish(publish.manifest(folder, 2), publish.weights(1))
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
    assert store.find("whole").load()
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


def test_weights_of_other_networks_than_the_manifest_names_are_refused_with_the_tensor(publish):
    folder = publish("digits")
    other = {**publish.weights(1), "01_Dense.weight": torch.zeros(147, 6)}
    folder.publish(publish.manifest(folder, 2), other)
    with pytest.raises(ModelError, match=r"01_Dense.weight was expected to be F32 \(147, 5\), it is F32 \(147, 6\)"):
        folder.load()


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
