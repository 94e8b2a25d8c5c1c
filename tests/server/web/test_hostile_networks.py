"""Networks that nobody should send: refused at once, in a sentence of readable length, and forgotten."""

import json
import time

import psutil
import pytest

PATHS = ("/api/networks/check", "/api/runs")


def generator(*layers):
    return json.dumps({"generator": {"layers": layers}}).encode()


def dense(**parameters):
    return generator({"layer": "Dense", **parameters})


def deep(depth):
    return b'{"generator": ' + b'{"layers": [' * depth + b"]}" * depth + b"}"


IMAGE = [{"layer": "Dense", "units": 784}, {"layer": "Reshape", "shape": [1, 28, 28]}]
MEGABYTE = "A" * 1_000_000
# What is sent, words of the sentence, and the field that it is about.
HOSTILE = {
    "no such layer": (generator({"layer": "Dence"}), "layer 1: unknown layer Dence; did you mean Dense?", "layers.0"),
    "no such parameter": (dense(units=3, unit=4), "unit: is no parameter of Dense; did you mean units?", "Dense.unit"),
    "no name": (generator({"units": 3}), 'layer 1: has no name: expected a layer such as {"layer"', "layers.0"),
    "no layer": (generator(None, 3, []), "layer 2: must be an object, got 3", "layers.0"),
    "a list in a list": (generator(IMAGE), "layer 1: must be an object", "layers.0"),
    "no layers": (generator(), "a network has 1 to 64 layers, got 0", "generator.layers"),
    "65 layers": (generator(*[{"layer": "ReLU"}] * 65), "a network has 1 to 64 layers, got 65", "generator.layers"),
    "10,000 layers": (generator(*[{"layer": "ReLU"}] * 10_000), "has 10,000 entries", "generator.layers"),
    "a million layers": (b'{"generator": {"layers": [' + b"1," * 900_000 + b"1]}}", "about 900,000", None),
    "a text for layers": (b'{"generator": {"layers": "abc"}}', "must be a list, got 'abc'", "layers"),
    "a text for a network": (b'{"generator": "abc"}', "generator: must be an object, got 'abc'", "generator"),
    "a list for a network": (b'{"generator": [{"layer": "Tanh"}]}', "must be an object", "generator"),
    "a text for a number": (dense(units="many"), "units: must be a whole number, got 'many'", "Dense.units"),
    "a truth for a number": (dense(units=True), "units: must be a whole number, got True", "Dense.units"),
    "a network for a number": (dense(units={"layers": IMAGE}), "units: must be a whole number", "Dense.units"),
    "a billion units": (dense(units=10**9), "units: must be at most 65536", "Dense.units"),
    "a number of 4,000 digits": (dense(units=10**3999), "at most 65536, got 1e+3999", "Dense.units"),
    "a number of a million digits": (b'{"latent_dim": ' + b"9" * 1_000_000 + b"}", "The body is not JSON", None),
    "1e300": (dense(units=1e300), "at most 65536, got 1e+300", "Dense.units"),
    "1e400": (b'{"generator": {"layers": [{"layer": "Dense", "units": 1e400}]}}', "got inf", "Dense.units"),
    "NaN": (dense(units=float("nan")), "units: must be a whole number, got nan", "Dense.units"),
    "infinity": (generator({"layer": "LeakyReLU", "slope": float("inf")}), "got inf", "LeakyReLU.slope"),
    "no latents": (b'{"latent_dim": 0}', "latent_dim: must be at least 1", "latent_dim"),
    "a billion latents": (b'{"latent_dim": 1000000000}', "at most 1024", "latent_dim"),
    "a billion classes": (b'{"classes": 1000000000}', "at most 100", "classes"),
    "5,000 networks in networks": (deep(5000), "The body is not JSON: Invalid JSON: recursion limit", None),
    "60 networks in networks": (deep(60), "layer 1: has no name", "layers.0"),
    "64 times eightfold": (
        generator(*IMAGE, *[{"layer": "UpSampling2D", "size": 8}] * 62),
        "layer 4 UpSampling2D brings the network to 3,263,008 numbers per sample",
        "generator",
    ),
    "eightfold of nothing": (generator(*[{"layer": "UpSampling2D", "size": 8}] * 64), "put a Dense of", "generator"),
    "a shape beyond all bounds": (
        generator({"layer": "Reshape", "shape": [65536] * 3}),
        "layer 1 Reshape cannot make 65,536 x 65,536 x 65,536 (281,474,976,710,656 numbers) of 100 numbers",
        "generator",
    ),
    "a shape of a million sides": (
        generator({"layer": "Reshape", "shape": [1] * 500_000}),
        "about 500,0",
        None,
    ),
    "two wide layers": (generator(*[{"layer": "Dense", "units": 65536}] * 2), "4,301,651,968 parameters", "generator"),
    "a name of a megabyte": (generator({"layer": MEGABYTE}), "layer 1: unknown layer AAAA", "layers.0"),
    "a parameter of a megabyte": (dense(units=3, **{MEGABYTE: 1}), "is no parameter of Dense", "Dense.AAAA"),
    "a value of a megabyte": (dense(units=MEGABYTE), "must be a whole number, got 'AAAA", "Dense.units"),
    "a preset of a megabyte": (json.dumps({"preset": MEGABYTE}).encode(), "got 'AAAA", "preset"),
    "a field of a megabyte": (json.dumps({MEGABYTE: 1}).encode(), "unknown field", "AAAA"),
    "a list under such a field": (json.dumps({MEGABYTE: [1] * 3000}).encode(), "AAAA: has 3,000 entries", "AAAA"),
    "100,000 fields": (json.dumps(dict.fromkeys(map(str, range(100_000)), 1)).encode(), "has 100,000 entries", None),
    "100,000 parameters": (dense(**dict.fromkeys(map(str, range(100_000)), 1)), "has 100,001 entries", "layers.0"),
    "1,500 parameters in each layer": (
        generator(*[dict.fromkeys(map(str, range(1500)), 1)] * 60),
        "generator.layers: has 90,000 entries, at most 2,000 are read",
        "generator.layers",
    ),
    "a letter of another script": (generator({"layer": "Dénse💥"}), "unknown layer Dénse💥; did you mean", "layers.0"),
    "half a letter": (b'{"generator": {"layers": [{"layer": "\\ud800"}]}}', "The body is not JSON", None),
    "a zero byte": (generator({"layer": "Dense\0"}), r"unknown layer Dense\x00; did you mean", "layers.0"),
    "Python's own names": (
        dense(units=3, self=1, __init__=2, __class__=3, model_config=4, tuple=5),
        "self: is no parameter of Dense; it has units, bias, spectral_norm",
        "Dense.self",
    ),
    "two names": (
        b'{"generator": {"layers": [{"layer": "Dense", "layer": "Tanh", "units": 784}]}}',
        "layer 1 Tanh: units: is no parameter of Tanh; it has none",
        "Tanh.units",
    ),
    "two values": (
        b'{"generator": {"layers": [{"layer": "Dense", "units": 784, "units": 1}]}}',
        "layer 1 Dense gives 1 number",
        "generator",
    ),
    "64 mistakes": (generator(*[{"layer": "Dence"}] * 64), "and 58 more", "layers.0"),
}


@pytest.fixture(scope="module")
def server(warm_server):
    return warm_server


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_networks_are_refused_at_once_in_a_sentence(server, check_problem, name):
    body, words, field = HOSTILE[name]
    started = time.monotonic()
    error = check_problem(server.raw("POST", PATHS[0], body), 422)
    assert time.monotonic() - started < 1
    assert words in error["message"]
    assert len(error["message"]) < 2000
    if field is None:
        assert error["field"] is None
    else:
        assert field in error["field"]
        assert len(error["field"]) < 200
    wrapped = check_problem(server.raw("POST", PATHS[1], b'{"networks": ' + body + b"}"), 422)
    assert len(wrapped["message"]) < 2500
    assert server.call("GET", "/api/health")[0] == 200
    assert server.call("GET", "/api/runs")[1]["runs"] == []


def test_hostile_networks_leave_nothing_in_memory(server):
    process = psutil.Process(server.process.pid)

    def send(times):
        for number in range(times):
            for body, _, _ in HOSTILE.values():
                status, _, _ = server.raw("POST", PATHS[number % 2], body)
                assert status == 422

    send(1)  # what Python keeps for its next time
    before = process.memory_info().rss
    send(7)
    assert 7 * len(HOSTILE) > 300
    assert process.memory_info().rss - before < 50_000_000
    assert server.call("GET", "/api/health")[0] == 200
    assert not list(server.home.glob("models/*"))
