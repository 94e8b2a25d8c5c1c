"""A component for every layer of the contract, made from the layer's schema: a new layer is a new component.

They share the code in `components/layer`; what differs is written above it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ghpython_components.sources.given import given
from ghpython_components.sources.help_texts import describe, resolved

CODE = "layer"  # folder of the shared code
_HINTS = {"integer": "int", "number": "float", "boolean": "bool", "string": "str"}


def names(openapi: dict[str, Any]) -> dict[str, str]:
    """Return the names of the components, each with its layer: {"layer_dense": "Dense"}."""
    return {f"layer_{_snake_case(layer)}": layer for layer in _references(openapi)}


def interface(layer: str, openapi: dict[str, Any]) -> dict[str, Any]:
    """Return a component's metadata: an input for the network so far, then one for each parameter, in their order."""
    schema = _schema(layer, openapi)
    so_far = {
        "name": "layers",
        "hint": "str",
        "description": "The network so far, from the layer before; empty for the first layer.",
    }
    behind = "The network with this layer behind it: for the next layer, for Network or for Model."
    return {
        "name": f"GAN {layer}",
        "nickname": layer,
        "subcategory": "2 Layers",
        "description": " ".join(schema["description"].split("\n\n")[0].split()),
        "inputs": [so_far, *(_input(layer, name, openapi) for name in _parameters(schema))],
        "outputs": [{"name": "network", "description": behind}],
    }


def constants(layer: str, openapi: dict[str, Any]) -> str:
    """Return what stands above the shared code."""
    schema = _schema(layer, openapi)
    parameters = _parameters(schema)
    lines = [
        "from ghpython_components.shared.canvas import filled",
        "from ghpython_components.shared.network import whole, wholes",
        "",
        f'LAYER = "{layer}"',
        f"MAX_LAYERS = {_network(openapi)['maxItems']}",
        f"PARAMETERS = {json.dumps(list(parameters))}",
        f"NEEDED = {json.dumps(schema.get('required', []))}",
        given({name: _taken(name, _kind(field, openapi)) for name, field in parameters.items()}),
    ]
    return "\n".join(lines)


def _input(layer: str, name: str, openapi: dict[str, Any]) -> dict[str, Any]:
    schema = _schema(layer, openapi)
    kind = _kind(schema["properties"][name], openapi)
    sentences = [describe(f"{_references(openapi)[layer].rsplit('/', 1)[1]}.{name}", openapi)]
    if name in schema.get("required", []):
        sentences.append("Must be given.")
    return {
        "name": name,
        "hint": _HINTS[kind.get("items", kind)["type"]],
        "access": "list" if "items" in kind else "item",
        "description": " ".join(sentences),
    }


def _taken(name: str, kind: dict[str, Any]) -> str:
    """Return the expression that takes a parameter from its input. Rhino hands over .NET lists, and 2.0 for 2."""
    if "items" in kind:
        value = f"list({name} or [])"
        return f"wholes({value})" if kind["items"]["type"] == "integer" else value
    return f"whole({name})" if kind["type"] == "integer" else name


def _kind(field: dict[str, Any], openapi: dict[str, Any]) -> dict[str, Any]:
    """Return what a field is where it is not empty."""
    kinds = [resolved(kind, openapi) for kind in field.get("anyOf", [field])]
    return next(kind for kind in kinds if kind["type"] != "null")


def _network(openapi: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a network's list of layers."""
    layers: dict[str, Any] = openapi["components"]["schemas"]["Sequential"]["properties"]["layers"]
    return layers


def _references(openapi: dict[str, Any]) -> dict[str, str]:
    """Return where the schema of each layer is, by the layer's name."""
    references: dict[str, str] = _network(openapi)["items"]["discriminator"]["mapping"]
    return references


def _schema(layer: str, openapi: dict[str, Any]) -> dict[str, Any]:
    return resolved({"$ref": _references(openapi)[layer]}, openapi)


def _parameters(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: field for name, field in schema["properties"].items() if name != "layer"}


def _snake_case(name: str) -> str:
    """Return a layer's name in lower case as Keras does: LeakyReLU is leaky_re_lu, Conv2DTranspose conv2d_transpose."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])", "_", name).lower()
