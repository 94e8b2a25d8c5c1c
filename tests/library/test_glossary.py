"""The glossary: every term once, in one sentence, and its page as the code has it."""

import pytest

from ganmnist import glossary
from ganmnist.layers import LAYERS
from ganmnist.terms import TERMS, explain

MOST = 140  # letters: a tooltip has room for a few lines, and a setting says more behind it


def test_the_page_is_that_of_the_terms():
    assert glossary.FILE.read_text(encoding="utf-8") == glossary.text(), "stale: python -m ganmnist.glossary"


def test_no_word_stands_for_two_terms():
    words = [word for term in glossary.glossary() for word in (term.name, *term.also)]
    assert sorted({*words}) == sorted(words)
    assert {*LAYERS} | {*TERMS} <= {*words}


@pytest.mark.parametrize("name", TERMS)
def test_a_term_is_explained_in_one_short_sentence(name):
    says = TERMS[name].says
    assert says[0].isupper() or says[0].isdigit()
    assert says.endswith(".")
    assert ". " not in says
    assert len(says) <= MOST
    assert says.isascii()  # as IronPython's scripts are


def test_what_else_there_is_to_say_stands_in_the_same_sentence():
    assert explain("batch size", "16 unless given.") == "How many images one training step looks at; 16 unless given."
    assert explain("batch size") == "How many images one training step looks at."
