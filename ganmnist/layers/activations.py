"""Layers that treat every number by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganmnist.fields import Number
from ganmnist.layers.base import Layer, Shape

__all__ = ["Dropout", "LeakyReLU", "ReLU", "Sigmoid", "Tanh"]

if TYPE_CHECKING:
    from torch import nn


class LeakyReLU(Layer):
    """Passes what is positive, and a small share of what is negative, so that no unit dies."""

    layer: Literal["LeakyReLU"] = "LeakyReLU"
    slope: Number = Field(0.2, description="Share of a negative input that passes.", ge=0, le=1)

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        return nn.LeakyReLU(self.slope)


class ReLU(Layer):
    """Passes what is positive, stops what is negative."""

    layer: Literal["ReLU"] = "ReLU"

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        return nn.ReLU()


class Tanh(Layer):
    """Squeezes every number into [-1, 1], the range of our pixels."""

    layer: Literal["Tanh"] = "Tanh"

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        return nn.Tanh()


class Sigmoid(Layer):
    """Squeezes every number into [0, 1], a probability."""

    layer: Literal["Sigmoid"] = "Sigmoid"

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        return nn.Sigmoid()


class Dropout(Layer):
    """Sets a random share of the numbers to zero while training (Srivastava et al. 2014)."""

    layer: Literal["Dropout"] = "Dropout"
    rate: Number = Field(0.3, description="Share of the numbers set to zero.", ge=0, lt=1)

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        return nn.Dropout(self.rate)
