"""Clusters of images: alike within, the same for the same seed, fewer where there are few images."""

import numpy as np
import pytest

from ganmnist.training.clusters import cluster_images


def bars(count, random):
    """Images of three kinds, a bar each, somewhat noisy; and their kinds."""
    kinds = random.integers(3, size=count)
    images = random.integers(0, 60, (count, 28, 28)).astype(np.uint8)
    images[kinds == 0, 2:8] = 250
    images[kinds == 1, :, 20:25] = 250
    images[kinds == 2, 20:26, :14] = 250
    return images, kinds


@pytest.fixture(scope="module")
def pictures():
    return bars(900, np.random.default_rng(5))


def test_images_of_one_kind_share_their_clusters(pictures):
    images, kinds = pictures
    clusters = cluster_images(images, 12, seed=3)
    assert set(clusters) <= set(range(12))
    for cluster in set(clusters):
        assert len(set(kinds[clusters == cluster])) == 1


def test_the_same_seed_gives_the_same_clusters_and_another_others(pictures):
    images, _ = pictures
    assert (cluster_images(images, 8, seed=1) == cluster_images(images, 8, seed=1)).all()
    assert (cluster_images(images, 8, seed=1) != cluster_images(images, 8, seed=2)).any()


@pytest.mark.parametrize(("count", "most"), [(2, 1), (31, 1), (100, 6), (900, 12)])
def test_few_images_make_few_clusters(pictures, count, most):
    clusters = cluster_images(pictures[0][:count], 12, seed=0)
    assert clusters.shape == (count,)
    assert clusters.max() < most


def test_images_that_are_all_the_same_make_one_cluster_that_holds_them():
    clusters = cluster_images(np.full((64, 28, 28), 7, np.uint8), 4, seed=0)
    assert len(set(clusters)) == 1
