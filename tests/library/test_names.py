"""Names of people's languages: refused with the nearest one that is allowed."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from ganmnist.errors import SettingError
from ganmnist.models.manifest import NewName
from ganmnist.names import Name, nearest_name
from ganmnist.validation import read_settings

NAME = TypeAdapter(Name)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("Mein Übungsmodell 1", "Mein-Uebungsmodell-1"),
        ("größe", "groesse"),
        ("cafe\u0301", "cafe"),
        ("my.model", "my-model"),
        ("../etc", "etc"),
        ("数字", "my-model-1"),
        ("a\n", "a"),
    ],
)
def test_a_name_with_other_letters_is_refused_with_the_nearest_that_may_be(text, near):
    with pytest.raises(SettingError) as refused:
        read_settings(NewName, {"model": text})
    sentence = str(refused.value)
    assert sentence.startswith(f"model: a name has letters from a to z, digits, _ and -, as in {near}; got ")
    assert "pattern" not in sentence


@given(st.text())
def test_the_nearest_name_may_always_be_one(text):
    near = nearest_name(text, "my-model-1")
    assert set(near) <= set(string.ascii_letters + string.digits + "_-")
    assert 0 < len(near) <= 64
    assert nearest_name(near, "other") == near


@given(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,40}[A-Za-z0-9_]", fullmatch=True))
def test_a_name_that_may_be_one_is_its_own_nearest(name):
    near = nearest_name(name, "other")
    assert near == name or "--" in name
