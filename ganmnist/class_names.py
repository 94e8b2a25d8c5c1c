"""What the classes of a model are called, and which of them a number or a name means. No torch."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema

from ganmnist.errors import SettingError, printable, shown
from ganmnist.fields import whole

MAX_NAME = 255  # letters, as many as a folder's name has at most
_LARGEST = 2**53  # of numbers, up to which a float tells them apart
_LISTED = 10  # names in a sentence
DIGITS = tuple("0123456789")

ClassName = Annotated[str, Field(max_length=MAX_NAME)]


def class_name(text: str) -> str:
    """Return what a class is called: its letters as people type them, and none that a terminal acts upon.

    Of a longer text only the beginning is read: how long Unicode takes to compose it grows with its length squared.
    """
    return printable(unicodedata.normalize("NFC", text.strip()[:MAX_NAME]))


def names_of(count: int, stated: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the names of so many classes: those that are stated, or else their numbers, as the ten digits have."""
    return tuple(stated) or tuple(map(str, range(count)))


def said(name: str) -> str:
    """Return a class for a sentence: a 7, oak."""
    return f"a {name}" if name in DIGITS else shown(name)


def listed(names: Sequence[str]) -> str:
    """Return names for a sentence: oak, elm, ash; 0 to 9; and how many more there are where they are many."""
    if len(names) > 1 and tuple(names) == names_of(len(names)):
        return f"0 to {len(names) - 1}"
    rest = len(names) - _LISTED
    return ", ".join(map(shown, names[:_LISTED])) + (f" and {rest} more" if rest > 0 else "")


def _number_or_name(value: object) -> int | str:
    choice = whole(value)
    if isinstance(choice, str):
        name = choice.strip()
        if not 0 < len(name) <= MAX_NAME:
            raise ValueError(f"expected the number of a class or its name, of 1 to {MAX_NAME} letters")
        return int(name) if _is_number(name) else name
    if isinstance(choice, bool) or not isinstance(choice, int) or not 0 <= choice <= _LARGEST:
        raise ValueError("expected the number of a class, from 0, or its name")
    return choice


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) < 16 and str(int(name)) == name


ClassChoice = Annotated[
    int | str,
    PlainValidator(_number_or_name),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "maxLength": MAX_NAME}]}),
]


@dataclass(frozen=True)
class KnownClasses:
    """The classes that a model knows, by their numbers.

    Attributes:
        names: What they are called, from class 0 on; none for a model without classes.
        model: Name of the model, for what is said of it.
    """

    names: tuple[str, ...]
    model: str = ""

    @classmethod
    def of(cls, known: KnownClasses | int) -> KnownClasses:
        """Return classes as they are, or so many that are called by their numbers."""
        return cls(names_of(known)) if isinstance(known, int) else known

    def __len__(self) -> int:
        return len(self.names)

    def number(self, choice: int | str) -> int:
        """Return the number of the class that is meant.

        A name goes before a number: where folders called 3 and 7 are the classes, 7 is the second, as "7" is.

        Raises:
            SettingError: There is no such class; lists those there are.
        """
        said = class_name(str(choice))
        number = _as_number(said)
        for name in (said,) if number is None else (said, str(number)):
            alike = [place for place, known in enumerate(self.names) if known.casefold() == name.casefold()]
            exact = [place for place in alike if self.names[place] == name]
            if exact or len(alike) == 1:
                return (exact or alike)[0]
        if number is not None and 0 <= number < len(self):
            return number
        knows = f"knows {listed(self.names)}" if self.names else "was trained without classes, so none can be chosen"
        raise SettingError(f"digit: got {shown(said)}; the model {self.model}{' ' * bool(self.model)}{knows}")


def _as_number(text: str) -> int | None:
    """Return the whole number that a text is, if it is one: a slider's may be 2.0."""
    try:
        number = whole(float(text))
    except ValueError:
        return None
    return number if isinstance(number, int) else None
