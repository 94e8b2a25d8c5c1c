"""Layers that mix all numbers of a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ganmnist.fields import Flag, Whole
from ganmnist.layers.base import Layer, Shape, needs_row
from ganmnist.terms import explain

__all__ = ["ClassProjection", "Dense"]

if TYPE_CHECKING:
    from torch import nn


SpectralNorm = Annotated[
    Flag,
    Field(description=explain("spectral norm")),
]


class Dense(Layer):
    """Fully connected layer: every output is a weighted sum of all inputs."""

    layer: Literal["Dense"] = "Dense"
    units: Whole = Field(description="Number of outputs.", ge=1, le=65536)
    bias: Flag = Field(True, description="Add a trained constant to every output.")
    spectral_norm: SpectralNorm = False

    def output_shape(self, shape: Shape) -> Shape:
        needs_row(shape)
        return (self.units,)

    def parameters(self, shape: Shape, condition: int = 0) -> int:
        return (shape[0] + self.bias) * self.units

    def multiply_adds(self, shape: Shape, condition: int = 0) -> int:
        return shape[0] * self.units

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        return nn.Linear(shape[0], self.units, bias=self.bias)


class ClassProjection(Layer):
    """One number: how real a sample looks, plus how well it fits its class (Miyato and Koyama 2018, section 3).

    Without classes it is a Dense layer of one unit.
    """

    layer: Literal["ClassProjection"] = "ClassProjection"
    is_conditional: ClassVar[bool] = True

    def output_shape(self, shape: Shape) -> Shape:
        needs_row(shape)
        return (1,)

    def parameters(self, shape: Shape, condition: int = 0) -> int:
        return shape[0] * (1 + condition) + 1

    def multiply_adds(self, shape: Shape, condition: int = 0) -> int:
        return shape[0] * (1 + condition)

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from ganmnist.layers.modules import Projection

        return Projection(shape[0], condition)
