"""Plain values into settings; and what is wrong with them, in sentences. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from reprlib import repr  # of a list in a list in a list ... only the outer ones
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ganmnist import names
from ganmnist.errors import SettingError, counted, shown
from ganmnist.layers import LAYERS
from ganmnist.networks.spec import MAX_LAYERS

S = TypeVar("S", bound=BaseModel)
_MAX_SENTENCES = 6  # sentences at once
# What pydantic finds, by its own name for it, in words for people.
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "unknown field",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), "must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "must be a number"),
    "finite_number": "must be a finite number",
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
    **dict.fromkeys(("string_type", "string_sub_type"), "must be a text"),
    **dict.fromkeys(("list_type", "tuple_type", "set_type"), "must be a list"),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "must be an object"),
}
_BOUNDS = {
    "greater_than_equal": ("must be at least", "ge"),
    "greater_than": ("must be greater than", "gt"),
    "less_than_equal": ("must be at most", "le"),
    "less_than": ("must be less than", "lt"),
}
_PLACES = ("first", "second", "third")  # of the numbers of a layer's list
_LETTERS, _ITEMS = "letter", "item"
_LENGTHS = {
    "string_too_short": ("at least", "min_length", _LETTERS),
    "string_too_long": ("at most", "max_length", _LETTERS),
    "too_short": ("at least", "min_length", _ITEMS),
    "too_long": ("at most", "max_length", _ITEMS),
}


def read_settings(model: type[S], values: Mapping[str, Any]) -> S:
    """Check plain values against a settings model.

    Raises:
        SettingError: One sentence per field that is wrong: its name, what was expected, what came.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise SettingError(explain(error)) from None


def explain(error: ValidationError) -> str:
    """Put pydantic's findings into sentences: field, what was expected, what came."""
    details = error.errors(include_url=False)
    # A list whose item is wrong is also reported as too short: the item says it all.
    around = {detail["loc"][:depth] for detail in details for depth in range(len(detail["loc"]))}
    inner = [detail for detail in details if detail["loc"] not in around]
    sentences = [_sentence(detail) for detail in inner[:_MAX_SENTENCES]]
    return "; ".join(sentences + ([f"and {len(inner) - _MAX_SENTENCES:,} more"] if len(inner) > _MAX_SENTENCES else []))


def field_name(detail: Mapping[str, Any]) -> str:
    """Return the dotted name of the field a pydantic finding is about."""
    return ".".join(_names(detail["loc"]))


def _sentence(detail: Mapping[str, Any]) -> str:
    field, layer = _place(detail["loc"])
    message = _message(detail, layer)
    return f"{field}: {message}" if field else message


def _message(detail: Mapping[str, Any], layer: str | None) -> str:
    kind, came = detail["type"], detail.get("input")
    if kind == "union_tag_invalid":
        tag = shown(detail["ctx"]["tag"])
        return f"unknown layer {tag}; {_nearest(tag, LAYERS)}known are {', '.join(LAYERS)}"
    if kind == "union_tag_not_found":
        return f'has no name: expected a layer such as {{"layer": "Dense", "units": 128}}, got {repr(came)}'
    if kind == "extra_forbidden" and layer:
        known = [name for name in LAYERS[layer].model_fields if name != "layer"]
        unknown = shown(detail["loc"][-1])
        return f"is no parameter of {layer}; {_nearest(unknown, known)}it has {', '.join(known) or 'none'}"
    if kind in ("too_long", "too_short") and detail["loc"][-1] == "layers":
        return f"a network has 1 to {MAX_LAYERS} layers, got {len(came or ())}"
    if kind == "string_pattern_mismatch" and detail["ctx"]["pattern"] == names.PATTERN:
        return f"{names.which_letters(str(came))}; got {shown(came)!r}"
    message = _in_our_words(kind, detail.get("ctx", {})) or str(detail["msg"]).removeprefix("Value error, ")
    if isinstance(came, str | int | float):
        message += f", got {shown(came)!r}" if isinstance(came, str) else f", got {shown(came)}"
    return message


def _in_our_words(kind: str, context: Mapping[str, Any]) -> str | None:
    """Say what was expected where pydantic's words are a programmer's; none where its own will do."""
    if kind in _WORDS:
        return _WORDS[kind]
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        bound = context[key]
        return f"{words} {bound:g}" if isinstance(bound, float) else f"{words} {bound}"
    if kind in ("literal_error", "enum"):
        return f"must be {context['expected']}"
    if kind in _LENGTHS:
        words, key, noun = _LENGTHS[kind]
        return f"must have {words} {counted(context[key], noun)}"
    return None


def _place(loc: Sequence[str | int]) -> tuple[str, str | None]:
    """Say where a finding is, a layer by its place and name; and return that name."""
    for at, part in enumerate(loc):
        if part == "layers" and len(loc) > at + 1 and isinstance(loc[at + 1], int):
            name = str(loc[at + 2]) if len(loc) > at + 2 else None
            layer = f"layer {int(loc[at + 1]) + 1}{f' {name}' if name else ''}"
            words = [".".join(map(shown, loc[:at])), layer, _parameter(loc[at + 3 :])]
            return ": ".join(word for word in words if word), name
    return ".".join(_names(loc)), None


def _parameter(loc: Sequence[str | int]) -> str:
    """Say which parameter of a layer it is: `units`, `shape's first number`."""
    match loc:
        case [str(name), int(place)] if place < len(_PLACES):
            return f"{shown(name)}'s {_PLACES[place]} number"
    return ".".join(map(shown, loc))


def _names(loc: Sequence[str | int]) -> list[str]:
    """Return the names of a place. Behind that of a wrong key pydantic says only that it is one."""
    return [shown(part) for part in loc if part != "[key]"]


def _nearest(name: str, known: Sequence[str] | Mapping[str, object]) -> str:
    found = get_close_matches(name.lower(), [each.lower() for each in known], 1)
    return next((f"did you mean {each}? " for each in known if [each.lower()] == found), "")
