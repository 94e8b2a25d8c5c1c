"""What the server's OpenAPI document says of a setting, in sentences for the help of an input or output."""

from __future__ import annotations

from typing import Any

_BOUNDS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}


def describe(setting: str, openapi: dict[str, Any]) -> str:
    """Return the help of a setting, `Message.field`: what it is, its choices, its bounds and its default."""
    message, field = setting.split(".")
    schema = openapi["components"]["schemas"][message]["properties"][field]
    kinds = [resolved(kind, openapi) for kind in [schema, *schema.get("anyOf", [])]]
    sentences = [next(kind["description"] for kind in kinds if "description" in kind)]
    limits = [bound for kind in kinds for bound in _limits(kind)]
    limits += [f"each {bound}" for kind in kinds for bound in _limits(kind.get("items", {}))]
    choices = next((kind["enum"] for kind in kinds if "enum" in kind), None)
    if choices and not all(choice in sentences[0] for choice in choices):
        sentences.append(f"One of {', '.join(choices)}.")
    if limits:
        sentences.append(f"{', '.join(limits).capitalize()}.")
    if isinstance(schema.get("default"), str | int | float):
        sentences.append(f"Default {schema['default']}.")
    return " ".join(sentences)


def explain(word: str, openapi: dict[str, Any]) -> str:
    """Return a term, by any word that stands for it, and the glossary's sentence behind it: `FID: How far ...`."""
    terms = openapi["x-glossary"].items()
    return next(f"{word}: {term['says']}" for name, term in terms if word in (name, *term["also"]))


def style_attributes(message: str, openapi: dict[str, Any]) -> tuple[str, ...]:
    """Return the fields of a message that set a digit's style: slant, thickness and so on."""
    properties = openapi["components"]["schemas"][message]["properties"]
    return tuple(name for name, schema in properties.items() if schema.get("x-style"))


def resolved(schema: dict[str, Any], openapi: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference; a description beside it wins."""
    if "$ref" not in schema:
        return schema
    target = openapi["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def _limits(schema: dict[str, Any]) -> list[str]:
    return [f"{word} {schema[key]}" for key, word in _BOUNDS.items() if key in schema]
