"""Field types that take what JSON and sliders send, and nothing that only looks like it.

A slider sends 2.0 for 2, which is a whole number. A text "2" or a true is no number, though pydantic would take both.
"""

from typing import Annotated

from pydantic import BeforeValidator, Strict


def whole(value: object) -> object:
    """Turn 2.0 into 2 and leave everything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, Strict(), BeforeValidator(whole)]
Number = Annotated[float, Strict()]
Flag = Annotated[bool, Strict()]
