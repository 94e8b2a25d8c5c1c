"""Words that sentences are made of."""

import pytest

from ganmnist.errors import counted, shape_text, shown


def test_one_is_one_and_many_are_many():
    assert [counted(number, "digit") for number in (0, 1, 2, 10_000)] == [
        "0 digits",
        "1 digit",
        "2 digits",
        "10,000 digits",
    ]
    assert counted(1, "class", "es") == "1 class"
    assert counted(3, "class", "es") == "3 classes"


def test_a_number_that_nobody_can_read_is_rounded_and_any_other_is_as_it_came():
    assert [shown(number) for number in (10**16 - 1, int(1e308), -(2**64), True)] == [
        "9999999999999999",
        "1e+308",
        "-1.84467e+19",
        "True",
    ]


@pytest.mark.parametrize(
    ("shape", "text"),
    [((64, 14, 7), "64 x 14 x 7"), ((60000, 28, 27), "60,000 x 28 x 27"), ((3136,), "3,136 numbers"), ((), "1 number")],
)
def test_a_shape_is_spelled_in_one_way(shape, text):
    assert shape_text(shape) == text
