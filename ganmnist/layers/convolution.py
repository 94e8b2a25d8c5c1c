"""Layers that look at the neighbours of a pixel, or make more pixels. Shapes are (channels, height, width)."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ganmnist.errors import NetworkError, shape_text
from ganmnist.fields import Flag, Whole
from ganmnist.layers.base import Layer, Shape, needs_image
from ganmnist.layers.dense import SpectralNorm
from ganmnist.terms import explain

__all__ = ["Conv2D", "Conv2DTranspose", "PixelShuffle", "UpSampling2D"]

if TYPE_CHECKING:
    from torch import nn


Filters = Annotated[Whole, Field(description=explain("filters"), ge=1, le=2048)]
Kernel = Annotated[Whole, Field(description=explain("kernel"), ge=1, le=15)]
Bias = Annotated[Flag, Field(description="Add a trained constant to every channel.")]


class Conv2D(Layer):
    """Convolution: makes each new pixel of a small square of pixels around its place, in all channels.

    Padding `same` puts zeros around, so that only the stride shrinks the image (as in Keras).
    """

    layer: Literal["Conv2D"] = "Conv2D"
    filters: Filters
    kernel: Kernel = 3
    stride: Whole = Field(1, description=explain("stride"), ge=1, le=8)
    padding: Literal["same", "valid"] = Field("same", description=explain("padding"))
    bias: Bias = True
    spectral_norm: SpectralNorm = False

    def output_shape(self, shape: Shape) -> Shape:
        needs_image(shape)
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

        from ganmnist.layers.modules import ToOneChannel

        keeps_size = (self.stride, self.padding, self.kernel % 2) == (1, "same", 1)
        convolution = ToOneChannel if self.filters == 1 and keeps_size else nn.Conv2d

        # Keras puts the odd zero at the right and the bottom; torch can only pad both sides alike.
        low_high = [self._padding(side) for side in shape[1:]]  # [(top, bottom), (left, right)]
        if all(low == high for low, high in low_high):
            sides = (low_high[0][0], low_high[1][0])
            return convolution(shape[0], self.filters, self.kernel, self.stride, padding=sides, bias=self.bias)
        (top, bottom), (left, right) = low_high
        return nn.Sequential(
            nn.ZeroPad2d((left, right, top, bottom)),
            convolution(shape[0], self.filters, self.kernel, self.stride, bias=self.bias),
        )

    def _padding(self, side: int) -> tuple[int, int]:
        if self.padding == "valid":
            return (0, 0)
        total = max((-(-side // self.stride) - 1) * self.stride + self.kernel - side, 0)
        return (total // 2, total - total // 2)


class Conv2DTranspose(Layer):
    """Convolution run backwards: every pixel paints a kernel, `stride` pixels apart, so the image grows.

    Padding `same` gives height and width times the stride (as in Keras).
    """

    layer: Literal["Conv2DTranspose"] = "Conv2DTranspose"
    filters: Filters
    kernel: Kernel = 4
    stride: Whole = Field(2, description="Step between painted kernels, pixels: how much the image grows.", ge=1, le=8)
    padding: Literal["same", "valid"] = Field("same", description="`same` cuts the borders off, `valid` keeps them.")
    bias: Bias = True

    def output_shape(self, shape: Shape) -> Shape:
        needs_image(shape)
        beyond = 0 if self.padding == "same" else max(self.kernel - self.stride, 0)
        return (self.filters, *(side * self.stride + beyond for side in shape[1:]))

    def parameters(self, shape: Shape, condition: int = 0) -> int:
        return (shape[0] * self.kernel**2 + self.bias) * self.filters

    def multiply_adds(self, shape: Shape, condition: int = 0) -> int:
        return prod(shape) * self.filters * self.kernel**2

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        cut = max(self.kernel - self.stride, 0) if self.padding == "same" else 0
        paint = nn.ConvTranspose2d(
            shape[0],
            self.filters,
            self.kernel,
            self.stride,
            padding=cut // 2,
            output_padding=max(self.stride - self.kernel, 0),
            bias=self.bias,
        )
        # Keras cuts the odd pixel off at the right and the bottom; torch can only cut both sides alike.
        return nn.Sequential(paint, nn.ZeroPad2d((0, -1, 0, -1))) if cut % 2 else paint


class UpSampling2D(Layer):
    """Enlarges an image by repeating every pixel `size` times in both directions, or with smooth steps between."""

    layer: Literal["UpSampling2D"] = "UpSampling2D"
    keeps_values: ClassVar[bool] = True
    size: Whole = Field(2, description="How often each pixel is repeated per direction.", ge=2, le=8)
    interpolation: Literal["nearest", "bilinear"] = Field(
        "nearest", description="`nearest` repeats pixels, `bilinear` blends neighbours."
    )

    def output_shape(self, shape: Shape) -> Shape:
        needs_image(shape)
        return (shape[0], shape[1] * self.size, shape[2] * self.size)

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        return nn.Upsample(scale_factor=self.size, mode=self.interpolation)


class PixelShuffle(Layer):
    """Enlarges an image by laying `size` x `size` channels side by side as pixels (Shi et al. 2016, section 2.2)."""

    layer: Literal["PixelShuffle"] = "PixelShuffle"
    keeps_values: ClassVar[bool] = True
    size: Whole = Field(2, description="Pixels made of one, per direction.", ge=2, le=8)

    def output_shape(self, shape: Shape) -> Shape:
        needs_image(shape)
        channels, left = divmod(shape[0], self.size**2)
        if left:
            more = (channels + 1) * self.size**2
            raise NetworkError(
                f"needs channels that divide by {self.size} x {self.size}, got {shape_text(shape)}: "
                f"put a Conv2D with {more} filters before it"
            )
        return (channels, shape[1] * self.size, shape[2] * self.size)

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from torch import nn

        return nn.PixelShuffle(self.size)
