"""What stands in for classes: latent space divided among clusters of the images."""

import pytest
import torch
from pydantic import ValidationError

from ganmnist.layers import ClassProjection, Dense, Flatten, LatentClusters, Reshape, Tanh
from ganmnist.layers.modules import LatentCells
from ganmnist.networks.build import build_discriminator, build_generator
from ganmnist.networks.spec import ModelConfig, Sequential

DISCRIMINATOR = (Flatten(), ClassProjection())


def networks(*generator, classes=0, discriminator=DISCRIMINATOR):
    layers = (*generator, Dense(units=784), Reshape(shape=(1, 28, 28)), Tanh())
    return ModelConfig(
        latent_dim=3,
        classes=classes,
        generator=Sequential(layers=layers),
        discriminator=Sequential(layers=discriminator),
    )


@pytest.fixture
def cells():
    return made_cells(classes=0)


def made_cells(classes):
    made = LatentCells(6, classes, 5, softness=0.2)
    torch.manual_seed(4)
    torch.nn.init.normal_(made.directions)
    made.directions /= made.directions.norm(dim=0)
    return made


def test_cells_are_as_large_as_their_clusters_and_an_empty_one_holds_no_vector(cells):
    shares = torch.tensor([0.5, 0.25, 0.0, 0.2, 0.05])
    cells.fit(2000 * shares)
    found = torch.bincount(cells.nearest(torch.randn(40_000, 6)), minlength=5) / 40_000
    assert found[2] == 0
    assert torch.allclose(found, shares, atol=0.03), found


def test_weights_say_how_much_a_vector_is_in_each_cell_and_move_gradually(cells):
    cells.fit(torch.full((5,), 20))
    z = torch.randn(500, 6)
    weights = cells.weights(z)
    assert torch.allclose(weights.sum(1), torch.ones(500))
    assert torch.equal(weights.argmax(1), cells.nearest(z))
    step = torch.nn.functional.normalize(torch.randn(500, 6)) * 0.02
    assert (cells.weights(z + step) - weights).abs().max() < 0.02 / 0.2, "no jump where one cell passes into the next"


def test_where_there_are_classes_each_has_cells_as_large_as_clusters_are_in_it():
    cells = made_cells(classes=3)
    counts = torch.tensor([[50, 50, 0, 0, 0], [0, 0, 10, 20, 70], [0, 0, 0, 0, 0]])
    cells.fit(counts)
    z = torch.randn(20_000, 6)
    found = [
        torch.bincount(cells.nearest(torch.cat([z, one.expand(len(z), -1)], 1)), minlength=5) / len(z)
        for one in torch.eye(3)
    ]
    for shares, expected in zip(found, (counts[0], counts[1], counts.sum(0)), strict=True):  # the last has no images
        assert torch.allclose(shares, expected / expected.sum(), atol=0.03), shares
        assert not shares[expected == 0].any()


def test_a_cluster_of_a_stray_image_has_no_cell(cells):
    cells.fit(torch.tensor([20_000, 1, 10_000, 10_000, 10_000]))
    assert cells.sizes.isfinite().all()
    found = torch.bincount(cells.nearest(torch.randn(20_000, 6)), minlength=5)
    assert found[1] == 0 < found[[0, 2, 3, 4]].min()


def test_a_mixture_of_classes_has_a_mixture_of_their_cells():
    cells = made_cells(classes=2)
    cells.fit(torch.tensor([[50, 50, 0, 0, 0], [0, 0, 10, 20, 70]]))
    z = torch.randn(9, 6)
    one, other, between = (
        cells.weights(torch.cat([z, torch.tensor(mixed).expand(9, -1)], 1))
        for mixed in ([1.0, 0.0], [0.0, 1.0], [0.25, 0.75])
    )
    assert torch.allclose(between, 0.25 * one + 0.75 * other, atol=1e-6)
    assert one[:, 2:].max() < 1e-6 < one[:, :2].max()


def test_clusters_and_classes_are_both_told_and_the_class_comes_last():
    config = networks(LatentClusters(clusters=4), classes=2)
    assert (config.input_dim, config.condition_dim) == (5, 6)
    inputs = torch.tensor([[0.5, -1.0, 2.0, 0.0, 1.0]])
    heard = build_generator(config)[0](inputs)
    assert heard.shape == (1, 3 + 4 + 2)
    assert torch.equal(heard[:, :3], inputs[:, :3])
    assert torch.equal(heard[:, -2:], inputs[:, 3:])


def test_a_generator_hears_its_cluster_in_every_conditional_layer_and_a_discriminator_in_its_projection():
    config = networks(LatentClusters(clusters=4))
    generator, discriminator = config.tables()
    assert (config.input_dim, config.condition_dim, generator[0].output_shape) == (3, 4, (7,))
    drawn = build_generator(config)(torch.randn(2, 3))
    assert build_discriminator(config)(drawn, torch.eye(4)[[1, 3]]).shape == (2, 1)
    assert discriminator[-1].parameters == 784 + 1 + 4 * 784


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: networks(Dense(units=8), LatentClusters()), "can only be the first layer of the generator"),
        (lambda: networks(discriminator=(Flatten(), LatentClusters(), Dense(units=1))), "can only be the first layer"),
    ],
)
def test_clusters_elsewhere_are_refused(wrong, sentence):
    with pytest.raises(ValidationError, match=sentence):
        wrong()


def test_the_second_half_of_z_is_style_within_a_cluster():
    cells = build_generator(networks(LatentClusters(clusters=4)))[0]
    z = torch.randn(200, 3)
    other = torch.cat([z[:, :2], torch.randn(200, 1)], 1)
    assert torch.equal(cells.nearest(z), cells.nearest(other))
    assert len(cells.nearest(z).unique()) > 1
