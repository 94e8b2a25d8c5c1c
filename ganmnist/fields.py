"""What settings are made of: their base, and numbers as JSON and sliders send them.

A slider sends 2.0 for 2, which is a whole number. A text "2" or a true is no number, though pydantic would take both.
"""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Strict


class Settings(BaseModel):
    """Base of all settings: unknown fields are errors, numbers are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def whole(value: object) -> object:
    """Turn 2.0 into 2 and leave everything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, Strict(), BeforeValidator(whole)]
Number = Annotated[float, Strict()]
Flag = Annotated[bool, Strict()]
