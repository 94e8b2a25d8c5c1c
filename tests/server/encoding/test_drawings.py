"""Drawings of requests are read for the model that is asked."""

import base64

import numpy as np
import pytest

from bridge_server.contract.latents import InvertRequest
from bridge_server.encoding.drawings import parse_drawing
from ganmnist.errors import SettingError
from ganmnist.generation.placement import measure_placement

BAR = np.zeros((40, 40), np.uint8)
BAR[10:30, 15:20] = 255
IMAGE = {"shape": [1, 40, 40], "data": base64.b64encode(BAR.tobytes()).decode()}


@pytest.mark.parametrize("drawing", [{"curves": [[[0, 0], [0, 9]]]}, {"image": IMAGE}])
def test_a_drawing_comes_to_where_the_model_has_its_ink(drawing):
    drawn = np.zeros((9, 28, 28), np.uint8)
    drawn[:, 1:27, 20:26] = 255
    rows, columns = np.nonzero(parse_drawing(InvertRequest(**drawing), lambda: measure_placement(drawn)).image)
    assert (rows.min(), rows.max()) == (1, 26)
    assert (columns.min() + columns.max()) // 2 in (22, 23)


def test_the_model_is_not_asked_where_there_is_no_drawing():
    with pytest.raises(SettingError, match="send either an image or curves"):
        parse_drawing(InvertRequest(), lambda: pytest.fail("was asked"))
