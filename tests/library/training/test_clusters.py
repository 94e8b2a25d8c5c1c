"""Clusters of images: alike within, the same for the same seed, fewer where there are few images."""

from types import SimpleNamespace

import numpy as np
import pytest

from ganmnist.training.clusters import cluster_images, clusters_of_model


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


class Drawing:
    """A model whose five clusters are bars at five heights; none of its vectors lies in the third."""

    latent_dim = 2
    networks = SimpleNamespace(clusters=5)

    def clusters_of(self, z):
        return np.array([0, 1, 3, 4])[(abs(z[:, 0]) * 97).astype(int) % 4]

    def generate(self, z):
        images = np.random.default_rng(1).integers(0, 40, (len(z), 28, 28)).astype(np.uint8)
        for image, cluster in zip(images, self.clusters_of(z), strict=True):
            image[5 * cluster : 5 * cluster + 4] = 250
        return images


def test_a_training_that_goes_on_from_a_model_keeps_that_models_clusters():
    images = np.zeros((6, 28, 28), np.uint8)
    for image, cluster in zip(images, [4, 0, 0, 3, 1, 4], strict=True):
        image[5 * cluster : 5 * cluster + 4] = 240
    assert clusters_of_model(images, Drawing()).tolist() == [4, 0, 0, 3, 1, 4]
