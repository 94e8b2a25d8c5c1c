"""The layers a network is composed of: parameters, shape rule and builder of each.

`LAYERS` is the only list of layer names. Shapes leave the batch out and put channels first: `(units,)` or
`(channels, height, width)`. A few layers are also told a condition, a vector that comes with every sample: a
generator's own input, or the class that a discriminator is to look for. Nothing here imports torch until a layer is
built, so shapes are checked in microseconds.
"""

from __future__ import annotations

from functools import reduce
from math import prod
from operator import or_
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field, Strict

from ganmnist.errors import NetworkError
from ganmnist.fields import Flag, Number, Settings, Whole, whole

if TYPE_CHECKING:
    from torch import nn

Shape = tuple[int, ...]
Momentum = Annotated[Number, Field(description="Share of the running statistics kept at each step.", ge=0, lt=1)]
Size = Annotated[int, Strict(), Field(ge=1, le=65536), BeforeValidator(whole)]


class Layer(Settings):
    """One layer: its parameters are its fields."""

    layer: str  # each child narrows it to its own name, by which a network's JSON tells its layers apart

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves the layer when `shape` arrives.

        Raises:
            NetworkError: The layer cannot take that shape; says what it needs.
        """
        return shape

    def parameters(self, shape: Shape, condition: int = 0) -> int:
        """Return the number of trained numbers the layer has when `shape` arrives with a condition of that length."""
        return 0

    def multiply_adds(self, shape: Shape, condition: int = 0) -> int:
        """Return the multiplications one sample costs, convolutions and dense layers counted."""
        return 0

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        """Build the torch module for input of `shape` that comes with a condition of that length."""
        raise NotImplementedError


class Dense(Layer):
    """Fully connected layer: every output is a weighted sum of all inputs."""

    layer: Literal["Dense"] = "Dense"
    units: Whole = Field(description="Number of outputs.", ge=1, le=65536)
    bias: Flag = Field(True, description="Add a trained constant to every output.")

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise NetworkError(f"needs (units,), got {shape}: put a Flatten before it")
        return (self.units,)

    def parameters(self, shape: Shape, condition: int = 0) -> int:
        return (shape[0] + self.bias) * self.units

    def multiply_adds(self, shape: Shape, condition: int = 0) -> int:
        return shape[0] * self.units

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        return nn.Linear(shape[0], self.units, bias=self.bias)


class Conv2D(Layer):
    """Convolution. Padding `same` puts zeros around, so that only the stride shrinks the image (as in Keras)."""

    layer: Literal["Conv2D"] = "Conv2D"
    filters: Whole = Field(description="Number of output channels.", ge=1, le=2048)
    kernel: Whole = Field(3, description="Side of the square kernel, pixels.", ge=1, le=15)
    stride: Whole = Field(1, description="Step between kernel positions, pixels.", ge=1, le=8)
    padding: Literal["same", "valid"] = Field("same", description="`same` pads with zeros, `valid` does not pad.")
    bias: Flag = Field(True, description="Add a trained constant to every channel.")

    def output_shape(self, shape: Shape) -> Shape:
        _needs_image(shape)
        if self.padding == "same":
            sides = [-(-side // self.stride) for side in shape[1:]]
        else:
            sides = [(side - self.kernel) // self.stride + 1 for side in shape[1:]]
        if min(sides) < 1:
            raise NetworkError(
                f"has a kernel of {self.kernel} pixels, larger than the {shape[1]} x {shape[2]} image that arrives: "
                "use padding same or a smaller kernel"
            )
        return (self.filters, *sides)

    def parameters(self, shape: Shape, condition: int = 0) -> int:
        return (shape[0] * self.kernel**2 + self.bias) * self.filters

    def multiply_adds(self, shape: Shape, condition: int = 0) -> int:
        return prod(self.output_shape(shape)) * shape[0] * self.kernel**2

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        # Keras puts the odd zero at the right and the bottom; torch can only pad both sides alike.
        low_high = [self._padding(side) for side in shape[1:]]  # [(top, bottom), (left, right)]
        if all(low == high for low, high in low_high):
            sides = (low_high[0][0], low_high[1][0])
            return nn.Conv2d(shape[0], self.filters, self.kernel, self.stride, padding=sides, bias=self.bias)
        (top, bottom), (left, right) = low_high
        return nn.Sequential(
            nn.ZeroPad2d((left, right, top, bottom)),
            nn.Conv2d(shape[0], self.filters, self.kernel, self.stride, bias=self.bias),
        )

    def _padding(self, side: int) -> tuple[int, int]:
        if self.padding == "valid":
            return (0, 0)
        total = max((-(-side // self.stride) - 1) * self.stride + self.kernel - side, 0)
        return (total // 2, total - total // 2)


class UpSampling2D(Layer):
    """Enlarges an image by repeating every pixel `size` times in both directions."""

    layer: Literal["UpSampling2D"] = "UpSampling2D"
    size: Whole = Field(2, description="How often each pixel is repeated per direction.", ge=2, le=8)

    def output_shape(self, shape: Shape) -> Shape:
        _needs_image(shape)
        return (shape[0], shape[1] * self.size, shape[2] * self.size)

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        return nn.Upsample(scale_factor=self.size, mode="nearest")


class BatchNorm(Layer):
    """Batch normalisation (Ioffe and Szegedy 2015, section 3): each unit or channel to mean 0 and variance 1."""

    layer: Literal["BatchNorm"] = "BatchNorm"
    momentum: Momentum = 0.9

    def parameters(self, shape: Shape, condition: int = 0) -> int:
        return 2 * shape[0]

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        norm = nn.BatchNorm1d if len(shape) == 1 else nn.BatchNorm2d
        return norm(shape[0], momentum=1 - self.momentum)

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) not in (1, 3):
            raise NetworkError(f"needs (units,) or (channels, height, width), got {shape}")
        return shape


class ConditionalBatchNorm(Layer):
    """Batch normalisation whose gain and bias follow the condition (Chen et al. 2019, section 2).

    In a generator that is z, and the class if there are classes: every layer hears what is wanted, not the first alone.
    """

    layer: Literal["ConditionalBatchNorm"] = "ConditionalBatchNorm"
    momentum: Momentum = 0.9

    def output_shape(self, shape: Shape) -> Shape:
        _needs_image(shape)
        return shape

    def parameters(self, shape: Shape, condition: int = 0) -> int:
        return 2 * shape[0] * (condition + 1)

    def multiply_adds(self, shape: Shape, condition: int = 0) -> int:
        return 2 * shape[0] * condition

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from ganmnist.modules import ConditionalBatchNorm2d

        return ConditionalBatchNorm2d(shape[0], condition, momentum=1 - self.momentum)


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


class MinibatchStd(Layer):
    """Adds one number: how much the samples of a group differ (Karras et al. 2018, section 3).

    A discriminator that sees it notices when a generator draws the same again and again.
    """

    layer: Literal["MinibatchStd"] = "MinibatchStd"
    group: Whole = Field(4, description="Neighbours in the batch that are compared.", ge=2, le=64)

    def output_shape(self, shape: Shape) -> Shape:
        return (shape[0] + 1, *shape[1:])

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from ganmnist.modules import MinibatchStandardDeviation

        return MinibatchStandardDeviation(self.group)


class ClassProjection(Layer):
    """One number: how real a sample looks, plus how well it fits its class (Miyato and Koyama 2018, section 3).

    Without classes it is a Dense layer of one unit.
    """

    layer: Literal["ClassProjection"] = "ClassProjection"

    def output_shape(self, shape: Shape) -> Shape:
        return Dense(units=1).output_shape(shape)

    def parameters(self, shape: Shape, condition: int = 0) -> int:
        return shape[0] * (1 + condition) + 1

    def multiply_adds(self, shape: Shape, condition: int = 0) -> int:
        return shape[0] * (1 + condition)

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from ganmnist.modules import Projection

        return Projection(shape[0], condition)


class Reshape(Layer):
    """Gives the same numbers another shape, channels first."""

    layer: Literal["Reshape"] = "Reshape"
    shape: tuple[Size] | tuple[Size, Size, Size] = Field(description="(units,) or (channels, height, width).")

    def output_shape(self, shape: Shape) -> Shape:
        if prod(shape) != prod(self.shape):
            raise NetworkError(
                f"cannot make {self.shape} ({prod(self.shape)} numbers) of {shape} ({prod(shape)} numbers)"
                f"{_image_hint(prod(shape))}"
            )
        return self.shape

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        return (
            nn.Unflatten(1, self.shape) if len(shape) == 1 else nn.Sequential(nn.Flatten(), nn.Unflatten(1, self.shape))
        )


class Flatten(Layer):
    """Lays all numbers of a sample in one row."""

    layer: Literal["Flatten"] = "Flatten"

    def output_shape(self, shape: Shape) -> Shape:
        return (prod(shape),)

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        return nn.Flatten()


LAYERS: dict[str, type[Layer]] = {
    cls.__name__: cls
    for cls in (
        Dense,
        Conv2D,
        UpSampling2D,
        BatchNorm,
        ConditionalBatchNorm,
        LeakyReLU,
        ReLU,
        Tanh,
        Sigmoid,
        Dropout,
        MinibatchStd,
        Reshape,
        Flatten,
        ClassProjection,
    )
}

if TYPE_CHECKING:
    AnyLayer = Layer
else:
    AnyLayer = Annotated[reduce(or_, LAYERS.values()), Field(discriminator="layer")]


def _needs_image(shape: Shape) -> None:
    if len(shape) != 3:
        raise NetworkError(
            f"needs (channels, height, width), got {shape}: put a Reshape before it{_image_hint(prod(shape))}"
        )


def _image_hint(numbers: int) -> str:
    for side in (7, 14, 28, 4):
        if numbers % side**2 == 0:
            return f"; {numbers} = {numbers // side**2} x {side} x {side}"
    return ""
