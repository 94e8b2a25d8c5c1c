"""One z gives one digit, to the byte: alone or among others, on one thread or two, before and after a save."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganmnist import sampling
from ganmnist.config import GenerateConfig, TrainConfig
from ganmnist.errors import ModelError, SettingError
from ganmnist.models import ModelFolder, ModelManifest, ModelNotFound, ModelStore
from ganmnist.networks import build_generator
from ganmnist.presets import PRESETS
from ganmnist.sampling import Sampler, to_images

Z = np.random.default_rng(6).standard_normal((20, 100)).astype(np.float32)


def weights_of(preset: str) -> dict[str, torch.Tensor]:
    """Weights that make every rounding show.

    The last convolution takes differences of large numbers, so that a sum in another order gives other pixels.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        generator = build_generator(PRESETS[preset])
        generator(torch.randn(64, 100))  # moves BatchNorm's statistics
    weights = {key: value * 3 if value.dim() > 1 else value for key, value in generator.state_dict().items()}
    norm = [key for key in weights if "BatchNorm.bias" in key][-1]
    convolution = [key for key in weights if "Conv2D.weight" in key][-1]
    weights[norm] += 1000
    weights[convolution] -= weights[convolution].mean(1, keepdim=True)
    return weights


@pytest.fixture(scope="module")
def weights():
    return weights_of("quick")


@pytest.fixture(scope="module")
def sampler(weights):
    return Sampler(PRESETS["quick"], weights, "digits", 40)


@pytest.fixture(scope="module")
def alone(sampler):
    """The image of each row of Z, grown one by one."""
    return np.concatenate([sampler.generate(row[None]) for row in Z])


@pytest.fixture
def folder(home, weights) -> ModelFolder:
    folder = ModelStore(home).new("digits")
    config = TrainConfig()
    manifest = ModelManifest(
        id=folder.id,
        name="digits",
        created=folder.created(),
        data="drawn-digits",
        preset="quick",
        networks=PRESETS["quick"],
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
    np.testing.assert_array_equal(sampler.generate(Z[chosen]), alone[chosen])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("batch", [1, 3, 20])
def test_a_digit_is_the_same_on_one_thread_and_on_two(sampler, alone, threads, batch):
    torch.set_num_threads(threads)
    images = np.concatenate([sampler.generate(Z[place : place + batch]) for place in range(0, 20, batch)])
    np.testing.assert_array_equal(images, alone)


def test_a_digit_is_the_same_from_any_memory_layout(sampler, alone):
    np.testing.assert_array_equal(sampler.generate(np.asfortranarray(Z)), alone)
    np.testing.assert_array_equal(sampler.generate(Z[::-1])[::-1], alone)
    np.testing.assert_array_equal(sampler.generate(Z.astype(np.float64)), alone)


def test_a_digit_is_the_same_after_a_save_and_a_load(folder, alone):
    loaded = Sampler.load(folder)
    assert (loaded.name, loaded.step, loaded.latent_dim) == ("digits", 40, 100)
    np.testing.assert_array_equal(loaded.generate(Z), alone)


def test_the_tutorials_digits_are_the_same_alone_and_in_company():
    sampler = Sampler(PRESETS["tutorial"], weights_of("tutorial"), "tutorial", 1)
    together = sampler.generate(Z[:3])
    np.testing.assert_array_equal(np.concatenate([sampler.generate(row[None]) for row in Z[:3]]), together)
    assert len(np.unique(together, axis=0)) == 3


def test_many_threads_of_a_server_may_ask_at_once(sampler, alone):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda place: sampler.generate(Z[place : place + 1]), range(20)))
    np.testing.assert_array_equal(np.concatenate(answers), alone)


def test_images_are_bytes_of_28_by_28(sampler):
    images = sampler.generate(Z[:2])
    assert images.shape == (2, 28, 28)
    assert images.dtype == np.uint8
    assert sampler.generate(Z[:0]).shape == (0, 28, 28)


def test_minus_one_is_black_and_one_is_white():
    output = torch.tensor([[[[-1.0, 0.0, 1.0], [-1.004, 1.004, -0.996]]]])
    assert to_images(output).tolist() == [[[0, 128, 255], [0, 255, 1]]]


@pytest.mark.parametrize("shape", [(100,), (1, 99), (2, 101), (1, 1, 100)])
def test_vectors_of_another_length_are_refused(sampler, shape):
    with pytest.raises(SettingError, match=r"\(N, 100\)"):
        sampler.generate(np.zeros(shape, np.float32))


def test_weights_of_other_networks_are_refused_and_the_first_that_differs_is_named(weights):
    names = sorted(weights)
    short = {name: weights[name] for name in names[1:]}
    wide = {**weights, names[2]: torch.zeros(9, 9)}
    whole = {**weights, names[3]: weights[names[3]].double()}
    extra = {**weights, "zz_extra": torch.zeros(1)}
    for given_weights, name in ((short, names[0]), (wide, names[2]), (whole, names[3]), (extra, "zz_extra")):
        with pytest.raises(ModelError, match=f"digits.*{name}"):
            Sampler(PRESETS["quick"], given_weights, "digits", 1)


def test_making_a_sampler_leaves_the_callers_randomness_alone(weights):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    Sampler(PRESETS["quick"], weights, "digits", 1)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_weights_that_were_given_stay_as_they_were(weights):
    before = {key: value.clone() for key, value in weights.items()}
    Sampler(PRESETS["quick"], weights, "digits", 1).generate(Z)
    assert all(torch.equal(before[key], weights[key]) for key in before)


def test_sampling_by_settings_grows_the_latents_they_ask_for(sampler, alone):
    rows = tuple(tuple(float(number) for number in row) for row in Z[:2])
    np.testing.assert_array_equal(sampler.sample(GenerateConfig(z=rows)), alone[:2])
    assert sampler.sample().shape == (1, 28, 28)


def test_generate_takes_the_newest_model_of_the_home(folder, home, alone):
    config = GenerateConfig(count=2, seed=4)
    expected = Sampler.load(folder).sample(config)
    np.testing.assert_array_equal(sampling.generate(config), expected)
    np.testing.assert_array_equal(sampling.generate(config, "DIGITS", home=home), expected)
    with pytest.raises(ModelNotFound, match="other"):
        sampling.generate(config, "other")
