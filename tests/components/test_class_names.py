"""Classes have names on the canvas: an input digit takes them, and components say them."""

import pytest

SEVEN = {"curve": [[0, 10, 0], [7, 10, 0], [2, 0, 0]]}


@pytest.fixture(scope="module")
def server(mock_with_trees):
    return mock_with_trees


@pytest.fixture
def rhino(open_rhino, server):
    return open_rhino(server.home)


def test_a_class_is_drawn_by_its_name_as_by_its_number_and_digits_stay_numbers(rhino):
    for name, output in (("generate", "images"), ("sheet", "z"), ("walk", "images"), ("film", "images")):
        rhino.place(name)
        named, numbered, other = (
            rhino.answer(name, output, model="trees", digit=digit)[output] for digit in ("Elm", "1", "oak")
        )
        assert named == numbered != other
    assert rhino.answer("generate", "digits", model="trees", digit="oak", count=2)["digits"] == [2, 2]


def test_a_class_that_is_not_there_is_refused_with_those_there_are(rhino):
    rhino.place("generate")
    rhino.solve("generate", model="trees", digit="beech")
    report = rhino.until("generate", "see the balloon")
    assert report["balloons"] == [["Error", "digit: got beech; the model trees knows ash, elm, oak"]]


def test_curves_are_found_as_a_class_by_its_name(rhino):
    rhino.place("sketch")
    rhino.solve("sketch", model="trees", curves=[SEVEN], digit="elm")
    report = rhino.until("sketch", lambda report: "elm - likeness" in report["message"], "found", "likeness")
    assert report["outputs"]["found"] == 1
    if report["message"].startswith("perhaps "):
        ((level, remark),) = report["balloons"]
        assert level == "Remark"
        assert "not surely what is drawn" in remark
    else:
        assert report["balloons"] == []


def test_the_list_of_models_says_what_classes_are_called_where_they_have_names(rhino):
    rhino.place("models")
    trees, bundled, _ = rhino.answer("models", "facts")["facts"]
    assert trees.startswith("trees: trees, ash, elm, oak, fast, epoch ")
    assert bundled.startswith("bundled: mock-digits, fast, epoch ")
