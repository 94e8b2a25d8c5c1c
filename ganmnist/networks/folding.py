"""A generator for use: once its weights are fixed, several layers come to one operation, which takes less time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, fold, linear, pad

from ganmnist.layers.modules import ConditionalBatchNorm2d, ToOneChannel
from ganmnist.networks.network import FusedUpsample, Network, UpsampledConv2d

_PLAIN = (nn.Linear, nn.Conv2d, ToOneChannel)  # with weights of their own, not made of others
_LANES = 16  # numbers that a processor multiplies at once: a product of 9 columns takes three times that of 16
_Step = Callable[[Tensor, Tensor], Tensor]  # samples, condition


def fold_batchnorm(network: Network) -> Callable[[Tensor], Tensor]:
    """Return what a generator does with its weights as they are now: the same function, up to rounding.

    A BatchNorm in inference mode is a multiplication and an addition for each channel. Behind a Dense or a convolution
    both are taken into its weights (Jacob et al. 2018, section 3.2), in a conditional one into those of its style.

    Args:
        network: A generator in inference mode; if its weights change, this has to be made anew.
    """
    steps: list[_Step] = []
    cells = network.cells
    waiting = [part for module in network if module is not cells for part in _parts(module)]
    with torch.no_grad():
        while waiting:
            module = waiting.pop(0)
            weights = _weights(module)
            if weights is None:
                steps.append(_unfolded(module))
                continue
            follower = waiting[0] if waiting else None
            scale = shift = None
            if isinstance(follower, nn.BatchNorm1d | nn.BatchNorm2d):
                scale, shift = _affine(waiting.pop(0))
            steps.append(_folded(module, *weights, scale, shift))

    def run(samples: Tensor) -> Tensor:
        condition = samples = samples if cells is None else cells(samples)
        for step in steps:
            samples = step(samples, condition)
        return samples

    return run


def _parts(module: nn.Module) -> Iterator[nn.Module]:
    if type(module) is nn.Sequential:
        for part in module:
            yield from _parts(part)
    elif not isinstance(module, FusedUpsample):
        yield module


def _weights(module: nn.Module) -> tuple[Tensor, Tensor | None] | None:
    """Return weights and bias of a module that can take in a BatchNorm; outputs come first, or second in a kernel."""
    if isinstance(module, UpsampledConv2d):
        return module.kernel(), module.bias
    return (module.weight, module.bias) if type(module) in _PLAIN else None  # type: ignore[return-value]


def _affine(norm: nn.Module) -> tuple[Tensor, Tensor]:
    """Return what a BatchNorm multiplies each channel with, and what it adds."""
    assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = (norm.running_var + norm.eps).rsqrt()
    scale = scale if norm.weight is None else scale * norm.weight
    shift = -norm.running_mean * scale
    return scale, shift if norm.bias is None else shift + norm.bias


def _folded(
    module: nn.Module, weight: Tensor, bias: Tensor | None, scale: Tensor | None, shift: Tensor | None
) -> _Step:
    if scale is not None and shift is not None:
        at = 1 if isinstance(module, UpsampledConv2d) else 0
        weight = weight * scale.view([-1 if place == at else 1 for place in range(weight.dim())])
        bias = shift if bias is None else bias * scale + shift
    if isinstance(module, nn.Linear):
        return lambda samples, _: _dense(samples, weight, bias)
    if isinstance(module, ToOneChannel):
        return _to_one_channel(weight, bias)
    weight = weight.contiguous(memory_format=torch.channels_last)
    if isinstance(module, UpsampledConv2d):
        return lambda samples, _: conv_transpose2d(samples, weight, bias, stride=2, padding=1)
    assert isinstance(module, nn.Conv2d)
    convolve = partial(conv2d, stride=module.stride, padding=module.padding, dilation=module.dilation)
    return lambda samples, _: convolve(samples, weight, bias, groups=module.groups)


def _dense(samples: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Do what `linear` does, each row by itself: a product of several is cut into other blocks and rounds otherwise."""
    count, (units, width) = len(samples), weight.shape
    if count == 1 or bias is None:
        return linear(samples, weight, bias)
    rows = torch.baddbmm(bias.expand(count, 1, units), samples[:, None], weight.T.expand(count, width, units))
    return rows[:, 0]


def _to_one_channel(weight: Tensor, bias: Tensor | None) -> _Step:
    """Do what `ToOneChannel` does, in less than half the time of torch's convolution.

    A row of the product is a pixel, which comes to the same bits beside however many others, on however many threads.
    """
    kernel = weight.shape[-1]
    kernels = weight[0].flip(1, 2).flatten(1)  # (channels, kernel x kernel)
    width = kernels.shape[1]
    kernels = pad(kernels, (0, -width % _LANES)).contiguous()

    def run(images: Tensor, _: Tensor) -> Tensor:
        pixels = images.permute(0, 2, 3, 1).flatten(0, 2)  # (N x pixels, channels)
        size = images.shape[2:]
        painted = (pixels @ kernels)[:, :width].view(len(images), size.numel(), width).transpose(1, 2)
        outputs = fold(painted, size, kernel, padding=kernel // 2)
        return outputs if bias is None else outputs + bias

    return run


def _unfolded(module: nn.Module) -> _Step:
    if isinstance(module, ConditionalBatchNorm2d):
        return _folded_conditional(module)
    forward = module.forward  # hooks, which the call itself looks for, there are none
    return lambda samples, _: forward(samples)


def _folded_conditional(module: ConditionalBatchNorm2d) -> _Step:
    """Take the normalisation into the weights from which gain and bias come."""
    scale, shift = _affine(module.norm)
    gain, bias = module.style.weight.chunk(2)
    gain_at_0, bias_at_0 = module.style.bias.chunk(2)
    weight = torch.cat([gain * scale[:, None], bias + gain * shift[:, None]])
    at_0 = torch.cat([(1 + gain_at_0) * scale, bias_at_0 + (1 + gain_at_0) * shift])

    def run(images: Tensor, condition: Tensor) -> Tensor:
        factor, term = _dense(condition, weight, at_0)[:, :, None, None].chunk(2, 1)
        return torch.addcmul(term, images, factor)

    return run
