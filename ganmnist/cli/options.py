"""Settings as options of the command line, and results as a sentence or as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from ganmnist.errors import shown
from ganmnist.fields import Settings

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


_MAX_SCALE = 64
_MAX_RANGE = 1000
_NESTED = {"networks", "plane", "z", "latent"}  # settings that are no single value


def add_command(commands: Commands, name: str, run: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
    """Add a command, what runs it and says what it does, and return its parser."""
    added = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
    added.set_defaults(command=run, parser=added)
    added.add_argument("--json", action="store_true", help="Print the result as JSON.")
    return added


def add_settings(parser: argparse.ArgumentParser, settings: type[Settings], several: Collection[str] = ()) -> None:
    """Add an option for every setting that is a single value, with its own help and default.

    Args:
        parser: Of the command.
        settings: The settings.
        several: Names of those that take several values at once, whole numbers as lists and as ranges too: `0..4`.
    """
    for name, field in settings.model_fields.items():
        if name in _NESTED:
            continue
        default = "" if field.default is None or field.default is False else f" [{field.default}]"
        taken = _taken(field)
        if name in several:
            taken |= {"nargs": "+", "type": _whole_numbers if taken["type"] is whole_number else taken["type"]}
        parser.add_argument(_option(name), **taken, help=f"{field.description}{default}")
    for old, new in settings.renamed().items():
        parser.add_argument(_option(old), **_taken(settings.model_fields[new]), help=argparse.SUPPRESS)


def add_flags(parser: argparse.ArgumentParser, settings: type[Settings]) -> None:
    """Add the true-or-false settings alone, for a command that takes the others in its own way."""
    for name, field in settings.model_fields.items():
        if bool in _plain_kinds(field):
            parser.add_argument(_option(name), **_taken(field), help=field.description)


def add_scale(parser: argparse.ArgumentParser, default: str = "8, or less where the picture would be large") -> None:
    """Add the option for the size of a picture."""
    parser.add_argument(
        "--scale",
        type=_scale,
        metavar="N",
        help=f"Pixels of a picture to the side of a digit's pixel; {default} unless given. 1: the digits as they are.",
    )


def given(options: argparse.Namespace, settings: type[Settings]) -> dict[str, Any]:
    """Return the settings that options were given for, by name."""
    values = {name: getattr(options, name, None) for name in (*settings.model_fields, *settings.renamed())}
    return {name: value for name, value in values.items() if value is not None}


def print_result(options: argparse.Namespace, values: Any, sentence: str) -> None:
    """Print what a command came to: a sentence for people, or its values as JSON where that is asked for."""
    print(json.dumps(values) if options.json else sentence)


def whole_number(text: str) -> int:
    """Read the value of an option that takes a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, got {shown(text)}") from None


def number(text: str) -> float:
    """Read the value of an option that takes any number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number as 0.5, got {shown(text)}") from None


def _scale(text: str) -> int:
    scale = whole_number(text)
    if not 1 <= scale <= _MAX_SCALE:
        raise argparse.ArgumentTypeError(f"must be from 1 to {_MAX_SCALE}, got {scale}")
    return scale


def _whole_numbers(text: str) -> list[int]:
    """Read a whole number, or all of a range with both of its ends."""
    try:
        first, _, last = text.partition("..")
        numbers = range(int(first), int(last or first) + 1)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number or a range as 0..4, got {shown(text)}") from None
    if not 1 <= len(numbers) <= _MAX_RANGE:
        raise argparse.ArgumentTypeError(f"{text} is a range of {len(numbers):,} numbers, expected 1 to {_MAX_RANGE}")
    return list(numbers)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _taken(field: FieldInfo) -> dict[str, Any]:
    """Return how an option is read: as a number, a text or a choice; a true-or-false setting has no value behind it."""
    plain = _plain_kinds(field)
    if bool in plain:
        return {"action": argparse.BooleanOptionalAction}  # --invert and --no-invert
    choices = next((get_args(kind) for kind in _kinds(field) if get_origin(kind) is Literal), None)
    read = next((read for kind, read in ((int, whole_number), (float, number)) if kind in plain), None)
    return {"type": read or str, "choices": choices, "metavar": None if choices else "N" if read else "NAME"}


def _kinds(field: FieldInfo) -> tuple[Any, ...]:
    return (field.annotation, *get_args(field.annotation))


def _plain_kinds(field: FieldInfo) -> list[Any]:
    return [getattr(kind, "__origin__", kind) for kind in _kinds(field)]
