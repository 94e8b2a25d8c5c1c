"""Classes have names over HTTP too, of the mock and of the real server: chosen, told, and named where one is wrong."""

import json

import pytest

from ganmnist.models.store import ModelStore
from ganmnist.networks.build import build_generator
from ganmnist.networks.spec import ModelConfig
from tests.library.conftest import CLASS_CONDITIONAL
from tests.manifests import manifest_of

pytestmark = pytest.mark.slow

NAMES = ["ash", "elm", "oak"]
SEVEN = [[[0, 10], [7, 10], [2, 0]]]


@pytest.fixture(scope="module")
def server(request, start_shared_server):
    """Either kind of server, with a model called trees that knows three of them."""
    mock = request.param == "mock"
    server = start_shared_server(mock=mock)
    if mock:
        server.train_on_trees()
    else:
        publish(server)
    return server


def pytest_generate_tests(metafunc):
    if "server" in metafunc.fixturenames:
        metafunc.parametrize("server", ["mock", "real"], indirect=True, scope="module")


def publish(server):
    folder = ModelStore(server.home).new("trees")
    networks = ModelConfig.model_validate({**CLASS_CONDITIONAL, "classes": 3})
    manifest = manifest_of(folder, networks, class_names=tuple(NAMES))
    folder.publish(manifest, build_generator(networks).state_dict())


def test_a_model_says_what_its_classes_are_called(ask):
    trees, bundled = ask("model", name="trees"), ask("model", name="bundled")
    assert (trees.classes, trees.class_names) == (3, NAMES)
    assert (bundled.classes, bundled.class_names) == (10, list("0123456789"))


@pytest.mark.parametrize("name", ["generate", "latents_sheet"])
def test_a_class_is_chosen_by_its_name_as_by_its_number(ask, name):
    asked = {"model": "trees", "seed": 4}
    by_name, by_number, other = (ask(name, {**asked, "digit": digit}).z for digit in ("ELM", 1, "oak"))
    assert by_name == by_number != other


def test_digits_stay_numbers_whatever_their_classes_are_called(ask):
    assert ask("generate", {"model": "trees", "digit": "oak", "count": 2, "form": "images"}).digits == [2, 2]


def test_the_feature_maps_are_those_of_the_class_that_is_named(ask):
    asked = {"model": "trees", "form": "images", "maps": 1}
    by_name, by_number, other = (ask("networks_activations", {**asked, "digit": d}) for d in ("elm", 1, 2))
    assert by_name == by_number != other


def test_a_drawing_is_found_as_a_class_that_has_a_name(ask):
    found = ask("latents_invert", {"model": "trees", "curves": SEVEN, "digit": "elm"})
    assert (found.digit, found.class_name) == (1, "elm")
    assert found.text in ("elm", "perhaps elm")
    free = ask("latents_invert", {"model": "trees", "curves": SEVEN})
    assert free.class_name == NAMES[free.digit]


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("generate", {}),
        ("export", {"format": "png", "form": "images"}),
        ("latents_sheet", {}),
        ("networks_activations", {}),
        ("latents_invert", {"curves": SEVEN}),
    ],
)
def test_a_class_that_is_not_there_is_refused_with_those_there_are(server, check_problem, name, more):
    path = f"/api/{name.replace('_', '/')}"
    problem = check_problem(server.raw("POST", path, {"model": "trees", "digit": "beech", **more}), 422)
    assert problem["message"] == "digit: got beech; the model trees knows ash, elm, oak"
    assert (problem["code"], problem["field"]) == ("invalid_setting", "digit")


def test_hops_takes_a_name_too(server):
    def solve(digit):
        values = [
            {"ParamName": name, "InnerTree": {"0": [{"type": "System.String", "data": json.dumps(value)}]}}
            for name, value in (("model", "trees"), ("digit", digit))
        ]
        return server.call("POST", "/solve", {"pointer": "hops/digit", "values": values})[1]

    assert solve("Elm") == solve("1")
    assert solve("oak")["errors"] == []  # after a moment's training all classes may look alike
    assert solve("beech")["errors"] == ["digit: got beech; the model trees knows ash, elm, oak"]


def test_a_renamed_model_is_called_by_its_new_name_where_a_class_is_wrong(server, ask, check_problem):
    ask("generate", {"model": "trees", "digit": "elm", "form": "images"})
    assert server.call("PATCH", "/api/models/trees", {"name": "wood"})[0] == 200
    problem = check_problem(server.raw("POST", "/api/generate", {"model": "wood", "digit": 3}), 422)
    assert problem["message"] == "digit: got 3; the model wood knows ash, elm, oak"
    assert server.call("PATCH", "/api/models/wood", {"name": "trees"})[0] == 200
