"""The figures say what their formulas say, and the bundled judge knows digits."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from ganmnist.data.load import load_data
from ganmnist.errors import DataError
from ganmnist.evaluation.evaluate import Estimator, Evaluator, read_samples
from ganmnist.evaluation.judge import FEATURES, MANIFEST, extract_features, load_judge
from ganmnist.evaluation.metrics import coverage, frechet_distance, inception_score, knn_radii
from ganmnist.storage import bundle
from ganmnist.weights.train_judge import accuracy, train_judge

pytestmark = pytest.mark.slow

CHANCE = np.random.default_rng(4)


@pytest.fixture(scope="module")
def mnist():
    data = load_data()
    if data.name != "MNIST":
        pytest.skip("no MNIST here: put its four files into GANMNIST_DATA")
    return data


@pytest.fixture(scope="module")
def evaluator(mnist):
    return Evaluator(replace(mnist, test_images=mnist.test_images[::5]))


def test_frechet_distance_of_gaussians_on_the_diagonal_is_the_formula():
    one = CHANCE.normal((1.0, -2.0, 0.5), (1.0, 3.0, 0.2), (200_000, 3))
    other = CHANCE.normal((0.0, 1.0, 0.5), (2.0, 1.0, 0.2), (200_000, 3))
    expected = 1 + 9 + (1 - 2) ** 2 + (3 - 1) ** 2  # shifts, and differences of the deviations
    assert frechet_distance(one, other) == pytest.approx(expected, rel=0.02)


def test_frechet_distance_sees_how_features_go_together():
    one = CHANCE.normal(size=(50_000, 2)) @ np.array([[1.0, 0.9], [0.0, 0.3]])
    turned = one * (1, -1)
    assert frechet_distance(one, turned) > 0.5
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9)


def test_frechet_distance_is_the_same_both_ways():
    one, other = CHANCE.normal(size=(500, 4)), CHANCE.normal(1, 2, (300, 4))
    assert frechet_distance(one, other) == pytest.approx(frechet_distance(other, one))


def test_inception_score_is_ten_for_sure_and_even_and_one_for_all_alike():
    assert inception_score(np.eye(10)[np.arange(1000) % 10]) == pytest.approx(10)
    assert inception_score(np.eye(10)[np.zeros(50, int)]) == pytest.approx(1)
    assert inception_score(np.full((50, 10), 0.1)) == pytest.approx(1)


def test_points_of_one_cluster_cover_half_of_two():
    near, far = CHANCE.normal(0, 1, (600, 5)), CHANCE.normal(50, 1, (600, 5))
    both = np.concatenate([near, far])
    assert coverage(near, both, knn_radii(both)) > 0.95
    assert coverage(both, near, knn_radii(near)) == pytest.approx(0.5, abs=0.03)


def test_the_judge_names_994_of_1000_test_digits(mnist):
    """Of every fifth, two thousand of them; its manifest says what it is on all."""
    _, probabilities = extract_features(mnist.test_images[::5])
    assert (probabilities.argmax(1) == mnist.test_labels[::5]).mean() >= 0.994


def test_a_judge_that_learned_for_a_moment_beats_chance(mnist):
    few = replace(mnist, train_images=mnist.train_images[:3072], test_images=mnist.test_images[:500])
    few = replace(few, test_labels=mnist.test_labels[:500])
    assert accuracy(train_judge(few, epochs=1), few) > 0.5


def test_the_judge_says_the_accuracy_it_has_and_is_small():
    manifest = bundle.read_manifest(MANIFEST)
    assert manifest["accuracy"] >= 0.994
    assert MANIFEST.with_name(manifest["weights"]).stat().st_size < 1_000_000


def test_the_judge_does_not_learn_from_looking():
    before = {name: value.clone() for name, value in load_judge().state_dict().items()}
    extract_features(CHANCE.integers(0, 256, (3, 28, 28), np.uint8))
    assert all((value == before[name]).all() for name, value in load_judge().state_dict().items())


def test_real_images_beat_noise_and_one_digit_alone(mnist, evaluator):
    real = evaluator.real_baseline(1000)
    noise = evaluator.evaluate(CHANCE.integers(0, 256, (1000, 28, 28), np.uint8))
    ones = evaluator.evaluate(mnist.train_images[mnist.train_labels == 1][:1000])
    assert real.frechet * 10 < min(noise.frechet, ones.frechet)
    assert real.confident > 0.95
    assert real.precision > 0.8
    assert real.recall > 0.7
    assert noise.recall < 0.1
    assert ones.recall < 0.3
    assert ones.classes[1] > 0.98
    assert sum(real.classes) == pytest.approx(1)


def test_too_few_images_are_refused(mnist, evaluator):
    with pytest.raises(DataError, match="128 are too few"):
        evaluator.evaluate(mnist.train_images[:128])


def test_half_of_the_training_images_stand_in_for_few_test_images_and_it_is_said(digits):
    images = np.concatenate([digits.train_images, digits.train_images[:40, ::-1]])
    few = replace(digits, train_images=images[12:], test_images=images[:12])
    evaluator = Evaluator(few)
    assert evaluator.remark.startswith(
        "synthetic-mnist has 12 test images, too few to compare with (at least 129), so half"
    )
    assert evaluator.real_baseline(1000).images == 142
    with pytest.raises(DataError, match=r"257 training and 12 test images are too few .* import more pictures"):
        Evaluator(replace(few, train_images=images[:257]))
    with pytest.raises(DataError, match="the samples: 9 are too few to compare, at least 129: make more of them"):
        evaluator.evaluate(images[:9])


def test_test_images_are_compared_with_where_there_are_enough(digits):
    assert Evaluator(replace(digits, test_images=digits.train_images)).remark == ""


def test_work_says_how_far_it_is_and_ends_where_it_is_told_to(mnist, evaluator):
    said = []
    evaluator.real_baseline(500, said.append)
    assert said == sorted(said)
    assert (len(said), said[-1]) == (16, 1.0)

    def stop(fraction):
        said.append(fraction)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Evaluator(mnist, stop)
    assert len(said) == 17


@pytest.fixture(scope="module")
def estimator(mnist):
    return Estimator(mnist.train_images)


def unseen(mnist, count: int, seed: int = 3) -> np.ndarray:
    """Real images, some of them."""
    return mnist.train_images[np.random.default_rng(seed).permutation(len(mnist.train_images))[:count]]


def test_real_images_are_estimated_near_the_baseline_of_ten_thousand_and_noise_far_from_it(mnist, estimator):
    """Real images show 2; with a thousand images the estimate strays by about 2."""
    real = estimator.estimate(unseen(mnist, 1000))
    assert real.frechet < 8
    assert real.confident > 0.95
    noise = estimator.estimate(CHANCE.integers(0, 256, (1000, 28, 28), np.uint8))
    assert noise.frechet > 100


def test_estimates_from_a_thousand_images_lie_around_the_one_from_all_of_them(mnist, estimator):
    images = unseen(mnist, 4000)
    blurred = ((images.astype(np.uint16) + np.roll(images, 1, 2)) // 2).astype(np.uint8)
    whole = estimator.estimate(blurred).frechet
    parts = [estimator.estimate(part).frechet for part in np.split(blurred, 4)]
    assert parts == pytest.approx([whole] * 4, abs=5)
    assert np.mean(parts) == pytest.approx(whole, abs=1.5)  # without the correction they would be 6 above it


def test_an_estimate_is_never_below_zero(mnist, estimator):
    twice = np.repeat(unseen(mnist, 1000), 2, 0)
    assert estimator.estimate(twice).frechet >= 0


def test_too_few_real_images_cannot_judge(digits):
    least = 3 * (FEATURES + 1)
    enough = np.resize(digits.train_images, (least, 28, 28))
    assert Estimator.can_judge(enough)
    assert not Estimator.can_judge(enough[1:])
    with pytest.raises(DataError, match=rf"{least - 1} are too few .*at least {least}"):
        Estimator(enough[1:])


@pytest.mark.parametrize(
    "array", [np.zeros((5, 28, 28)), np.zeros((5, 28, 27), np.uint8), np.array([{}], object)], ids=str
)
def test_samples_of_another_kind_are_refused(tmp_path, array):
    path = tmp_path / "samples.npy"
    np.save(path, array, allow_pickle=True)
    with pytest.raises(DataError, match=r"samples\.npy"):
        read_samples(path)


def test_the_command_prints_figures_beside_those_of_real_images(mnist, tmp_path):
    np.save(tmp_path / "samples.npy", CHANCE.permutation(mnist.train_images)[:600])
    command = [sys.executable, "-m", "ganmnist", "evaluate", str(tmp_path / "samples.npy"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["samples"]["images"] == answer["real_baseline"]["images"] == 600
    assert answer["samples"]["frechet"] < 2 * answer["real_baseline"]["frechet"]
    assert answer["floor"] == answer["real_baseline"]  # under its former name
