"""Settings as options of the command line, and results as a sentence or as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from ganmnist.fields import Settings

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


_NESTED = {"networks", "plane", "z", "latent"}  # settings that are no single value


def add_command(commands: Commands, name: str, run: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
    """Add a command, what runs it and says what it does, and return its parser."""
    added = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
    added.set_defaults(command=run)
    added.add_argument("--json", action="store_true", help="Print the result as JSON.")
    return added


def add_settings(parser: argparse.ArgumentParser, settings: type[Settings]) -> None:
    """Add an option for every setting that is a single value, with its own help and default."""
    for name, field in settings.model_fields.items():
        if name in _NESTED:
            continue
        default = "" if field.default is None else f" [{field.default}]"
        kinds = (field.annotation, *get_args(field.annotation))
        choices = next((get_args(kind) for kind in kinds if get_origin(kind) is Literal), None)
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=_kind(field), choices=choices, help=f"{field.description}{default}"
        )
    for old, new in settings.renamed().items():
        parser.add_argument(
            f"--{old.replace('_', '-')}", type=_kind(settings.model_fields[new]), help=argparse.SUPPRESS
        )


def given(options: argparse.Namespace, settings: type[Settings]) -> dict[str, Any]:
    """Return the settings that options were given for, by name."""
    values = {name: getattr(options, name, None) for name in (*settings.model_fields, *settings.renamed())}
    return {name: value for name, value in values.items() if value is not None}


def print_result(options: argparse.Namespace, values: Any, sentence: str) -> None:
    """Print what a command came to: a sentence for people, or its values as JSON where that is asked for."""
    print(json.dumps(values) if options.json else sentence)


def _kind(field: FieldInfo) -> type:
    kinds = [getattr(kind, "__origin__", kind) for kind in (field.annotation, *get_args(field.annotation))]
    return next((kind for kind in (int, float) if kind in kinds), str)
