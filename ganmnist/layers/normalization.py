"""Layers that look at how the numbers are spread: within a batch, or within a sample."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ganmnist.errors import NetworkError, shape_text
from ganmnist.fields import Number, Whole
from ganmnist.layers.base import Layer, Shape, needs_image

__all__ = ["BatchNorm", "ConditionalBatchNorm", "GroupNorm", "MinibatchStd"]

if TYPE_CHECKING:
    from torch import nn


Momentum = Annotated[Number, Field(description="Share of the running statistics kept at each step.", ge=0, lt=1)]


class BatchNorm(Layer):
    """Brings each unit or channel to mean 0 and variance 1 over the batch (Ioffe and Szegedy 2015, section 3)."""

    layer: Literal["BatchNorm"] = "BatchNorm"
    is_norm: ClassVar[bool] = True
    mixes_samples: ClassVar[bool] = True
    momentum: Momentum = 0.9

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) not in (1, 3):
            raise NetworkError(f"needs a row of numbers or an image, got {shape_text(shape)}")
        return shape

    def parameters(self, shape: Shape, condition: int = 0) -> int:
        return 2 * shape[0]

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        norm = nn.BatchNorm1d if len(shape) == 1 else nn.BatchNorm2d
        return norm(shape[0], momentum=1 - self.momentum)


class ConditionalBatchNorm(Layer):
    """BatchNorm whose gain and bias follow the condition (Chen et al. 2019, section 2).

    In a generator that is z, and the class if there are classes: every layer is conditioned, not the first alone.
    """

    layer: Literal["ConditionalBatchNorm"] = "ConditionalBatchNorm"
    is_norm: ClassVar[bool] = True
    is_conditional: ClassVar[bool] = True
    mixes_samples: ClassVar[bool] = True
    momentum: Momentum = 0.9

    def output_shape(self, shape: Shape) -> Shape:
        needs_image(shape)
        return shape

    def parameters(self, shape: Shape, condition: int = 0) -> int:
        return 2 * shape[0] * (condition + 1)

    def multiply_adds(self, shape: Shape, condition: int = 0) -> int:
        return 2 * shape[0] * condition

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from ganmnist.layers.modules import ConditionalBatchNorm2d

        return ConditionalBatchNorm2d(shape[0], condition, momentum=1 - self.momentum)


class GroupNorm(Layer):
    """Brings groups of channels to mean 0 and variance 1, sample by sample (Wu and He 2018, section 3).

    One group is layer normalisation. Where samples must not depend on each other it takes BatchNorm's place, as in a
    discriminator with a gradient penalty.
    """

    layer: Literal["GroupNorm"] = "GroupNorm"
    is_norm: ClassVar[bool] = True
    groups: Whole = Field(1, description="Groups that units or channels are divided into.", ge=1, le=1024)

    def output_shape(self, shape: Shape) -> Shape:
        if shape[0] % self.groups or self.groups == prod(shape):  # a group of one number has no spread
            fits = [groups for groups in range(1, self.groups) if shape[0] % groups == 0 and groups < prod(shape)]
            if not fits:
                raise NetworkError(f"needs more than one number, got {shape_text(shape)}: leave it out")
            raise NetworkError(
                f"cannot divide the {shape[0]} of {shape_text(shape)} into {self.groups} groups of more than one "
                f"number: take {fits[-1]}"
            )
        return shape

    def parameters(self, shape: Shape, condition: int = 0) -> int:
        return 2 * shape[0]

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        return nn.GroupNorm(self.groups, shape[0])


class MinibatchStd(Layer):
    """Adds one number: how much the samples of a group differ (Karras et al. 2018, section 3).

    A discriminator that sees it notices when a generator draws the same again and again.
    """

    layer: Literal["MinibatchStd"] = "MinibatchStd"
    mixes_samples: ClassVar[bool] = True
    group: Whole = Field(4, description="Neighbours in the batch that are compared.", ge=2, le=64)

    def output_shape(self, shape: Shape) -> Shape:
        return (shape[0] + 1, *shape[1:])

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from ganmnist.layers.modules import MinibatchStandardDeviation

        return MinibatchStandardDeviation(self.group)
