"""Layers that arrange the same numbers in another shape."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, Strict

from ganmnist.errors import NetworkError, shape_text
from ganmnist.fields import whole
from ganmnist.layers.base import Layer, Shape, as_image

__all__ = ["Flatten", "Reshape"]

if TYPE_CHECKING:
    from torch import nn


Size = Annotated[int, Strict(), Field(ge=1, le=65536), BeforeValidator(whole)]


def _row_or_image(shape: Shape) -> Shape:
    if len(shape) == 2:
        raise ValueError(f"must be one number, or three: channels, height and width; got two, {shape_text(shape)}")
    return shape


def _with_count(shape: Shape) -> str:
    return f"{shape_text(shape)} ({prod(shape):,} numbers)" if len(shape) > 1 else shape_text(shape)


class Reshape(Layer):
    """Gives the same numbers another shape, channels first."""

    layer: Literal["Reshape"] = "Reshape"
    keeps_values: ClassVar[bool] = True
    shape: Annotated[tuple[Size, ...], AfterValidator(_row_or_image)] = Field(
        description="(units,) or (channels, height, width).", min_length=1, max_length=3
    )

    def output_shape(self, shape: Shape) -> Shape:
        if prod(shape) != prod(self.shape):
            raise NetworkError(f"cannot make {_with_count(self.shape)} of {_with_count(shape)}{as_image(prod(shape))}")
        return self.shape

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        unflatten = nn.Unflatten(1, self.shape)
        return unflatten if len(shape) == 1 else nn.Sequential(nn.Flatten(), unflatten)


class Flatten(Layer):
    """Lays all numbers of a sample in one row."""

    layer: Literal["Flatten"] = "Flatten"
    keeps_values: ClassVar[bool] = True

    def output_shape(self, shape: Shape) -> Shape:
        return (prod(shape),)

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        return nn.Flatten()
