"""A component for every layer: what it writes, and what it does with what it cannot use."""

import copy
import json

import psutil
import pytest

from ganmnist.layers import LAYERS
from ganmnist.networks.spec import Sequential
from ghpython_components.sources import component as sources
from ghpython_components.sources import layer_components

OPENAPI = sources.document()
COMPONENTS = {layer: name for name, layer in layer_components.names(OPENAPI).items()}
DENSE = '{"layers": [\n  {"layer": "Dense", "units": 3}\n]}'


@pytest.fixture
def rhino(open_rhino):
    return open_rhino()


def place(rhino, name, layer, source=None, **parameters):
    rhino.place(name, COMPONENTS[layer])
    if source:
        rhino.do("wire", source=source, output="network", target=name, input="layers")
    return rhino.solve(name, outputs=["network"], **parameters)


def text(rhino, name):
    return rhino.report(name, "network")["outputs"]["network"]


def unusual(layer):
    """Return a value that is not the default for every parameter of a layer."""
    values = {}
    for name, schema in LAYERS[layer].model_json_schema()["properties"].items():
        default = schema.get("default")
        if name == "layer":
            continue
        if "enum" in schema:
            values[name] = next(choice for choice in schema["enum"] if choice != default)
        elif schema["type"] == "array":
            values[name] = [5, 4, 3]
        elif schema["type"] == "boolean":
            values[name] = not default
        else:
            values[name] = default + 1 if isinstance(default, int) else 5 if default is None else default / 8
    return values


def from_sliders(values):
    """Return values as sliders give them where an input has no type hint: whole numbers as 2.0."""
    as_float = {name: float(value) for name, value in values.items() if type(value) is int}
    as_floats = {name: [float(each) for each in value] for name, value in values.items() if type(value) is list}
    return {**values, **as_float, **as_floats}


def test_layers_in_a_row_write_what_the_library_writes_of_every_parameter(rhino):
    network = Sequential([LAYERS[layer](**unusual(layer)) for layer in LAYERS])
    source = None
    for place_, layer in enumerate(LAYERS, 1):
        report = place(rhino, layer, layer, source, **from_sliders(unusual(layer)))
        assert (report["message"], report["balloons"]) == (f"layer {place_}", [])
        source = layer
    assert report["outputs"]["network"] == network.to_text()
    assert Sequential.model_validate_json(report["outputs"]["network"]) == network


def test_a_layer_dropped_on_the_canvas_says_what_it_lacks_and_is_not_orange(rhino):
    for layer in LAYERS:
        report = place(rhino, layer, layer)
        needed = [name for name, field in LAYERS[layer].model_fields.items() if field.is_required()]
        assert report["message"] == "layer 1" + (f" - {', '.join(needed)}?" if needed else "")
        assert report["balloons"] == []
        assert json.loads(report["outputs"]["network"]) == {"layers": [{"layer": layer}]}


def test_what_was_edited_by_hand_keeps_its_order_and_its_letters(rhino):
    by_hand = '{"layers": [{"padding": "s\u00e4me", "filters": 8, "layer": "Conv2D", "slope": 0.30}]}'
    report = place(rhino, "tanh", "Tanh", layers=by_hand)
    first = r'{"padding": "s\u00e4me", "filters": 8, "layer": "Conv2D", "slope": 0.3}'
    assert report["outputs"]["network"] == '{"layers": [\n  ' + first + ',\n  {"layer": "Tanh"}\n]}'
    report = place(rhino, "conv", "Conv2D", filters=2, padding="gr\u00f6\u00dfe")
    assert json.loads(report["outputs"]["network"])["layers"][0]["padding"] == "gr\u00f6\u00dfe"


@pytest.mark.parametrize(
    "wrong",
    ["abc", "s\u00e4me", "5", "[]", "{", '{"layers": 5}', '{"generator": {"layers": []}}', "[" * 100_000, 7, True],
    ids=lambda wrong: str(wrong)[:20],
)
def test_what_is_no_network_is_refused_by_all_that_hangs_on_it(rhino, wrong):
    place(rhino, "first", "Dense")
    place(rhino, "second", "LeakyReLU", "first")
    report = rhino.solve("first", layers=wrong, units=3)
    came = str(wrong) if len(str(wrong)) < 60 else str(wrong)[:60] + "..."
    expected = 'layers: expected a network such as {"layers": [{"layer": "Dense", "units": 128}]}, got ' + came
    assert (report["message"], report["balloons"]) == ("see the balloon", [["Error", expected]])
    report = rhino.report("second", "network")
    assert report["balloons"] == [["Warning", f"not ready: {expected}"]]
    assert report["outputs"]["network"] == f"not ready: {expected}"
    rhino.solve("first", units=3)
    assert json.loads(text(rhino, "second")) == {"layers": [{"layer": "Dense", "units": 3}, {"layer": "LeakyReLU"}]}


def test_a_wire_that_brings_nothing_does_not_make_a_first_layer(rhino):
    rhino.place("data")
    rhino.solve("data")  # there is no server, so no preview
    rhino.place("tanh", "layer_tanh")
    rhino.do("wire", source="data", output="preview", target="tanh", input="layers")
    report = rhino.solve("tanh", outputs=["network"])
    sentence = "layers: its wire brings nothing: look at the component that it comes from"
    assert report["balloons"] == [["Error", sentence]]
    assert report["outputs"]["network"] == f"not ready: {sentence}"


def test_a_network_ends_at_its_greatest_number_of_layers(rhino):
    many = json.dumps({"layers": [{"layer": "Tanh"}] * 63})
    report = place(rhino, "last", "Tanh", layers=many)
    assert (report["message"], report["balloons"]) == ("layer 64", [])
    Sequential.model_validate_json(report["outputs"]["network"])
    report = place(rhino, "beyond", "Tanh", "last")
    sentence = "a network has at most 64 layers: is it wired in a circle?"
    assert report["balloons"] == [["Error", sentence]]
    assert report["outputs"]["network"] == f"not ready: {sentence}"


def test_a_circle_of_wires_ends(rhino):
    place(rhino, "first", "Dense", units=3)
    place(rhino, "second", "Tanh", "first")
    rhino.do("wire", source="second", output="network", target="first", input="layers")
    for _ in range(40):
        rhino.solve("first", units=3)
    ended = rhino.report("first", "network")
    assert "at most 64 layers: is it wired in a circle?" in ended["balloons"][0][1]
    before = psutil.Process(rhino.process.pid).memory_info().rss
    for _ in range(400):
        rhino.solve("first", units=3)
    assert rhino.report("first", "network")["outputs"] == ended["outputs"]
    assert psutil.Process(rhino.process.pid).memory_info().rss - before < 2e6


def test_a_layer_needs_no_server_and_no_thread(rhino, assert_quick):
    place(rhino, "first", "Dense", units=3)
    threads = rhino.report("first")["threads"]
    place(rhino, "second", "Conv2D", "first")
    for tick in range(100):
        report = rhino.solve("second", filters=tick + 1)
    assert report["threads"] == threads
    assert_quick(report["times"])
    assert sorted(report["times"])[50] < 5


def test_a_new_layer_in_the_contract_is_a_new_component(unpack, open_rhino, tmp_path):
    contract = copy.deepcopy(OPENAPI)
    contract["components"]["schemas"]["SpatialGate2D"] = {
        "description": "Lets some pixels pass.\n\nMore about it.",
        "properties": {
            "layer": {"const": "SpatialGate2D", "default": "SpatialGate2D", "type": "string"},
            "gates": {"description": "Number of gates.", "type": "integer", "minimum": 2},
            "share": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None, "description": "How much."},
            "mode": {"enum": ["hard", "soft"], "default": "soft", "description": "How it closes.", "type": "string"},
            "sizes": {"items": {"type": "integer"}, "type": "array", "description": "Sides.", "default": []},
            "weights": {"items": {"type": "number"}, "type": "array", "description": "Weights.", "default": []},
        },
        "required": ["gates"],
    }
    mapping = contract["components"]["schemas"]["Sequential"]["properties"]["layers"]["items"]["discriminator"]
    mapping["mapping"]["SpatialGate2D"] = "#/components/schemas/SpatialGate2D"
    assert set(sources.names(contract)) - set(sources.names(OPENAPI)) == {"layer_spatial_gate2d"}

    component = sources.component("layer_spatial_gate2d", contract)
    unpack(component, component.name, tmp_path)
    assert (component.title, component.nickname) == ("GAN SpatialGate2D", "SpatialGate2D")
    assert component.description == "Lets some pixels pass."
    ports = [(port.name, port.hint, port.access, port.description) for port in component.inputs]
    assert ports[1:] == [
        ("gates", "int", "item", "Number of gates. At least 2. Must be given."),
        ("share", "float", "item", "How much."),
        ("mode", "str", "item", "How it closes. One of hard, soft. Default soft."),
        ("sizes", "int", "list", "Sides."),
        ("weights", "float", "list", "Weights."),
    ]
    rhino = open_rhino(components=tmp_path)
    rhino.place("gate", "layer_spatial_gate2d")
    report = rhino.solve("gate", outputs=["network"], layers=DENSE, sizes=[3.0, 4], weights=[0.5, 2.0], share=0.25)
    assert report["message"] == "layer 2 - gates?"
    gate = '{"layer": "SpatialGate2D", "share": 0.25, "sizes": [3, 4], "weights": [0.5, 2.0]}'
    assert report["outputs"]["network"] == DENSE.replace("\n]}", f",\n  {gate}\n]}}")
