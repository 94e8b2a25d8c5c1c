"""What models, data sets and people may be called, and the nearest such name to any other text. No torch."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from itertools import count
from typing import Annotated

from pydantic import AfterValidator, Field

OWNER = "owner"  # who runs the server, and owns what is nobody else's
PATTERN = r"^[A-Za-z0-9_-]+$"  # in pydantic's engine $ is the end of the text, never a newline before it
_MAX_LENGTH = 64
_READ = 1000  # letters of a text that becomes a name: to compose more takes long, and there is no room for them
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ø": "o"})


def is_device(name: str) -> bool:
    """Tell whether Windows keeps a name for a device: no file there may have it."""
    return re.fullmatch(r"con|prn|aux|nul|(com|lpt)[0-9]", name, re.IGNORECASE) is not None


def _not_a_device(name: str) -> str:
    if is_device(name):
        raise ValueError("is the name of a device on Windows: choose another")
    return name


Name = Annotated[str, Field(min_length=1, max_length=_MAX_LENGTH, pattern=PATTERN), AfterValidator(_not_a_device)]


def nearest_name(text: str, otherwise: str) -> str:
    """Make a name of any text: its letters without accents, its digits, and - for what is between them.

    Args:
        text: What somebody would have it called.
        otherwise: The name where none of its letters can stay.
    """
    composed = unicodedata.normalize("NFC", text[:_READ]).translate(_SPELLED)
    plain = unicodedata.normalize("NFKD", composed).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-")[: _MAX_LENGTH - 4].strip("-") or otherwise


def numbered_name(stem: str, taken: Collection[str]) -> str:
    """Return `stem`-1, -2 ...: the first that is not taken.

    Args:
        stem: A name; a number at its end is left out.
        taken: Names in small letters.
    """
    stem = stem_of(stem)
    return next(name for number in count(1) if (name := f"{stem}-{number}").lower() not in taken)


def stem_of(name: str) -> str:
    """Return what numbers are put behind: a name without one, and so short that there is room."""
    return re.sub(r"-[0-9]+$", "", name)[: _MAX_LENGTH - 8]


def which_letters(text: str) -> str:
    """Say which letters a name may have, where `text` has others."""
    return f"a name has letters from a to z, digits, _ and -, as in {nearest_name(text, 'my-model-1')}"
