"""Sliders with a name do what it says, and nothing is lost on the way from numbers to latents and back."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganmnist.config import STYLE_ATTRIBUTES, GenerateConfig, LatentConfig
from ganmnist.evaluation.judge import extract_features
from ganmnist.generation import find_directions
from ganmnist.generation.measures import measure
from ganmnist.generation.sampler import Sampler
from ganmnist.latent import directions
from ganmnist.latent.vectors import from_seed, inputs
from ganmnist.models.manifest import BUNDLED
from ganmnist.models.store import ModelStore

STEPS = np.linspace(-2, 2, 5)


@pytest.fixture(scope="module")
def sampler(tmp_path_factory):
    return Sampler.load(ModelStore(tmp_path_factory.mktemp("home")).find(BUNDLED))


def bar(rows=slice(6, 22), columns=slice(13, 15), lean=0):
    image = np.zeros((28, 28), np.uint8)
    image[rows, columns] = 255
    return np.stack([np.roll(row, (14 - number) * lean // 4) for number, row in enumerate(image)])


def test_measures_tell_a_leaning_a_thick_a_wide_and_a_large_bar():
    images = [bar(), bar(lean=2), bar(columns=slice(11, 17)), bar(slice(2, 26)), bar(slice(6, 22), slice(4, 24))]
    plain, leaning, thick, tall, wide = range(5)
    found = measure(np.stack(images))
    assert found["slant"][leaning] > 0.3
    assert abs(found["slant"][plain]) < 0.05
    assert found["thickness"][thick] > 2 * found["thickness"][plain]
    assert found["size"][tall] > 1.3 * found["size"][plain]
    assert found["width"][wide] > 5 * found["width"][plain]


def test_an_empty_image_has_measures_too():
    assert all(np.isfinite(values).all() for values in measure(np.zeros((2, 28, 28), np.uint8)).values())


def test_the_bundled_model_has_a_direction_for_every_style_attribute(sampler):
    known = sampler.directions()
    assert tuple(direction.name for direction in known) == STYLE_ATTRIBUTES
    assert all(direction.agreement >= find_directions.AGREES for direction in known)
    axes = np.array([direction.axis for direction in known])
    np.testing.assert_allclose(axes @ axes.T, np.eye(len(STYLE_ATTRIBUTES)), atol=1e-6)


@pytest.mark.parametrize("name", STYLE_ATTRIBUTES)
def test_a_slider_changes_what_it_is_named_after_on_digits_it_was_not_found_on(sampler, name):
    correlations = []
    for digit in range(10):
        z = from_seed(100 + digit, 6, sampler.latent_dim)
        rows = [
            measure(
                sampler.generate(
                    directions.steer(z, LatentConfig(**{name: step}), sampler.directions()), np.full(6, digit)
                )
            )
            for step in STEPS
        ]
        ranks = np.array([row[name] for row in rows]).T.argsort(1).argsort(1)
        centred = ranks - ranks.mean(1, keepdims=True)
        correlations += (centred @ STEPS / np.abs(STEPS @ (np.arange(5) - 2.0))).tolist()
    assert np.mean(correlations) > 0.8, np.mean(correlations)


def test_the_digit_slider_draws_the_digit_that_it_says(sampler):
    """By the judge, which names more than 99 of 100 test images of MNIST."""
    right = []
    for digit in range(10):
        images = sampler.generate(from_seed(digit, 100, sampler.latent_dim), np.full(100, digit))
        right += (extract_features(images)[1].argmax(1) == digit).tolist()
    assert np.mean(right) > 0.97


@given(wanted=st.dictionaries(st.sampled_from(STYLE_ATTRIBUTES), st.floats(-5, 5), min_size=1), seed=st.integers(0, 99))
def test_numbers_become_latents_and_the_same_numbers_again(sampler, wanted, seed):
    z = from_seed(seed, 2, sampler.latent_dim)
    moved = directions.steer(z, LatentConfig(**wanted), sampler.directions())
    before, after = (directions.project(each, sampler.directions()) for each in (z, moved))
    for name in STYLE_ATTRIBUTES:
        np.testing.assert_allclose(after[name], wanted.get(name, before[name]), atol=1e-5)
    assert moved.dtype == np.float32


def test_at_truncation_0_all_hands_are_the_typical_one(sampler):
    config = GenerateConfig(count=3, seed=5, truncation=0)
    assert not inputs(config, sampler.latent_dim, 0).any()
    assert len(np.unique(sampler.sample(config.model_copy(update={"digit": 4})), axis=0)) == 1


def test_a_slider_that_a_model_has_no_direction_for_changes_nothing_and_that_is_said(sampler):
    slanted = [direction for direction in sampler.directions() if direction.name == "slant"]
    z = from_seed(0, 1, sampler.latent_dim)
    wanted = LatentConfig(width=1, size=0)
    np.testing.assert_array_equal(directions.steer(z, wanted, slanted), z)
    (sentence,) = directions.unsupported_sliders(wanted, slanted)
    assert sentence.startswith("width: this model has no direction that does it, only for slant; ")
    assert directions.unsupported_sliders(LatentConfig(slant=2), slanted) == []
    assert "none at all" in directions.unsupported_sliders(wanted, ())[0]


def test_directions_are_stored_for_the_weights_they_were_found_for(tmp_path, sampler):
    found = sampler.directions()
    assert directions.read_directions(tmp_path, "abc") is None
    directions.write_directions(tmp_path, "abc", found)
    assert directions.read_directions(tmp_path, "abc") == found
    assert directions.read_directions(tmp_path, "abd") is None
    (tmp_path / "directions.json").write_text("{")
    assert directions.read_directions(tmp_path, "abc") is None


def test_stored_directions_are_searched_anew_for_a_name_that_was_not_looked_for(tmp_path, sampler, monkeypatch):
    directions.write_directions(tmp_path, "abc", sampler.directions())
    monkeypatch.setattr(directions, "STYLE_ATTRIBUTES", (*STYLE_ATTRIBUTES, "roundness"))
    assert directions.read_directions(tmp_path, "abc") is None


def test_directions_stored_before_files_said_what_was_searched_are_still_read(tmp_path, sampler):
    directions.write_directions(tmp_path, "abc", sampler.directions())
    stored = json.loads((tmp_path / "directions.json").read_bytes())
    del stored["searched"]
    (tmp_path / "directions.json").write_text(json.dumps(stored))
    assert directions.read_directions(tmp_path, "abc") == sampler.directions()


def test_every_style_attribute_is_measured():
    image = np.random.default_rng(2).integers(0, 256, (3, 28, 28), np.uint8)
    assert {name: len(values) for name, values in measure(image).items()} == dict.fromkeys(STYLE_ATTRIBUTES, 3)


def test_a_models_directions_are_found_once_and_stored_beside_it(tmp_path, monkeypatch):
    store = ModelStore(tmp_path)
    folder = store.folder("0123456789abcdef", "own")
    manifest, weights = store.find(BUNDLED).load()
    folder.publish(manifest.model_copy(update={"id": folder.id, "name": "own"}), weights)
    found = Sampler.load(folder).directions()
    monkeypatch.setattr(find_directions, "find", lambda sampler: pytest.fail("found again"))
    assert Sampler.load(folder).directions() == found


def test_those_that_are_bundled_are_what_is_found(sampler):
    for found, stored in zip(find_directions.find(sampler), sampler.directions(), strict=True):
        np.testing.assert_allclose(found.axis, stored.axis, atol=1e-4)


def test_a_generator_that_does_not_begin_with_dense_has_none(tmp_path):
    class Other:
        def first_weights(self):
            return None

    assert find_directions.find(Other()) == ()
