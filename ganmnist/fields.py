"""What settings are made of: their base, and numbers as JSON and sliders send them.

A slider sends 2.0 for 2, which is a whole number. A text "2" or a true is no number, though pydantic would take both.
"""

from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Strict


class Settings(BaseModel):
    """Base of all settings: unknown fields are errors, numbers are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def part_of(cls, wider: BaseModel) -> Self:
        """Return these settings alone, out of a message that holds them among others."""
        return cls(**{name: getattr(wider, name) for name in cls.model_fields})


class InOrder(Settings):
    """Settings whose values may also be given in order, as Keras' layers take theirs: `Conv2D(64, 3, stride=2)`."""

    def __init__(self, /, *values: Any, **named: Any) -> None:
        names = [name for name in type(self).model_fields if name != "layer"]
        if len(values) > len(names):
            raise TypeError(f"{type(self).__name__} takes {', '.join(names) or 'no values'}; got {len(values)} values")
        super().__init__(**dict(zip(names, values, strict=False)), **named)


def whole(value: object) -> object:
    """Turn 2.0 into 2 and leave everything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, Strict(), BeforeValidator(whole)]
Number = Annotated[float, Strict()]
Flag = Annotated[bool, Strict()]
