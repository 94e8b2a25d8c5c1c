"""A training step taken apart: what the discriminator says, and where the generator's gradient at the pixels points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ganmnist.config import AnatomyConfig, TrainConfig
from ganmnist.dataset import Dataset
from ganmnist.errors import SettingError
from ganmnist.generation.sampler import Sampler
from ganmnist.networks.spec import ModelConfig
from ganmnist.training.anatomy import MAX_BYTES, take_apart
from ganmnist.training.discriminator import Discriminator
from ganmnist.training.losses import LOSSES
from ganmnist.training.presets import PRESETS, recipe
from ganmnist.training.step import GANTrainer

CONVOLVED = ModelConfig.model_validate(
    {
        "latent_dim": 3,
        "classes": 4,
        "generator": {
            "layers": [
                {"layer": "Dense", "units": 98},
                {"layer": "Reshape", "shape": [2, 7, 7]},
                {"layer": "UpSampling2D"},
                {"layer": "Conv2D", "filters": 3},
                {"layer": "UpSampling2D"},
                {"layer": "Conv2D", "filters": 1},
                {"layer": "Tanh"},
            ]
        },
        "discriminator": {
            "layers": [
                {"layer": "Conv2D", "filters": 5, "stride": 4},
                {"layer": "LeakyReLU"},
                {"layer": "Flatten"},
                {"layer": "MinibatchStd", "group": 3},
                {"layer": "ClassProjection"},
            ]
        },
    }
)


def loaded(networks=CONVOLVED, step=7, **settings):
    """Return both networks with their first weights, made ten times as large so that something is said of digits."""
    config = TrainConfig(networks=networks, **settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        trainer = GANTrainer(recipe(config, networks.classes))
    with torch.no_grad():
        for part in (*trainer.generator.parameters(), *trainer.discriminator.parameters()):
            part *= 10
    sampler = Sampler(networks, trainer.generator.state_dict(), "lopsided", step)
    return sampler, Discriminator(networks, trainer.discriminator.state_dict(), recipe(config, networks.classes), step)


def images(count=24, classes=4):
    """Images of which the i-th has a bar i pixels high in its left half, of classes in turn."""
    found = np.zeros((count, 28, 28), np.uint8)
    for place, image in enumerate(found):
        image[: place + 2, 3 : 9 + place % 5] = 200
    labels = (np.arange(count) % max(classes, 1)).astype(np.uint8)
    return Dataset("bars", "made", found, labels, found[:0], labels[:0], tuple("abcd"[:classes]))


@pytest.mark.parametrize("loss", ["nonsaturating", "hinge", "relativistic"])
def test_the_gradient_at_the_pixels_is_that_of_finite_differences(loss):
    _, discriminator = loaded(loss=loss)
    rng = np.random.default_rng(1)
    fakes = rng.uniform(-0.9, 0.9, (3, 1, 28, 28)).astype(np.float32)
    told = np.eye(4, dtype=np.float32)[[1, 1, 1]]
    gradient = discriminator.gradient(fakes, told, real=0.7)
    steep = np.argsort(-np.abs(gradient).ravel())[:3]
    for row, column in [*zip(*np.unravel_index(steep, (28, 28)), strict=True), (2, 27)]:
        values = []
        for step in (-0.05, 0.05):
            moved = fakes.copy()
            moved[0, 0, row, column] += step
            values.append(discriminator.generator_loss(discriminator.logit(moved, told), 0.7))
        assert (values[1] - values[0]) / 0.1 == pytest.approx(gradient[row, column], rel=0.05, abs=1e-5)


def test_what_is_followed_a_little_way_down_the_gradient_passes_more_easily():
    sampler, discriminator = loaded()
    found = take_apart(sampler, discriminator, images(), AnatomyConfig(seed=5, digit=2))
    lesson, before = found.judging.lesson, found.judging.fake
    assert lesson.verdict.logit > before.logit
    assert lesson.verdict.probability > before.probability
    moved = lesson.followed.astype(int) - found.fake
    assert 0 < np.abs(moved).max() <= 64
    sure = np.abs(lesson.gradient) > np.abs(lesson.gradient).max() / 10
    inside = sure & (found.fake > 64) & (found.fake < 191)
    assert inside.any()
    assert (np.sign(moved[inside]) == -np.sign(lesson.gradient[inside])).all(), "a negative slope makes brighter"


def test_losses_are_those_of_the_training_for_the_two_logits():
    for name in LOSSES:
        sampler, discriminator = loaded(loss=name)
        judging = take_apart(sampler, discriminator, images()).judging
        real, fake = (torch.tensor([[each.logit]]) for each in (judging.real, judging.fake))
        assert judging.loss == pytest.approx(LOSSES[name].discriminator(real, fake).item())
        assert judging.lesson.loss == pytest.approx(LOSSES[name].generator(fake, real).item())
        assert judging.loss_name == name
    smoothed = loaded(loss="bce", label_smoothing=0.25)[1]
    assert smoothed.loss(2.0, -1.0) == pytest.approx(loaded(loss="bce")[1].loss(2.0, -1.0) + 0.25 * 2)


def test_each_layer_of_both_networks_is_shown_for_the_fake_and_for_the_real():
    sampler, discriminator = loaded()
    found = take_apart(sampler, discriminator, images(), AnatomyConfig(maps=2))
    generator, judges = CONVOLVED.tables()
    shown = [found.layers, found.judging.fake.layers, found.judging.real.layers]
    for layers, rows in zip(shown, (generator, judges, judges), strict=True):
        assert [(each.place, each.layer, each.output_shape) for each in layers] == [
            (row.place, row.layer, row.output_shape) for row in rows
        ]
        assert max(len(each.images) for each in layers) == 2
    assert found.judging.fake.layers[-1].low == pytest.approx(found.judging.fake.logit)
    assert found.judging.real.layers[-1].low == pytest.approx(found.judging.real.logit)


def test_a_sigmoid_at_the_end_is_shown_though_the_loss_has_it():
    networks = PRESETS["tutorial"].networks
    sampler, discriminator = loaded(networks)
    layers = take_apart(sampler, discriminator, images()).judging.fake.layers
    assert layers[-1].layer == "Sigmoid"
    assert layers[-1].low == pytest.approx(1 / (1 + np.exp(-layers[-2].low)))


def test_the_real_one_is_of_the_class_of_the_fake_and_the_next_number_is_another():
    sampler, discriminator = loaded()
    data = images()
    found = [take_apart(sampler, discriminator, data, AnatomyConfig(digit=2, real=number)) for number in (0, 1, 6)]
    assert [each.real.class_name for each in found] == ["c", "c", "c"]
    assert np.array_equal(found[0].real.image, data.train_images[2])
    assert np.array_equal(found[1].real.image, data.train_images[6])
    assert np.array_equal(found[2].real.image, data.train_images[2]), "round, after the six of that class"
    assert (found[0].digit, found[0].class_name) == (2, "2")


def test_without_data_the_fake_alone_is_judged_and_without_a_discriminator_it_is_drawn():
    sampler, discriminator = loaded()
    found = take_apart(sampler, discriminator, None)
    assert found.real is found.judging.real is found.judging.loss is None
    assert found.judging.lesson is not None
    assert take_apart(*loaded(loss="relativistic"), None).judging.lesson is None, "it compares with a real one"
    bare = take_apart(sampler, None, images())
    assert bare.judging is None
    assert bare.real is not None
    assert np.array_equal(bare.fake, sampler.generate(bare.z)[0])


def test_a_fake_is_judged_among_others_of_its_kind():
    sampler, discriminator = loaded()
    seen = []
    logit = discriminator.logit
    discriminator.logit = lambda pixels, told: seen.append((pixels, told)) or logit(pixels, told)
    take_apart(sampler, discriminator, images(), AnatomyConfig(digit=3))
    for pixels, told in seen:
        assert len(pixels) == discriminator.group == 3
        assert len(np.unique(pixels.reshape(3, -1), axis=0)) == 3, "none is another's double"
        assert told.argmax(1).tolist() == [3, 3, 3]


def test_clusters_stand_in_for_classes():
    networks = PRESETS["unconditional"].networks
    sampler, discriminator = loaded(networks)
    found = take_apart(sampler, discriminator, replace(images(), classes=()))
    assert found.digit is found.real.label is None
    assert found.judging.real is not None


def test_numbers_that_are_not_finite_are_no_judgement():
    sampler, _ = loaded()
    plan = recipe(TrainConfig(networks=CONVOLVED), 4)
    weights = {name: value * float("nan") for name, value in GANTrainer(plan).discriminator.state_dict().items()}
    assert take_apart(sampler, Discriminator(CONVOLVED, weights, plan, 1), images()).judging is None


def test_feature_maps_keep_within_their_bytes_however_large_the_networks():
    wide = [{"layer": "Conv2D", "filters": 64, "kernel": 1}] * 20
    tall = [{"layer": "UpSampling2D", "size": 4}, {"layer": "Conv2D", "filters": 2, "stride": 4}]
    networks = ModelConfig.model_validate(
        {
            "latent_dim": 2,
            "generator": {
                "layers": [
                    {"layer": "Dense", "units": 784},
                    {"layer": "Reshape", "shape": [1, 28, 28]},
                    *tall,
                    *wide,
                    {"layer": "Conv2D", "filters": 1},
                ]
            },
            "discriminator": {"layers": [*wide, {"layer": "Flatten"}, {"layer": "Dense", "units": 1}]},
        }
    )
    found = take_apart(*loaded(networks), images(classes=0), AnatomyConfig(maps=16))
    layers = [*found.layers, *found.judging.fake.layers, *found.judging.real.layers]
    assert sum(each.images.nbytes for each in layers) <= MAX_BYTES
    assert max(each.images[0].size for each in layers) == 784
    assert found.layers[2].output_shape == (1, 112, 112)


def test_a_digit_that_the_model_does_not_know_is_refused():
    with pytest.raises(SettingError, match="digit: got 4"):
        take_apart(*loaded(), images(), AnatomyConfig(digit=4))
