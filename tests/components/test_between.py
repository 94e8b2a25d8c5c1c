"""The components Between and Sheet: latents in a tree, which Generate draws."""

import pytest


@pytest.fixture(scope="module")
def mock(start_shared_server):
    return start_shared_server(mock=True)


@pytest.fixture
def rhino(open_rhino, mock):
    rhino = open_rhino(mock.home)
    rhino.place("generate")
    return rhino


def wire(rhino, source, output, target, input):
    rhino.do("wire", source=source, output=output, target=target, input=input)


def test_a_path_goes_from_generate_to_generate_by_wires_alone(rhino):
    rhino.place("between")
    rhino.place("drawn", "generate")
    wire(rhino, "generate", "z", "between", "z")
    wire(rhino, "between", "z", "drawn", "z")
    keys = rhino.answer("generate", "z", count=3, seed=5)["z"]
    way = rhino.until("between", "17 digits", "z")["outputs"]["z"]
    assert [way["0"], way["8"], way["16"]] == [keys["0"], keys["1"], keys["2"]]
    assert way["4"] not in keys.values()
    report = rhino.until("drawn", lambda report: len(report["outputs"]["digits"] or []) == 17, "digits", "z")
    assert report["outputs"]["z"] == way
    rhino.solve("between", steps=3, closed=True, linear=True)
    assert len(rhino.until("between", "9 digits", "z")["outputs"]["z"]) == 9


def test_vectors_that_wires_have_put_into_one_branch_are_taken_apart(rhino):
    rhino.place("between")
    two = [place / 100 for place in range(148)]
    rhino.solve("between", z={"tree": {"0": two}}, steps=2)
    way = rhino.until("between", "3 digits", "z")["outputs"]["z"]
    assert way["0"] == pytest.approx(two[:74])
    assert way["2"] == pytest.approx(two[74:])


def test_with_fewer_than_two_vectors_it_says_what_to_do(rhino):
    rhino.place("between")
    rhino.solve("between", z={"tree": {"0": [0.5] * 74}})
    ((level, sentence),) = rhino.until("between", lambda report: report["balloons"])["balloons"]
    assert (level, sentence) == ("Error", "z: a path wants two vectors or more, got one")
    rhino.solve("between")
    report = rhino.until("between", "wire two z", "z")
    assert (report["balloons"], report["outputs"]["z"]) == ([], None)


def test_a_vector_of_a_wrong_length_is_named(rhino):
    rhino.place("between")
    rhino.solve("between", z={"tree": {"0": [0.5] * 74, "1": [0.5] * 3}})
    ((level, sentence),) = rhino.until("between", lambda report: report["balloons"])["balloons"]
    assert level == "Error"
    assert sentence.startswith("z.1: has 3 numbers, the model takes 64, or 74 with its classes")


def test_a_sheet_comes_as_rows_and_columns_with_the_digit_in_the_middle(rhino):
    rhino.place("sheet")
    rhino.place("drawn", "generate")
    wire(rhino, "sheet", "z", "drawn", "z")
    wire(rhino, "sheet", "columns", "drawn", "columns")
    given = rhino.answer("generate", "z", digit=4, seed=2)["z"]["0"]
    rhino.solve("sheet", digit=4, seed=2, rows=3, columns=5, across="width", down="7", reach=1.5)
    report = rhino.until("sheet", "3 x 5", "z", "columns")
    z, columns = report["outputs"]["z"], report["outputs"]["columns"]
    assert report["balloons"] == []
    assert columns == 5
    assert set(z) == {f"{row};{column}" for row in range(3) for column in range(5)}
    assert z["1;2"] == given
    assert [z["0;0"][7] - given[7], z["2;0"][7] - given[7]] == pytest.approx([-1.5, 1.5])
    digits = rhino.until("drawn", lambda report: len(report["outputs"]["digits"] or []) == 15, "digits")
    assert set(digits["outputs"]["digits"]) == {4}


def test_four_vectors_are_the_corners_of_a_sheet(rhino):
    rhino.place("sheet")
    wire(rhino, "generate", "z", "sheet", "z")
    corners = rhino.answer("generate", "z", count=4, seed=1)["z"]
    rhino.solve("sheet", rows=2, columns=3)
    z = rhino.until("sheet", "2 x 3", "z")["outputs"]["z"]
    assert [z[corner] for corner in ("0;0", "0;2", "1;0", "1;2")] == [corners[str(number)] for number in range(4)]
