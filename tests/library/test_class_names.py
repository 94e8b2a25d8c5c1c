"""What classes are called, and which of them is meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganmnist.class_names import KnownClasses, class_name, listed, names_of
from ganmnist.errors import SettingError

TREES = KnownClasses(("oak", "elm", "Ölbaum"), "trees")
NUMBERED = KnownClasses(("1", "2", "10"), "odd")


@pytest.mark.parametrize(
    ("choice", "number"),
    [("oak", 0), ("OAK", 0), (" elm ", 1), ("o\u0308LBAUM", 2), (0, 0), (2, 2), ("1", 1), ("1.0", 1), (1.0, 1)],
)
def test_a_class_is_meant_by_its_name_in_any_case_or_by_its_number(choice, number):
    assert TREES.number(choice) == number


@pytest.mark.parametrize(("choice", "number"), [("1", 0), (1, 0), ("2.0", 1), (2, 1), (10, 2), (0, 0), ("0", 0)])
def test_a_number_that_is_a_name_means_that_class_and_any_other_counts_from_0(choice, number):
    assert NUMBERED.number(choice) == number


def test_of_names_that_differ_by_their_case_alone_one_is_meant_by_its_own_letters_only():
    known = KnownClasses(("Oak", "oak", "elm"))
    assert [known.number(name) for name in ("Oak", "oak", "ELM")] == [0, 1, 2]
    with pytest.raises(SettingError, match="got OAK; the model knows Oak, oak, elm"):
        known.number("OAK")


def test_a_class_may_be_called_none_or_infinity():
    assert KnownClasses(("a", "none", "inf")).number("None") == 1
    assert KnownClasses(("a", "none", "inf")).number("Inf") == 2


@given(st.integers(0, 200), st.integers(1, 100))
def test_classes_without_names_are_meant_by_their_numbers_and_no_others(number, count):
    known = KnownClasses.of(count)
    if number < count:
        assert known.number(number) == known.number(str(number)) == number
    else:
        with pytest.raises(SettingError, match=rf"^digit: got {number}; the model knows 0"):
            known.number(number)


@pytest.mark.parametrize("choice", [3, "3", "beech", "-1", "0.5", "nan", "inf"])
def test_what_there_is_not_is_refused_with_what_there_is(choice):
    with pytest.raises(SettingError) as refused:
        TREES.number(choice)
    assert str(refused.value) == f"digit: got {choice}; the model trees knows oak, elm, Ölbaum"


def test_a_model_without_classes_says_so():
    with pytest.raises(SettingError, match=r"^digit: got oak; the model plain was trained without classes"):
        KnownClasses((), "plain").number("oak")


def test_ten_names_are_listed_and_of_more_how_many():
    letters = tuple("abcdefghijkl")
    assert listed(letters[:10]) == "a, b, c, d, e, f, g, h, i, j"
    assert listed(letters) == "a, b, c, d, e, f, g, h, i, j and 2 more"
    assert listed(("oak",)) == "oak"
    assert listed(("0", "1", "2")) == "0 to 2"
    assert listed(("0", "2")) == "0, 2"
    assert listed(("0",)) == "0"
    assert listed(()) == ""


def test_a_long_or_unprintable_name_stays_part_of_one_short_sentence():
    with pytest.raises(SettingError) as refused:
        KnownClasses(("\x1b[2J" + 300 * "x",) * 100, "m").number("\x07" * 255)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 1200


def test_a_class_is_called_as_people_type_it():
    assert class_name(" O\u0308l\x07 ") == "Öl\\x07"


def test_names_are_those_that_are_stated_or_the_numbers():
    assert names_of(3, ("b", "a", "c")) == ("b", "a", "c")
    assert names_of(3) == ("0", "1", "2")
    assert names_of(0) == ()
