"""Words that sentences are made of."""

from ganmnist.errors import counted


def test_one_is_one_and_many_are_many():
    assert [counted(number, "digit") for number in (0, 1, 2, 10_000)] == [
        "0 digits",
        "1 digit",
        "2 digits",
        "10,000 digits",
    ]
    assert counted(1, "class", "es") == "1 class"
    assert counted(3, "class", "es") == "3 classes"
