"""The call that finds the digit nearest to a drawing, of the mock and of the real server."""

import base64

import numpy as np
import pytest

from ganmnist.config import STYLE_ATTRIBUTES

pytestmark = pytest.mark.slow

SEVEN = [[[0, 10], [7, 10], [2, 0]]]


def bytes_of(pixels):
    return np.frombuffer(base64.b64decode(pixels.data), np.uint8).reshape(pixels.shape)[0]


def test_curves_become_a_digit_that_the_latent_makes_again(ask):
    found = ask("latents_invert", {"curves": SEVEN, "digit": 7})
    z = np.frombuffer(base64.b64decode(found.z), "<f4")
    assert len(z) == found.latent_dim + 10
    assert z[found.latent_dim :].argmax() == found.digit == 7
    made = ask("generate", {"z": [z.tolist()], "form": "images"})
    assert np.array_equal(bytes_of(made.images), bytes_of(found.found))
    error = np.square((bytes_of(found.found).astype(float) - bytes_of(found.read)) / 255).mean()
    assert found.mse == pytest.approx(error)
    assert set(found.sliders) <= set(STYLE_ATTRIBUTES)


def test_an_image_is_read_whichever_way_its_ink_is(ask):
    image = np.full((60, 40), 240, np.uint8)
    image[10:50, 20:26] = 20
    answers = []
    for pixels in (image, 255 - image):
        sent = {"shape": [1, 60, 40], "data": base64.b64encode(pixels.tobytes()).decode()}
        answers.append(ask("latents_invert", {"image": sent, "digit": 1}))
    assert answers[0] == answers[1]
    assert answers[0].digit == 1


def test_a_drawing_that_is_no_digit_is_remarked_on_and_one_that_is_is_not(ask):
    star = [[[0, 0], [10, 10]], [[0, 10], [10, 0]], [[5, 0], [5, 10]], [[0, 5], [10, 5]]]
    found = ask("latents_invert", {"curves": star, "pen": 2.5, "digit": 0})
    (remark,) = found.remarks
    assert f"not surely what is drawn (likeness {found.likeness:.2f})" in remark
    assert (found.text, found.sure) == ("perhaps a 0", False)
    one = ask("latents_invert", {"curves": [[[4, 0], [5, 10]]]})
    assert (one.text, one.sure, one.remarks) == ("a 1", True, [])
    assert found.likeness < 0.95 <= one.likeness <= 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "image"),
        ({"curves": SEVEN, "image": {"shape": [1, 28, 28], "data": ""}}, "image"),
        ({"image": {"shape": [1, 28, 28], "data": "AAAA"}}, "image.data"),
        ({"image": {"shape": [1, 28, 28], "data": "?"}}, "image.data"),
        ({"image": {"shape": [1, 4000, 28], "data": ""}}, "image.shape"),
        ({"image": {"shape": [1, 9, 8], "data": base64.b64encode(bytes(72)).decode()}}, "image"),
        ({"curves": []}, "curves"),
        ({"curves": [[[0, 0, 0]]]}, "curves.0.0"),
        ({"curves": SEVEN, "pen": 0}, "pen"),
        ({"curves": SEVEN, "digit": 10}, "digit"),
    ],
)
def test_a_drawing_that_cannot_be_read_names_the_field(server, check_problem, body, field):
    assert check_problem(server.raw("POST", "/api/latents/invert", body), 422)["field"] == field
