"""The page of layers says what the layers say of themselves."""

from __future__ import annotations

import re

import pytest

from ganmnist.layers import LAYERS, Conv2D, Conv2DTranspose, Dense, Dropout, Reshape, Tanh
from ganmnist.networks import layer_docs
from ganmnist.networks.layer_docs import as_python, describe


def test_the_committed_page_is_what_the_layers_say():
    assert layer_docs.FILE.read_text(encoding="utf-8") == layer_docs.text(), (
        "run python -m ganmnist.networks.layer_docs"
    )


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_every_layer_and_each_of_its_parameters_has_its_words_on_the_page(layer):
    section = layer_docs.text().split(f"\n## {layer.__name__}\n")[1].split("\n## ")[0]
    assert layer.__doc__.split("\n")[0] in section
    for name, field in layer.model_fields.items():
        if name != "layer":
            (row,) = re.findall(rf"^\| `{name}` \|.*$", section, re.MULTILINE)
            assert field.description in row


@pytest.mark.parametrize(
    ("layer", "name", "values", "default"),
    [
        (Dense, "units", "whole number, 1 to 65536", None),
        (Conv2D, "filters", "whole number, 1 to 2048", None),
        (Conv2D, "padding", "same or valid", "same"),
        (Conv2D, "bias", "True or False", "True"),
        (Dropout, "rate", "number, 0 to under 1", "0.3"),
        (Reshape, "shape", "1 or 3 whole numbers, 1 to 65536", None),
    ],
)
def test_bounds_and_defaults_are_said_in_words(layer, name, values, default):
    (parameter,) = (parameter for parameter in describe(layer).parameters if parameter.name == name)
    assert (parameter.values, parameter.default) == (values, default)


def test_what_a_layer_takes_and_gives_comes_from_its_shape_rule():
    assert (describe(Dense).takes, describe(Dense).gives) == ("a row", "`3,136 numbers -> 128 numbers`")
    assert describe(Conv2DTranspose).takes == "an image"
    assert describe(Conv2DTranspose).gives == "`64 x 7 x 7 -> 32 x 14 x 14`"
    assert (describe(Tanh).takes, describe(Tanh).gives) == ("a row or an image", "the same shape")


def test_a_layer_is_written_as_in_python_without_its_defaults():
    assert as_python(Tanh()) == "Tanh()"
    assert as_python(Reshape((3, 7, 8))) == "Reshape((3, 7, 8))"
    assert as_python(Conv2D(5, 3, 2, "valid")) == 'Conv2D(5, stride=2, padding="valid")'


def test_main_writes_the_page(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("sys.argv", ["layer_docs"])
    monkeypatch.setattr(layer_docs, "FILE", tmp_path / "layers.md")
    layer_docs.main()
    assert (tmp_path / "layers.md").read_bytes() == layer_docs.text().encode()
    assert capsys.readouterr().out == f"wrote layers.md: {len(LAYERS)} layers\n"
