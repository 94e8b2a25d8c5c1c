"""A walk through a generator, layer by layer: the mock and the real server alike."""

import base64
import time
from contextlib import nullcontext

import numpy as np
import pytest
import rhino3dm

from bridge_server.backends.mock.backend import Mock
from bridge_server.contract.networks import ActivationsRequest
from bridge_server.encoding.pixels import pixels
from bridge_server.encoding.replies import Origin, activations
from ganmnist.errors import SettingError
from ganmnist.generation.feature_maps import maps_of
from ganmnist.models.manifest import Source

# Grown by convolutions that upsample, trained against a critic: neither is in any preset.
OWN = {
    "latent_dim": 3,
    "classes": 10,
    "generator": {
        "layers": [
            {"layer": "Dense", "units": 20},
            {"layer": "Reshape", "shape": [20, 1, 1]},
            {"layer": "Conv2DTranspose", "filters": 5, "kernel": 7, "padding": "valid"},
            {"layer": "ConditionalBatchNorm"},
            {"layer": "LeakyReLU"},
            {"layer": "Conv2DTranspose", "filters": 4},
            {"layer": "PixelShuffle"},
            {"layer": "Tanh"},
        ]
    },
    "discriminator": {
        "layers": [
            {"layer": "Conv2D", "filters": 3, "stride": 2, "spectral_norm": True},
            {"layer": "GroupNorm"},
            {"layer": "Flatten"},
            {"layer": "ClassProjection"},
        ]
    },
}
SHAPES = [(20,), (20, 1, 1), (5, 7, 7), (5, 7, 7), (5, 7, 7), (4, 14, 14), (1, 28, 28), (1, 28, 28)]
ORIGIN = Origin(Source("m", "m", 1, "0" * 64), False, 7)


@pytest.fixture(scope="module")
def own(server, ask):
    """The run of a model whose networks are of one's own."""
    settings = {"networks": OWN, "loss": "wasserstein", "images": 96, "batch_size": 32, "epochs": 2}
    started = ask("run_start", {"model": "own", **settings}, expect=201)
    server.wait_for_run(started.id, "succeeded")
    return started


def images(layer):
    return np.frombuffer(base64.b64decode(layer.maps.data), np.uint8).reshape(layer.maps.shape)


def vertices(shape):
    decoded = rhino3dm.CommonObject.Decode({"version": 10000, **shape.model_dump()})
    if isinstance(decoded, rhino3dm.PointCloud):
        return np.array([[point.X, point.Y, point.Z] for point in decoded.GetPoints()])
    return np.array([[point.X, point.Y, point.Z] for point in decoded.Vertices])


@pytest.mark.parametrize("most", [1, 3, 64])
def test_every_layer_shows_its_first_maps(ask, most):
    reply = ask("networks_activations", {"maps": most, "form": "images", "digit": 4})
    table = ask("networks_check", {"model": "bundled"}).generator.rows
    assert (reply.model, reply.training) == ("bundled", False)
    assert reply.step > 0
    assert [(layer.place, layer.layer, layer.output_shape) for layer in reply.layers] == [
        (row.place, row.layer, row.output_shape) for row in table
    ]
    for layer in reply.layers:
        assert layer.low <= layer.high
        shown = images(layer)
        if len(layer.output_shape) == 3:
            assert shown.shape == (min(most, layer.output_shape[0]), *layer.output_shape[1:])
        else:
            assert len(shown) == 1
            assert shown.size >= layer.output_shape[0]
        assert (shown.min(), shown.max()) == ((0, 255) if layer.low < layer.high else (0, 0))
    assert reply.geometry == []


@pytest.mark.parametrize("form", ["mesh", "relief", "points"])
def test_the_layers_stand_above_one_another_with_a_vertex_for_every_number_shown(ask, form):
    body = {"form": form, "maps": 1, "cell": 0.5, "height": 3.0, "plane": {"origin": [7, 8, 9]}}
    reply = ask("networks_activations", body)
    assert len(reply.geometry) == len(reply.layers)
    tops = [8.9]
    for layer, shape in zip(reply.layers, reply.geometry, strict=True):
        found = vertices(shape)
        assert len(found) == images(layer).size
        assert found[:, 2].min() > tops[-1]
        assert np.ptp(found[:, 2]) == (0 if form == "mesh" or layer.low == layer.high else pytest.approx(3))
        assert found[:, :2].mean(0) == pytest.approx([7, 8]), "centred on the plane"
        tops.append(found[:, 2].max())


def test_the_same_latents_give_the_same_walk_and_others_another(ask):
    first = ask("networks_activations", {"seed": 5, "form": "images"})
    assert ask("networks_activations", {"seed": 5, "form": "images"}) == first
    assert ask("networks_activations", {"seed": 5, "latent": [2.5, -2], "form": "images"}).layers != first.layers
    zero, one = (ask("networks_activations", {"seed": 5, "digit": digit, "form": "images"}) for digit in (0, 1))
    assert zero.layers[-1] != one.layers[-1]


def test_networks_of_ones_own_are_trained_taken_apart_and_walked_through(ask, own):
    checked = ask("networks_check", {"model": "own"})
    assert [row.output_shape for row in checked.generator.rows] == SHAPES
    parts = {"generator": OWN["generator"], "discriminator": OWN["discriminator"], "latent_dim": 3, "classes": 10}
    same = ask("networks_check", parts)
    assert (checked.generator, checked.discriminator) == (same.generator, same.discriminator)
    reply = ask("networks_activations", {"model": "OWN", "digit": 9, "latent": [0.5, 1]})
    assert (reply.model, [layer.output_shape for layer in reply.layers]) == ("own", SHAPES)
    assert len(vertices(reply.geometry[1])) == 7 * 7, "16 of 20 maps of one pixel, a line between two"
    drawn = ask("generate", {"model": "own", "digit": 9, "latent": [0.5, 1], "form": "images"})
    assert (drawn.digits, drawn.images.shape) == ([9], (1, 28, 28))
    assert ask("models").models[0].preset is None


def test_a_model_in_training_is_walked_through_as_it_grows(server, ask, endless):
    started = ask("run_start", {"model": "growing", **endless}, expect=201)
    deadline = time.monotonic() + 30
    while "growing" not in [model.name for model in ask("models").models]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    reply = ask("networks_activations", {"model": "growing", "form": "images"})
    assert reply.training
    while ask("networks_activations", {"model": "growing", "form": "images"}).step == reply.step:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    ask("run_stop", id=started.id)
    server.wait_for_run(started.id, "stopped", seconds=5)
    assert not ask("networks_activations", {"model": "growing", "form": "images"}).training


@pytest.mark.parametrize(
    ("body", "word"),
    [({"digit": 10}, "digit: got 10"), ({"latent": [0] * 65}, "latent: has 65 numbers"), ({"maps": 0}, "maps: ")],
)
def test_what_the_model_cannot_do_is_refused(server, check_problem, body, word):
    error = check_problem(server.raw("POST", "/api/networks/activations", body), 422, "invalid_setting")
    assert error["message"].startswith(word)
    assert error["field"] == word.split(":")[0]


def walked(sides, maps):
    layers = [
        maps_of(place, "Conv2D", np.zeros((64, side, side), np.float32), maps) for place, side in enumerate(sides, 1)
    ]
    return activations(ActivationsRequest(maps=maps), ORIGIN, layers)


def test_a_walk_of_too_many_vertices_is_refused_with_the_number_of_maps_that_fits():
    assert len(walked([70], 64).geometry) == 1
    with pytest.raises(
        SettingError, match="maps: up to 64 a layer make 642,978 vertices, at most 400,000: lower it to 32"
    ):
        walked([70, 70], 64)
    assert len(walked([70, 70], 32).geometry) == 2
    with pytest.raises(
        SettingError, match="up to 1 a layer make 400,689 vertices, at most 400,000: take the form images"
    ):
        walked([633], 1)


def test_a_walk_takes_its_turn_as_as_many_digits_as_it_has_pixels_of(monkeypatch):
    efforts = []

    def turn(backend, effort):
        efforts.append(effort)
        return nullcontext()

    monkeypatch.setattr(Mock, "_turn", turn)
    sent = Mock("x").networks_activations(ActivationsRequest(maps=64, form="points"))
    (effort,) = efforts
    assert effort == sum(images(layer).size for layer in sent.layers) / 784


def test_pictures_of_any_size_are_sent():
    layers = [maps_of(1, "Conv2D", np.zeros((64, 130, 130), np.float32), 64)]
    reply = activations(ActivationsRequest(maps=64, form="images"), ORIGIN, layers)
    assert reply.layers[0].maps == pixels(layers[0].images)


def test_numbers_that_are_none_are_shown_all_the_same():
    wild = np.array([np.nan, -np.inf, 1, np.inf], np.float32)
    (layer,) = activations(ActivationsRequest(), ORIGIN, [maps_of(1, "Dense", wild, 1)]).layers
    assert images(layer).tolist() == [[[128, 0], [128, 255]]]
    assert layer.low == -layer.high < -1e38
