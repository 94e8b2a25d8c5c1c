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
    made = LatentCells(6, 5, softness=0.2)
    torch.manual_seed(4)
    torch.nn.init.normal_(made.directions)
    made.directions /= made.directions.norm(dim=0)
    return made


def test_cells_are_as_large_as_their_clusters_and_an_empty_one_holds_no_vector(cells):
    shares = torch.tensor([0.5, 0.25, 0.0, 0.2, 0.05])
    cells.fit(shares)
    found = torch.bincount(cells.nearest(torch.randn(40_000, 6)), minlength=5) / 40_000
    assert found[2] == 0
    assert torch.allclose(found, shares, atol=0.03), found


def test_weights_say_how_much_a_vector_is_in_each_cell_and_move_gradually(cells):
    cells.fit(torch.full((5,), 0.2))
    z = torch.randn(500, 6)
    weights = cells.weights(z)
    assert torch.allclose(weights.sum(1), torch.ones(500))
    assert torch.equal(weights.argmax(1), cells.nearest(z))
    step = torch.nn.functional.normalize(torch.randn(500, 6)) * 0.02
    assert (cells.weights(z + step) - weights).abs().max() < 0.02 / 0.2, "no jump where one cell passes into the next"


def test_a_generator_hears_its_cluster_in_every_conditional_layer_and_a_discriminator_in_its_projection():
    config = networks(LatentClusters(clusters=4))
    generator, discriminator = config.tables()
    assert (config.input_dim, config.kinds, generator[0].output_shape) == (3, 4, (7,))
    drawn = build_generator(config)(torch.randn(2, 3))
    assert build_discriminator(config)(drawn, torch.eye(4)[[1, 3]]).shape == (2, 1)
    assert discriminator[-1].parameters == 784 + 1 + 4 * 784


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: networks(Dense(units=8), LatentClusters()), "can only be the first layer of the generator"),
        (lambda: networks(discriminator=(Flatten(), LatentClusters(), Dense(units=1))), "can only be the first layer"),
        (lambda: networks(LatentClusters(), classes=10), "stands in for classes: set classes to 0"),
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
