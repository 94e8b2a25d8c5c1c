"""The Sketch component: curves become the nearest digit's latent."""

import pytest

from ganmnist.config import STYLE_ATTRIBUTES

SEVEN = {"curve": [[3, 20, 5], [3, 27, 15], [3, 22, -5]]}
FRAME = {"plane": {"origin": [3, 20, 0], "xaxis": [0, 1, 0], "yaxis": [0, 0, 1]}}


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server(mock=True)


@pytest.fixture
def rhino(open_rhino, server):
    rhino = open_rhino(server.home)
    rhino.place("sketch")
    return rhino


def test_curves_in_a_frame_become_a_latent_a_digit_and_sliders(rhino):
    upright = {"curve": [[3, 20, 15], [3, 27, 15], [3, 22, -5]]}
    rhino.solve("sketch", curves=[upright], plane=FRAME, digit=7)
    outputs = ("z", "found", "sliders", "values", "mse", "likeness", "images")
    report = rhino.until("sketch", lambda report: "a 7 - likeness" in report["message"], *outputs)
    found = report["outputs"]
    assert list(found["z"]) == ["0"]
    assert 0 <= found["likeness"] <= 1
    assert report["message"].endswith("{:.2f}".format(found["likeness"]))
    assert len(found["z"]["0"]) == 64 + 10
    assert found["z"]["0"][64 + found["found"]] == 1
    assert found["sliders"] == sorted(STYLE_ATTRIBUTES)
    assert found["values"] == [0] * len(STYLE_ATTRIBUTES)
    assert [len(image["rows"]) for image in found["images"]] == [28, 28]
    top, bottom = (sum(map(sum, found["images"][0]["rows"][half])) for half in (slice(0, 14), slice(14, 28)))
    assert top > bottom > 0  # the bar of the seven is at the top


def test_a_digit_is_taken_as_told_and_a_click_is_a_dot(rhino):
    dot = {"curve": [[5, 5, 0]]}
    rhino.solve("sketch", curves=[dot], pen=2.0, digit=3)
    assert rhino.until("sketch", lambda report: "a 3 - likeness" in report["message"], "found")


def test_without_curves_it_asks_for_a_drawing_and_puts_out_nothing(rhino):
    rhino.solve("sketch", curves=[SEVEN])
    rhino.until("sketch", lambda report: " - likeness" in report["message"])
    rhino.solve("sketch", curves=[])
    report = rhino.until("sketch", "draw a digit", "z", "found")
    assert report["outputs"] == {"z": None, "found": None}
    assert report["balloons"] == []
