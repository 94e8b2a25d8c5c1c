"""The Walk component: the feature maps of each layer of a generator."""

import base64

import numpy as np
import pytest
import rhino3dm

from ganmnist.training.presets import PRESETS


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server()


@pytest.fixture
def rhino(open_rhino, server):
    rhino = open_rhino(server.home)
    rhino.place("walk")
    return rhino


def walked(rhino, *outputs, **inputs):
    rhino.solve("walk", **inputs)
    report = rhino.until("walk", lambda report: report["message"].startswith("bundled - step"), *outputs)
    assert report["balloons"] == []
    return report["outputs"]


def box(text):
    mesh = rhino3dm.CommonObject.Decode({"version": 10000, **text})
    assert mesh.IsValid
    found = mesh.GetBoundingBox()
    return [found.Max.X - found.Min.X, found.Max.Y - found.Min.Y], found.Min.Z


def test_image_grids_of_growing_maps_are_stacked_from_the_first_layer_to_the_digit(rhino):
    outputs = walked(rhino, "geometry", "layers", maps=4, cell=0.5)
    rows = PRESETS["fast"].networks.tables()[0]
    shapes = [" x ".join(map(str, row.output_shape)) for row in rows]
    start = [f"{row.place} {row.layer} -> {shape} (" for row, shape in zip(rows, shapes, strict=True)]
    assert [line[: len(begin)] for line, begin in zip(outputs["layers"], start, strict=True)] == start
    assert outputs["layers"][-1].startswith("14 Tanh -> 1 x 28 x 28 (-1 to ")

    boxes = [box(text) for text in outputs["geometry"]]
    assert len(boxes) == len(rows) == 14
    bottoms = [bottom for _, bottom in boxes]
    assert bottoms == sorted(set(bottoms))
    # Four maps in two columns, a line of pixels between them; a mesh has a vertex per pixel, so its side is one less.
    sides = {7: 2 * 7 + 1, 14: 2 * 14 + 1, 28: 2 * 28 + 1}
    for row, (size, _) in zip(rows[3:12], boxes[3:12], strict=True):
        assert size == pytest.approx([0.5 * (sides[row.output_shape[1]] - 1)] * 2), row.layer
    assert boxes[-1][0] == pytest.approx([0.5 * 27] * 2)


def test_maps_are_the_servers_in_a_branch_for_each_layer(rhino, server):
    images = walked(rhino, "images", digit=3, seed=5, maps=2, form="images")["images"]
    asked = {"digit": 3, "seed": 5, "maps": 2, "form": "images"}
    said = server.call("POST", "/api/networks/activations", asked)[1]["layers"]
    assert set(images) == {str(number) for number in range(14)}
    for number, layer in enumerate(said):
        pixels = np.frombuffer(base64.b64decode(layer["maps"]["data"]), np.uint8).reshape(layer["maps"]["shape"])
        assert [image["rows"] for image in images[str(number)]] == pixels.tolist()
    assert [len(images["3"]), len(images["13"])] == [2, 1]
    assert images["13"][0]["text"] == "image 0: 28 x 28 greys, see its rows()"


def test_points_come_as_a_branch_for_each_layer(rhino, python):
    tree = walked(rhino, "geometry", maps=1, form="points")["geometry"]
    assert set(tree) == {str(number) for number in range(14)}
    if python == "3.9":  # without rhino3dm nobody can count the points
        assert [len(tree[str(number)]) for number in (3, 4, 8, 13)] == [49, 196, 784, 784]


def test_it_walks_again_while_the_model_trains(open_rhino, start_server, python):
    mock = start_server(mock=True)
    mock.call("POST", "/api/runs", {"model": "growing", "epochs": 4})
    rhino = open_rhino(mock.home)
    rhino.place("walk")
    rhino.solve("walk", model="growing")
    early = rhino.until("walk", lambda report: report["message"].startswith("growing - step"))
    late = rhino.until("walk", "growing - step 4680")
    assert late["message"] != early["message"]
    assert late["balloons"] == []
    assert len(late["times"]) < 8  # it asks once a second
