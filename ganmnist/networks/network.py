"""Modules that torch lacks: conditional, comparing the samples of a batch, or doing two layers' work at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import conv_transpose2d, interpolate
from torch.nn.modules.batchnorm import _BatchNorm
from torch.overrides import TorchFunctionMode

from ganmnist.layers.modules import LatentCells


class Network(nn.Sequential):
    """Modules in a row, of which some take the condition as well."""

    @property
    def cells(self) -> LatentCells | None:
        """What divides latent space among clusters, if this is a generator that has some: its first module."""
        first = self[0]
        return first if isinstance(first, LatentCells) else None

    def statistics(self) -> list[Tensor]:
        """Return the running means and variances of all BatchNorms."""
        norms = [module for module in self.modules() if isinstance(module, _BatchNorm)]
        return [cast(Tensor, statistic) for norm in norms for statistic in (norm.running_mean, norm.running_var)]

    def forward(self, samples: Tensor, condition: Tensor | None = None) -> Tensor:
        """Run samples (N, ...) through all modules.

        Args:
            samples: What the first module takes.
            condition: (N, length of the condition); the samples themselves unless given, as a generator takes it.
        """
        for output in self._outputs(samples, condition):
            samples = output
        return samples

    def walk(self, samples: Tensor, condition: Tensor | None = None) -> Iterator[Tensor]:
        """Run samples as `forward` does, and stop after each layer to show what leaves it."""
        for module, output in zip(self, self._outputs(samples, condition), strict=True):
            yield module.materialize(output) if isinstance(module, FusedUpsample) else output

    def _outputs(self, samples: Tensor, condition: Tensor | None) -> Iterator[Tensor]:
        condition = samples if condition is None else condition
        for module in self:
            samples = _run(module, samples, condition)
            if getattr(module, "gives_condition", False):
                condition = samples
            yield samples


def _run(module: nn.Module, samples: Tensor, condition: Tensor) -> Tensor:
    is_conditional = getattr(module, "is_conditional", False)
    return cast(Tensor, module(samples, condition) if is_conditional else module(samples))


# Row t: which of the three weights fall on the t-th of the four pixels that an input pixel reaches.
_ROWS = torch.tensor([[0.0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])
_SUMS = torch.kron(_ROWS, _ROWS).T.contiguous()  # (9, 16)


class UpsampledConv2d(nn.Conv2d):
    """Repeats every pixel twice in both directions, then convolves with a kernel of 3 x 3 and padding 1, all in one.

    Of the nine pixels under the kernel many are the same one, so their weights can be summed beforehand: four weights
    a pixel in place of nine, as a transposed convolution with a kernel of 4 x 4 and stride 2. The result is the same up
    to rounding, and takes half the time.
    """

    def __init__(self, inputs: int, outputs: int, *, bias: bool) -> None:
        super().__init__(inputs, outputs, 3, padding=1, bias=bias)
        self.register_buffer("_sums", _SUMS, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        return conv_transpose2d(images, self.kernel(), self.bias, stride=2, padding=1)

    def kernel(self) -> Tensor:
        """Return the summed weights, (inputs, outputs, 4, 4)."""
        sums = cast(Tensor, self._sums)
        outputs, inputs = self.weight.shape[:2]
        summed = (self.weight.transpose(0, 1).reshape(inputs * outputs, 9) @ sums).view(inputs, outputs, 4, 4)
        return summed.contiguous(memory_format=torch.channels_last)


class FusedUpsample(nn.Identity):
    """An upsampling that is fused into the `UpsampledConv2d` behind it."""

    def materialize(self, images: Tensor) -> Tensor:
        """Return what the upsampling would give by itself."""
        return interpolate(images, scale_factor=2)


class SkipInit(TorchFunctionMode):
    """While it lasts, this thread builds modules without initialisation: for those whose weights are loaded.

    Initialisation draws from the random generator, of which torch has one for all threads, and another may be training.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init" or func is Tensor.normal_:
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)
