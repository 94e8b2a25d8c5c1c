"""What every layer has: parameters, a shape rule, costs, and a builder. No torch until a layer is built."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar

from ganmnist.errors import NetworkError, shape_text
from ganmnist.fields import PositionalSettings

if TYPE_CHECKING:
    from torch import nn

Shape = tuple[int, ...]
_SIDES = (7, 14, 28, 4)  # of images on their way to 28 x 28, the likeliest first


class Layer(PositionalSettings):
    """One layer: its parameters are its fields.

    Attributes:
        layer: Its name, to which each child narrows it, by which a network's JSON tells its layers apart.
        is_norm: It normalises.
        is_conditional: It takes the condition beside its samples.
        gives_condition: What leaves it is the condition of the layers behind it.
        mixes_samples: What it gives for a sample depends on the other samples of the batch.
        keeps_values: It arranges or repeats values and computes none.
    """

    layer: str
    is_norm: ClassVar[bool] = False
    is_conditional: ClassVar[bool] = False
    gives_condition: ClassVar[bool] = False
    mixes_samples: ClassVar[bool] = False
    keeps_values: ClassVar[bool] = False

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves the layer when `shape` arrives.

        Raises:
            NetworkError: The layer cannot take that shape; says what it needs.
        """
        return shape

    def parameters(self, shape: Shape, condition: int = 0) -> int:
        """Return the number of parameters the layer has when `shape` arrives with a condition of that length."""
        return 0

    def multiply_adds(self, shape: Shape, condition: int = 0) -> int:
        """Return the multiply-adds one sample costs, convolutions and dense layers counted."""
        return 0

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        """Build the torch module for input of `shape` that comes with a condition of that length.

        A layer that gives the condition is built with the number of classes, the last of the numbers that arrive.
        """
        raise NotImplementedError


def needs_row(shape: Shape) -> None:
    """Refuse a shape that is not (units,)."""
    if len(shape) != 1:
        raise NetworkError(f"needs a row of numbers, got {shape_text(shape)}: put a Flatten before it")


def needs_image(shape: Shape) -> None:
    """Refuse a shape that is not (channels, height, width)."""
    if len(shape) != 3:
        hint = as_image(prod(shape))
        fix = f"a Reshape before it{hint}" if hint else "a Dense of 6272 units and a Reshape to 128 x 7 x 7 before it"
        raise NetworkError(f"needs an image, got {shape_text(shape)}: put {fix}")


def as_image(numbers: int) -> str:
    """Say as which image so many numbers could be taken, if any: `; 6,272 = 128 x 7 x 7`."""
    sides = (side for side in _SIDES if numbers % side**2 == 0)
    return next((f"; {numbers:,} = {shape_text((numbers // side**2, side, side))}" for side in sides), "")
