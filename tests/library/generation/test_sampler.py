"""One z gives one digit, to the byte: alone or among others, on one thread or two, before and after a save."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganmnist.config import GenerateConfig, TrainConfig
from ganmnist.errors import ModelError, SettingError
from ganmnist.evaluation.judge import extract_features
from ganmnist.generation import sampler as sampling
from ganmnist.generation.sampler import Sampler
from ganmnist.latent.vectors import one_hot
from ganmnist.models.manifest import ModelManifest
from ganmnist.models.store import ModelFolder, ModelNotFound, ModelStore
from ganmnist.networks.build import build_generator
from ganmnist.pixels import to_images
from ganmnist.training.presets import PRESETS

DIM = PRESETS["fast"].networks.latent_dim
Z = np.random.default_rng(6).standard_normal((20, DIM)).astype(np.float32)
CLASSES = np.arange(20) * 7 % 10


def weights_of(preset: str) -> dict[str, torch.Tensor]:
    """Weights that make every rounding show.

    The last convolution takes differences of large numbers, so that a sum in another order gives other pixels.
    """
    networks = PRESETS[preset].networks
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        generator = build_generator(networks)
        generator(torch.randn(64, networks.input_dim))  # moves BatchNorm's statistics
    weights = {key: value * 3 if value.dim() > 1 else value for key, value in generator.state_dict().items()}
    norm = [key for key in weights if "BatchNorm" in key and key.endswith("bias")][-1]
    convolution = [key for key in weights if "Conv2D.weight" in key][-1]
    weights[norm][-weights[convolution].shape[1] :] += 1000  # of a conditional norm, gains come before
    weights[convolution] -= weights[convolution].mean(1, keepdim=True)
    return weights


@pytest.fixture(scope="module")
def weights():
    return weights_of("fast")


@pytest.fixture(scope="module")
def sampler(weights):
    return Sampler(PRESETS["fast"].networks, weights, "digits", 40)


@pytest.fixture(scope="module")
def bundled(tmp_path_factory):
    """The bundled model."""
    return Sampler.load(ModelStore(tmp_path_factory.mktemp("home")).find(None))


@pytest.fixture(scope="module")
def alone(sampler):
    """The image of each row of Z, grown one by one."""
    return np.concatenate([sampler.generate(Z[i : i + 1], CLASSES[i : i + 1]) for i in range(20)])


@pytest.fixture
def folder(home, weights) -> ModelFolder:
    folder = ModelStore(home).new("digits")
    config = TrainConfig()
    manifest = ModelManifest(
        id=folder.id,
        name="digits",
        created=folder.created(),
        data="synthetic-mnist",
        preset="fast",
        networks=PRESETS["fast"].networks,
        settings=config,
        epoch=1,
        step=40,
        seconds=1.0,
        finished=True,
    )
    folder.publish(manifest, weights)
    return folder


@settings(max_examples=20)
@given(start=st.integers(0, 19), count=st.integers(1, 20))
def test_a_digit_is_the_same_in_every_company(sampler, alone, start, count):
    chosen = (np.arange(count) * 7 + start) % 20
    np.testing.assert_array_equal(sampler.generate(Z[chosen], CLASSES[chosen]), alone[chosen])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("batch", [1, 3, 20])
def test_a_digit_is_the_same_on_one_thread_and_on_two(sampler, alone, threads, batch):
    torch.set_num_threads(threads)
    parts = [slice(place, place + batch) for place in range(0, 20, batch)]
    images = np.concatenate([sampler.generate(Z[part], CLASSES[part]) for part in parts])
    np.testing.assert_array_equal(images, alone)


def test_a_digit_is_the_same_from_any_memory_layout(sampler, alone):
    np.testing.assert_array_equal(sampler.generate(np.asfortranarray(Z), CLASSES), alone)
    np.testing.assert_array_equal(sampler.generate(Z[::-1], CLASSES[::-1])[::-1], alone)
    np.testing.assert_array_equal(sampler.generate(Z.astype(np.float64), CLASSES), alone)


def test_a_digit_is_the_same_after_a_save_and_a_load(folder, alone):
    loaded = Sampler.load(folder)
    assert (loaded.name, loaded.step, loaded.latent_dim, loaded.classes) == ("digits", 40, DIM, 10)
    np.testing.assert_array_equal(loaded.generate(Z, CLASSES), alone)


def test_the_last_state_of_a_training_is_loaded_where_it_was_not_the_best(folder, weights, alone):
    other = {key: value.clone() for key, value in weights.items()}
    folder.keep_last(folder.manifest().model_copy(update={"step": 50}), other)
    assert (Sampler.load(folder).step, Sampler.load(folder, last=True).step) == (40, 50)


@pytest.mark.parametrize("preset", ["tutorial", "unconditional"])
def test_the_digits_of_other_presets_are_the_same_alone_and_in_company_too(preset):
    sampler = Sampler(PRESETS[preset].networks, weights_of(preset), preset, 1)
    z = np.random.default_rng(6).standard_normal((18, sampler.latent_dim)).astype(np.float32)
    together = sampler.generate(z)
    np.testing.assert_array_equal(np.concatenate([sampler.generate(row[None]) for row in z]), together)
    assert len(np.unique(together, axis=0)) == 18


def test_many_threads_of_a_server_may_ask_at_once(sampler, alone):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda i: sampler.generate(Z[i : i + 1], CLASSES[i : i + 1]), range(20)))
    np.testing.assert_array_equal(np.concatenate(answers), alone)


def test_unless_given_the_classes_come_in_turn(sampler):
    expected = sampler.generate(Z[:13], np.array([*range(10), 0, 1, 2]))
    np.testing.assert_array_equal(sampler.generate(Z[:13]), expected)


def test_the_class_decides_which_digit_grows_from_a_z(bundled):
    z = np.repeat(np.random.default_rng(1).standard_normal((1, bundled.latent_dim)), 10, 0)
    assert len(np.unique(bundled.generate(z), axis=0)) == 10


def test_the_digit_asked_for_is_the_one_that_comes(bundled):
    z = np.random.default_rng(2).standard_normal((200, bundled.latent_dim)).astype(np.float32)
    classes = np.arange(200) % 10
    _, probabilities = extract_features(bundled.generate(z, classes))
    assert (probabilities.argmax(1) == classes).mean() > 0.95


def test_where_a_batch_rounds_in_another_way_each_digit_is_grown_by_itself(weights, alone):
    other = Sampler(PRESETS["fast"].networks, weights, "digits", 40)
    grow = other._run
    other._run = lambda samples: grow(samples) + (0.01 if len(samples) > 1 else 0.0)
    np.testing.assert_array_equal(other.generate(Z, CLASSES), alone)


@pytest.mark.parametrize("classes", [[0], [0, 1, 2], [0, 10], [-1, 0], [[0], [1]]], ids=str)
def test_classes_the_model_does_not_know_or_of_another_number_are_refused(sampler, classes):
    with pytest.raises(SettingError, match="classes: expected 2 numbers from 0 to 9"):
        sampler.generate(Z[:2], np.array(classes))


def test_images_are_bytes_of_28_by_28(sampler):
    images = sampler.generate(Z[:2])
    assert images.shape == (2, 28, 28)
    assert images.dtype == np.uint8
    assert sampler.generate(Z[:0]).shape == (0, 28, 28)


def test_minus_one_is_black_and_one_is_white():
    output = torch.tensor([[[[-1.0, 0.0, 1.0], [-1.004, 1.004, -0.996]]]])
    assert to_images(output).tolist() == [[[0, 128, 255], [0, 255, 1]]]


@pytest.mark.parametrize("shape", [(DIM,), (1, DIM - 1), (2, DIM + 9), (1, 1, DIM)])
def test_vectors_of_another_length_are_refused(sampler, shape):
    with pytest.raises(SettingError, match=rf"\(N, {DIM}\)"):
        sampler.generate(np.zeros(shape, np.float32))


def test_weights_of_other_networks_are_refused_and_the_first_that_differs_is_named(weights):
    names = sorted(weights)
    short = {name: weights[name] for name in names[1:]}
    wide = {**weights, names[2]: torch.zeros(9, 9)}
    whole = {**weights, names[3]: weights[names[3]].double()}
    extra = {**weights, "zz_extra": torch.zeros(1)}
    for given_weights, name in ((short, names[0]), (wide, names[2]), (whole, names[3]), (extra, "zz_extra")):
        with pytest.raises(ModelError, match=f"digits.*{name}"):
            Sampler(PRESETS["fast"].networks, given_weights, "digits", 1)


def test_making_a_sampler_leaves_the_callers_randomness_alone(weights):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    Sampler(PRESETS["fast"].networks, weights, "digits", 1)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_weights_that_were_given_stay_as_they_were(weights):
    before = {key: value.clone() for key, value in weights.items()}
    Sampler(PRESETS["fast"].networks, weights, "digits", 1).generate(Z)
    assert all(torch.equal(before[key], weights[key]) for key in before)


def test_sampling_by_settings_grows_the_latents_and_the_digit_they_ask_for(sampler, alone):
    rows = tuple(tuple(float(number) for number in row) for row in Z[:2])
    for place in (0, 1):
        config = GenerateConfig(z=rows, digit=int(CLASSES[place]))
        np.testing.assert_array_equal(sampler.sample(config)[place], alone[place])
    assert sampler.sample().shape == (1, 28, 28)


def test_a_whole_vector_gives_what_latent_and_class_give(sampler, alone):
    whole = np.concatenate([Z, one_hot(CLASSES, sampler.classes)], 1)
    np.testing.assert_array_equal(sampler.generate(whole), alone)
    assert len(sampler.walk(whole[:1])) == len(sampler.walk(Z[:1], CLASSES[:1]))


def test_a_mix_of_two_classes_is_neither(sampler, alone):
    whole = np.concatenate(
        [Z, (one_hot(CLASSES, sampler.classes) + one_hot((CLASSES + 1) % 10, sampler.classes)) / 2], 1
    )
    assert not (sampler.generate(whole) == alone).all((1, 2)).any()


def test_sample_i_of_a_seed_is_the_same_image_however_many_are_asked_for(sampler):
    many = sampler.sample(GenerateConfig(seed=8, count=12))
    np.testing.assert_array_equal(sampler.sample(GenerateConfig(seed=8, count=5)), many[:5])


def test_generate_takes_the_bundled_model_unless_another_is_named(folder, home, bundled):
    config = GenerateConfig(count=2, seed=4)
    np.testing.assert_array_equal(sampling.generate(config), bundled.sample(config))
    expected = Sampler.load(folder).sample(config)
    np.testing.assert_array_equal(sampling.generate(config, "DIGITS"), expected)
    np.testing.assert_array_equal(sampling.generate(config, "DIGITS", home=home), expected)
    assert not np.array_equal(expected, bundled.sample(config))
    with pytest.raises(ModelNotFound, match="other"):
        sampling.generate(config, "other")
