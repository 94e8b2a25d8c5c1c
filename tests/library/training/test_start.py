"""A training starts from a model: with its networks and weights, on the classes that its own data have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ganmnist.config import GenerateConfig, TrainConfig
from ganmnist.errors import ModelError, ModelNotFound, SettingError
from ganmnist.models.store import ModelStore
from ganmnist.networks.spec import ModelConfig
from ganmnist.training.loop import train
from ganmnist.training.presets import PRESETS, recipe
from ganmnist.training.start import _fitted, begin, starting_model, with_networks
from ganmnist.training.step import GANTrainer
from tests.library.conftest import CLASS_CONDITIONAL, NORMED, TINY

pytestmark = pytest.mark.slow


@pytest.fixture
def store(home) -> ModelStore:
    return ModelStore(home)


def trained(store: ModelStore, digits, networks: dict, name: str = "first"):
    config = TrainConfig(networks=ModelConfig.model_validate(networks), batch_size=64, images=128, epochs=1)
    folder = store.new(name)
    train(digits, config, folder)
    return folder


def few(digits, classes: int, count: int = 48):
    """Return images of so many classes, or without any."""
    labels = (np.arange(count) % max(classes, 1)).astype(np.uint8)
    names = tuple("abcdefghijklmnop"[:classes])
    return replace(digits, name="few", train_images=digits.train_images[:count], train_labels=labels, classes=names)


def drawn(sampler) -> bytes:
    return sampler.sample(GenerateConfig(count=4, seed=5)).tobytes()


@pytest.mark.parametrize("networks", [TINY, CLASS_CONDITIONAL, NORMED], ids=["plain", "conditional", "normed"])
def test_a_model_is_trained_on_as_another_and_stays_as_it_is(store, digits, networks):
    first = trained(store, digits, networks)
    before = drawn(_sampler(first))
    config = with_networks(TrainConfig(start_from="FIRST", batch_size=16, epochs=1), store)
    assert config.start_from == "first"
    learned = train(few(digits, 10), config, store.new("on"), start=first)
    assert drawn(learned) != before
    assert drawn(_sampler(store.find("first"))) == before, "it stays as it is"
    assert store.find("on").manifest().settings.start_from == "first"


def _sampler(folder):
    from ganmnist.generation.sampler import Sampler

    return Sampler.load(folder)


def test_both_networks_begin_where_they_were(store, digits):
    first = trained(store, digits, CLASS_CONDITIONAL)
    config = with_networks(TrainConfig(start_from="first"), store)
    trainer = GANTrainer(recipe(config))
    begin(trainer, first)
    _, weights = first.load()
    for name, value in trainer.generator.state_dict().items():
        assert torch.equal(value, weights[name]), name
        assert torch.equal(trainer.averaged[name], weights[name]), name
    kept = first.load_discriminator()
    for name, value in trainer.discriminator.state_dict().items():
        assert torch.equal(value, kept[name]), name


def test_a_new_discriminator_learns_alone_at_first(store, digits, monkeypatch):
    first = trained(store, digits, TINY)
    for path in first.path.glob("discriminator*"):  # as with a model from a file
        path.unlink()
    assert first.load_discriminator() is None
    trainer = GANTrainer(recipe(with_networks(TrainConfig(start_from="first", batch_size=8), store)))
    begin(trainer, first)
    monkeypatch.setattr(trainer, "_steps_alone", 3)
    weights = {name: value.clone() for name, value in trainer.generator.named_parameters()}
    images, classes = torch.zeros(8, 1, 28, 28), torch.zeros(8, dtype=torch.int64)
    for step in range(4):
        trainer.train_step(images, classes, 0.0)
        moved = any(not torch.equal(value, weights[name]) for name, value in trainer.generator.named_parameters())
        assert moved == (step == 3)


@pytest.mark.parametrize("classes", [0, 3, 10, 13])
def test_data_of_more_or_fewer_classes_is_learned_from_by_the_same_networks(store, digits, classes):
    first = trained(store, digits, PRESETS["fast"].networks.model_dump() | {"latent_dim": 4})
    config = with_networks(TrainConfig(start_from="first", batch_size=16, epochs=1), store)
    folder = store.new("other")
    sampler = train(few(digits, classes), config, folder, start=first)
    assert sampler.classes == classes
    assert folder.manifest().class_names == tuple("abcdefghijklmnop"[:classes]), "those of its own data"
    assert sampler.generate(np.zeros((2, 4 + classes), np.float32)).shape == (2, 28, 28)


@pytest.mark.parametrize("classes", [0, 2, 13])
def test_clusters_within_classes_are_learned_from_by_data_of_more_or_fewer_classes(store, digits, classes):
    layers = ({"layer": "LatentClusters", "clusters": 4}, *CLASS_CONDITIONAL["generator"]["layers"])
    first = trained(store, digits, CLASS_CONDITIONAL | {"generator": {"layers": layers}})
    config = with_networks(TrainConfig(start_from="first", batch_size=16, epochs=1), store)
    sampler = train(few(digits, classes), config, store.new("other"), start=first)
    assert (sampler.classes, sampler.networks.clusters) == (classes, 4)
    assert set(sampler.clusters_of(np.random.default_rng(0).standard_normal((99, 5), np.float32))) <= {0, 1, 2, 3}


def test_classes_are_cut_from_the_end_or_told_again_from_the_first_on():
    embedding = torch.arange(12.0).reshape(4, 3)  # a row for each of four classes
    dense = torch.arange(14.0).reshape(2, 7)  # three latent numbers, then four classes
    old = {"embedding": embedding, "dense": dense}
    cut = _fitted(old, {"embedding": torch.empty(2, 3), "dense": torch.empty(2, 5)}, 4, 2)
    assert torch.equal(cut["embedding"], embedding[:2])
    assert torch.equal(cut["dense"], dense[:, :5])
    more = _fitted(old, {"embedding": torch.empty(6, 3), "dense": torch.empty(2, 9)}, 4, 6)
    assert torch.equal(more["embedding"], embedding[[0, 1, 2, 3, 0, 1]])
    assert torch.equal(more["dense"], dense[:, [0, 1, 2, 3, 4, 5, 6, 3, 4]])


def test_the_bundled_model_and_its_preset_are_what_a_training_may_start_from(store):
    config = with_networks(TrainConfig(start_from="bundled"), store)
    assert (config.preset, config.networks) == ("fast", store.find("bundled").manifest().networks)
    assert with_networks(TrainConfig(start_from="bundled", preset="tutorial"), store).preset == "tutorial"
    assert with_networks(TrainConfig(seed=3), store) == TrainConfig(seed=3)


def test_a_model_that_is_not_there_and_networks_of_ones_own_beside_it_are_refused(store):
    with pytest.raises(ModelNotFound, match=r"^start_from: no model nobody"):
        with_networks(TrainConfig(start_from="nobody"), store)
    with pytest.raises(SettingError, match=r"^start_from: bundled comes with its own networks: leave networks out"):
        with_networks(TrainConfig(start_from="bundled", networks=ModelConfig.model_validate(TINY)), store)


def test_a_training_that_goes_on_does_not_start_again(store, digits):
    first = trained(store, digits, TINY)
    config = with_networks(TrainConfig(start_from="first", batch_size=16, epochs=2), store)
    cut = store.new("cut")
    assert starting_model(config, cut, store).id == first.id
    train(few(digits, 10), config, cut, start=first, should_stop=lambda: True)
    store.delete("first")
    assert starting_model(config, cut, store) is None
    assert train(few(digits, 10), config, cut).step == 6


def test_a_damaged_discriminator_is_named(store, digits):
    first = trained(store, digits, TINY)
    (weights,) = first.path.glob("discriminator-*.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"discriminator-.*SHA-256"):
        first.load_discriminator()


def test_what_it_starts_from_is_published_while_it_is_better(store, digits, monkeypatch):
    """The judge sees the start, and after a training that ruins the digits the start is what is left."""
    first = trained(store, digits, TINY)
    before = drawn(_sampler(first))
    from ganmnist.training import observer

    seen = iter([1.0] + [90.0] * 50)
    monkeypatch.setattr(observer, "_JUDGE_AT_END", 0.0)
    monkeypatch.setattr(
        observer.Observer,
        "_judge",
        lambda self, sampler: _judgement(next(seen)),
    )
    monkeypatch.setattr(observer.Estimator, "can_judge", staticmethod(lambda images: True))
    config = with_networks(TrainConfig(start_from="first", batch_size=16, epochs=2, learning_rate=0.1), store)
    best = train(few(digits, 10), config, store.new("ruined"), start=first)
    assert drawn(best) == before


def _judgement(frechet: float):
    from ganmnist.evaluation.judgement import Judgement
    from ganmnist.models.figures import Estimate

    return Judgement(Estimate(frechet=frechet, confident=1.0), (), ())
