"""What settings are made of: their base, and numbers as JSON and sliders send them.

A slider sends 2.0 for 2, which is a whole number. A text "2" or a true is no number, though pydantic would take both.
"""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, GetCoreSchemaHandler, Strict
from pydantic_core import CoreSchema, core_schema


class Formerly(NamedTuple):
    """Beside a field's type: the name it had before, still read for one release and shown nowhere."""

    name: str


class Settings(BaseModel):
    """Base of all settings: unknown fields are errors, numbers are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def part_of(cls, wider: BaseModel) -> Self:
        """Return these settings alone, out of a message that holds them among others."""
        return cls(**{name: getattr(wider, name) for name in cls.model_fields})

    @classmethod
    def renamed(cls) -> dict[str, str]:
        """Return the names that fields had before, each with the one it has now."""
        fields = cls.model_fields.items()
        return {mark.name: name for name, field in fields for mark in field.metadata if isinstance(mark, Formerly)}

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As pydantic's, with the names of before too."""
        return super().model_copy(update=update and _with_new_names(self.renamed(), dict(update)), deep=deep)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema, renamed = handler(source), cls.renamed()
        if not renamed:
            return schema
        # No alias of pydantic's: errors about a value would speak of the old name.
        return core_schema.no_info_before_validator_function(partial(_with_new_names, renamed), schema)

    if not TYPE_CHECKING:  # who checks types is told of the new name

        def __getattr__(self, name: str) -> Any:
            new = type(self).renamed().get(name)
            return getattr(self, new) if new else super().__getattr__(name)


class PositionalSettings(Settings):
    """Settings whose values may also be given in order, as Keras' layers take theirs: `Conv2D(64, 3, stride=2)`."""

    def __init__(self, /, *values: Any, **named: Any) -> None:
        names = [name for name in type(self).model_fields if name != "layer"]
        if len(values) > len(names):
            raise TypeError(f"{type(self).__name__} takes {', '.join(names) or 'no values'}; got {len(values)} values")
        super().__init__(**dict(zip(names, values, strict=False)), **named)


class Spelled(NamedTuple):
    """Beside a text's type: the pattern that it fits as a whole, and what to say of one that does not.

    Attributes:
        pattern: A regular expression, for programs: no sentence shows it.
        words: For people, as `must be ...`.
    """

    pattern: str
    words: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        fitting = core_schema.str_schema(pattern=self.pattern)
        return core_schema.custom_error_schema(fitting, custom_error_type="spelling", custom_error_message=self.words)


def _with_new_names(renamed: dict[str, str], values: Any) -> Any:
    if not isinstance(values, dict):
        return values
    for old, new in renamed.items():
        if old in values and new in values:
            raise ValueError(f"{new}: was called {old} before, and both are given: leave out {old}")
    return {renamed.get(name, name): value for name, value in values.items()}


def whole(value: object) -> object:
    """Turn 2.0 into 2 and leave everything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, Strict(), BeforeValidator(whole)]
Number = Annotated[float, Strict()]
Flag = Annotated[bool, Strict()]
