"""What goes wrong, said so that the reader knows what to do next.

Every message names the setting or file, what was expected and what came.
"""

from collections.abc import Sequence
from decimal import Context, Decimal
from math import prod

_LONG = 10**16  # from where on a whole number is rounded: nobody reads the three hundred digits of 1e308
_LENGTH = 80  # letters of anything that came: a sentence stays one, whatever is in it


def shown(value: object) -> str:
    """Return what came from outside as a sentence may show it: not too long, and nothing that a terminal acts upon."""
    text = _rounded(value) if isinstance(value, int) and abs(value) >= _LONG else str(value)
    whole = text if len(text) <= _LENGTH else text[:_LENGTH] + "..."
    return printable(whole)


def _rounded(number: int) -> str:
    return f"{Decimal(number).normalize(Context(prec=6)):e}"


def printable(text: str) -> str:
    """Return a text with all that a terminal acts upon spelled out."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def counted(count: int, noun: str, plural: str = "s") -> str:
    """Return how many there are, in words: 1 digit, 10,000 digits."""
    return f"{count:,} {noun}{plural if count != 1 else ''}"


def shape_text(shape: Sequence[int]) -> str:
    """Return a shape as sentences and tables have it: 64 x 14 x 14, or 3,136 numbers where it has one side or none."""
    if len(shape) < 2:
        return counted(prod(shape), "number")
    return " x ".join(f"{side:,}" for side in shape)


class GanError(Exception):
    """Base of every error that the library raises on purpose."""

    code = "error"


class SettingError(GanError):
    """A setting is missing, misspelt or out of its range."""

    code = "invalid_setting"


class NetworkError(SettingError):
    """A layer does not fit what arrives at it, or a network ends in the wrong shape."""

    code = "invalid_network"


class DataError(GanError):
    """A data file is absent, damaged, or not what its name says."""

    code = "data"


class DatasetNotFound(DataError):
    """No data set of that name."""

    code = "data_not_found"


class ModelError(GanError):
    """A model cannot be stored, or its files are damaged."""

    code = "model"


class ModelNotFound(ModelError):
    """No model of that name."""

    code = "model_not_found"


class GeometryError(GanError):
    """Pixels or a frame from which no geometry can be made."""

    code = "geometry"


class TrainingError(GanError):
    """A training that cannot go on."""

    code = "training"


class DeviceError(GanError):
    """A device that is not there, does not work, or is gone."""

    code = "device"
