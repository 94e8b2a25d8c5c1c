"""The tutorial's steps on the canvas, with the real server: layers one by one, model, training on MNIST, a digit."""

import json

import pytest
import rhino3dm

from ganmnist.networks.spec import ModelConfig
from ganmnist.training.presets import PRESETS

GENERATOR = (
    ("layer_dense", {"units": 7.0 * 7 * 256}),
    ("layer_batch_norm", {}),
    ("layer_leaky_re_lu", {}),
    ("layer_reshape", {"shape": [256, 7, 7]}),
    ("layer_up_sampling2d", {}),
    ("layer_conv2d", {"filters": 128}),
    ("layer_batch_norm", {}),
    ("layer_leaky_re_lu", {}),
    ("layer_up_sampling2d", {}),
    ("layer_conv2d", {"filters": 64}),
    ("layer_batch_norm", {}),
    ("layer_leaky_re_lu", {}),
    ("layer_conv2d", {"filters": 1}),
    ("layer_tanh", {}),
)
DISCRIMINATOR = (
    ("layer_conv2d", {"filters": 64, "stride": 2}),
    ("layer_leaky_re_lu", {}),
    ("layer_conv2d", {"filters": 128, "stride": 2}),
    ("layer_batch_norm", {}),
    ("layer_leaky_re_lu", {}),
    ("layer_flatten", {}),
    ("layer_dense", {"units": 1}),
    ("layer_sigmoid", {}),
)
# inputs x outputs + biases of dense layers and of each 3 x 3 convolution; gain and bias of normalised channels
TRAINED = {
    "generator": [100 * 12544 + 12544, 2 * 12544, 0, 0, 0, 9 * 256 * 128 + 128, 2 * 128, 0]
    + [0, 9 * 128 * 64 + 64, 2 * 64, 0, 9 * 64 * 1 + 1, 0],
    "discriminator": [9 * 1 * 64 + 64, 0, 9 * 64 * 128 + 128, 2 * 128, 0, 0, 128 * 7 * 7 * 1 + 1, 0],
}


@pytest.fixture(scope="module")
def server(mnist_at_hand, start_shared_server):
    return start_shared_server()


def compose(rhino, part, layers):
    """Place a component for each layer, plugged into the one before, and return the name of the last."""
    before = None
    for place, (component, parameters) in enumerate(layers, 1):
        name = f"{part} {place}"
        rhino.place(name, component)
        if before:
            rhino.do("wire", source=before, output="network", target=name, input="layers")
        report = rhino.solve(name, **parameters)
        assert (report["message"], report["balloons"]) == (f"layer {place}", [])
        before = name
    return before


def test_the_tutorial_composed_layer_by_layer_trains_and_draws(open_rhino, server, python):
    rhino = open_rhino(server.home)
    last_g, last_d = compose(rhino, "generator", GENERATOR), compose(rhino, "discriminator", DISCRIMINATOR)
    for name in ("network", "model", "train", "generate", "walk"):
        rhino.place(name)
    for source, output, target, input in (
        (last_g, "network", "network", "layers"),
        ("network", "network", "model", "generator"),
        (last_d, "network", "model", "discriminator"),
        ("model", "gan", "train", "gan"),
        ("train", "model", "generate", "model"),
        ("train", "model", "walk", "model"),
    ):
        rhino.do("wire", source=source, output=output, target=target, input=input)
    for name in ("network", "model", "train", "generate", "walk"):
        rhino.solve(name)

    outputs = rhino.until("model", "ready - 1.7 M", "gan", "table", "parameters")["outputs"]
    networks = ModelConfig.model_validate(json.loads(outputs["gan"])["networks"])
    assert networks == PRESETS["tutorial"].networks
    for part, rows in zip(TRAINED, networks.tables(), strict=True):
        assert [row.parameters for row in rows] == TRAINED[part]
    assert outputs["parameters"] == 1_661_825 + 81_025
    assert outputs["table"][0] == "generator: 14 layers, 1,661,825 parameters"
    assert outputs["table"][6] == "6 Conv2D -> 128 x 14 x 14 (295,040 parameters)"
    assert outputs["table"][-1] == "8 Sigmoid -> 1"

    settings = {"name": f"tutorial-{python[0]}", "images": 32, "epochs": 1, "seed": 3}
    rhino.until("train", "press train")
    rhino.press("train", "train", **settings)
    rhino.until("train", lambda report: report["message"].startswith("finished - 1 epoch"), seconds=100)
    rhino.solve("generate", form="relief")
    drawn = rhino.until("generate", f"tutorial-{python[0]} - step 2", "geometry")
    mesh = rhino3dm.CommonObject.Decode({"version": 10000, **drawn["outputs"]["geometry"][0]})
    assert (mesh.IsValid, len(mesh.Vertices)) == (True, 784)
    lines = rhino.until("walk", f"tutorial-{python[0]} - step 2", "layers")["outputs"]["layers"]
    assert [line.split(" (")[0] for line in lines] == [line.split(" (")[0] for line in outputs["table"][1:15]]
    for name in rhino.names:
        report = rhino.report(name)
        assert report["balloons"] == [], name
        assert max(report["times"][1:], default=0) < 100, name
