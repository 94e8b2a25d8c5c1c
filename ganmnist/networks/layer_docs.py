"""What there is to say about the layers, read from `LAYERS`; `python -m ganmnist.networks.layer_docs` writes layers.md.

The file is committed. `ganmnist networks layers` says the same in a terminal. No torch.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from inspect import cleandoc
from pathlib import Path
from typing import Any

from ganmnist.errors import NetworkError, shape_text
from ganmnist.layers import LAYERS, Layer, Shape
from ganmnist.networks.spec import IMAGE_SHAPE, MAX_ACTIVATIONS, MAX_LAYERS, MAX_MULTIPLY_ADDS, MAX_PARAMETERS

FILE = Path(__file__).resolve().parents[2] / "docs" / "layers.md"
_ROW, _IMAGE = (3136,), (64, 7, 7)  # samples of the two kinds of shape, of equally many numbers
_GIVEN: dict[str, Any] = {"units": 128, "filters": 32, "shape": _IMAGE}  # samples of what has no default


@dataclass(frozen=True)
class Parameter:
    """One parameter of a layer.

    Attributes:
        values: What it may be, in words: `whole number, 1 to 15`.
        default: What it is unless given, in words; None where it must be given.
    """

    name: str
    values: str
    default: str | None
    help: str


@dataclass(frozen=True)
class LayerEntry:
    """One kind of layer.

    Attributes:
        layer: Its name.
        does: What it does; the first paragraph says it in short.
        example: How it is written in Python, with sample values where it has no defaults.
        shapes: Of sample shapes those it takes, and what it gives for each.
    """

    layer: str
    does: str
    parameters: tuple[Parameter, ...]
    example: str
    shapes: tuple[tuple[Shape, Shape], ...]

    @property
    def takes(self) -> str:
        """What may arrive at it, in words."""
        kinds = {len(_ROW): "a row", len(_IMAGE): "an image"}
        return " or ".join(kinds[len(before)] for before, _ in self.shapes)

    @property
    def gives(self) -> str:
        """What leaves it, in words."""
        if all(before == after for before, after in self.shapes):
            return "the same shape"
        return " and ".join(f"`{shape_text(before)} -> {shape_text(after)}`" for before, after in self.shapes)


def describe(layer: type[Layer]) -> LayerEntry:
    """Return what there is to say about a kind of layer."""
    schema = layer.model_json_schema()
    required = schema.get("required", [])
    sample = layer(**{name: _GIVEN[name] for name in required})
    parameters = tuple(
        Parameter(name, _values(field), None if name in required else str(field["default"]), field["description"])
        for name, field in schema["properties"].items()
        if name != "layer"
    )
    return LayerEntry(layer.__name__, cleandoc(layer.__doc__ or ""), parameters, as_python(sample), _shapes(sample))


def as_python(layer: Layer) -> str:
    """Write a layer as in Python, without what has its default: `Conv2D(64, stride=2)`."""
    words = []
    for name, field in type(layer).model_fields.items():
        value = getattr(layer, name)
        if field.is_required():
            words.append(repr(value))
        elif value != field.default:
            words.append(f"{name}={value!r}".replace("'", '"'))
    return f"{layer.layer}({', '.join(words)})"


def text() -> str:
    """Return the page as the file holds it."""
    layers = [describe(layer) for layer in LAYERS.values()]
    lines = [
        "# Layers",
        "",
        "This page is written by `python -m ganmnist.networks.layer_docs` from the layers in `ganmnist/layers`.",
        "",
        "A network is a list of these layers. In Python a layer is `Conv2D(64, stride=2)`: parameters in the order of",
        'its table, or by name. In a file and over HTTP it is `{"layer": "Conv2D", "filters": 64, "stride": 2}`. What',
        "has a default may be left out.",
        "",
        "Shapes leave the batch out and put channels first. What arrives at a layer is a row of numbers, or an image,",
        "channels x height x width. A generator begins with a row, z and the class, and ends in an image of",
        f"{shape_text(IMAGE_SHAPE)}; a discriminator begins with that image and ends in one number.",
        "",
        f"A network has at most {MAX_LAYERS} layers and {MAX_PARAMETERS:,} parameters, and for one sample at most",
        f"{MAX_ACTIVATIONS:,} numbers between its layers and {MAX_MULTIPLY_ADDS:,} multiply-adds.",
        "",
        "| layer | does | takes | gives, for example |",
        "| --- | --- | --- | --- |",
        *(_line(layer) for layer in layers),
    ]
    for layer in layers:
        lines += ["", *_section(layer)]
    return "\n".join(lines) + "\n"


def _line(layer: LayerEntry) -> str:
    short = layer.does.split("\n\n")[0].replace("\n", " ")
    return f"| [{layer.layer}](#{layer.layer.lower()}) | {short} | {layer.takes} | {layer.gives} |"


def _section(layer: LayerEntry) -> list[str]:
    lines = [f"## {layer.layer}", "", layer.does, ""]
    if layer.parameters:
        lines += ["| parameter | values | default | |", "| --- | --- | --- | --- |"]
        lines += [
            f"| `{parameter.name}` | {parameter.values} | {parameter.default or 'must be given'} | {parameter.help} |"
            for parameter in layer.parameters
        ]
        lines.append("")
    return [*lines, f"Takes {layer.takes}. `{layer.example}` gives {layer.gives}."]


def _shapes(layer: Layer) -> tuple[tuple[Shape, Shape], ...]:
    found = []
    for shape in (_ROW, _IMAGE):
        try:
            found.append((shape, layer.output_shape(shape)))
        except NetworkError:
            continue  # the layer does not take that kind
    return tuple(found)


def _values(schema: dict[str, Any]) -> str:
    """Say what a value may be."""
    if "enum" in schema:
        return " or ".join(schema["enum"])
    if schema["type"] == "array":  # of the shortest or the longest length
        numbers = _values(schema["items"]).replace("number", "numbers")
        return f"{schema['minItems']} or {schema['maxItems']} {numbers}"
    if schema["type"] == "boolean":
        return "True or False"
    kind = {"integer": "whole number", "number": "number"}[schema["type"]]
    low = schema.get("minimum", schema.get("ge"))  # pydantic leaves its own names in the schema of an annotated field
    high = schema.get("maximum", schema.get("le"))
    return f"{kind}, {low} to {high}" if high is not None else f"{kind}, {low} to under {schema['exclusiveMaximum']}"


def main() -> None:
    """Write the committed file."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    FILE.write_text(text(), encoding="utf-8", newline="\n")
    print(f"wrote {FILE.name}: {len(LAYERS)} layers")


if __name__ == "__main__":
    main()
