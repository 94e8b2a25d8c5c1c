"""The torch modules of those layers that torch has no module for."""

from __future__ import annotations

from math import gcd
from typing import cast

import torch
from torch import Tensor, nn


class ConditionalBatchNorm2d(nn.Module):
    """Normalises the channels; their gain and bias are a linear function of the condition."""

    is_conditional = True

    def __init__(self, channels: int, condition: int, momentum: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False, momentum=momentum)
        self.style = nn.Linear(condition, 2 * channels)

    def forward(self, images: Tensor, condition: Tensor) -> Tensor:
        style = cast(Tensor, self.style(condition))  # (N, 2 * channels)
        gain, bias = style[:, :, None, None].chunk(2, 1)
        return torch.addcmul(bias, self.norm(images), 1 + gain)


class MinibatchStandardDeviation(nn.Module):
    """Appends to every sample the standard deviation within its group of neighbours, averaged over all numbers."""

    def __init__(self, group: int) -> None:
        super().__init__()
        self._group = group

    def forward(self, samples: Tensor) -> Tensor:
        count = len(samples)
        group = gcd(count, self._group)  # a last, smaller batch has smaller groups
        groups = samples.reshape(count // group, group, -1)  # no view: a convolution gives channels last
        deviation = (groups.var(1, unbiased=False) + 1e-8).sqrt().mean(1)
        each = deviation.repeat_interleave(group).view(count, *[1] * (samples.dim() - 1))
        return torch.cat([samples, each.expand(-1, 1, *samples.shape[2:])], 1)


class Projection(nn.Module):
    """A linear judgement plus the inner product of the features with the vector of their class."""

    is_conditional = True

    def __init__(self, features: int, condition: int) -> None:
        super().__init__()
        self.real = nn.Linear(features, 1)
        self.fits = nn.Linear(condition, features, bias=False) if condition else None

    def forward(self, features: Tensor, condition: Tensor) -> Tensor:
        real = cast(Tensor, self.real(features))  # (N, 1)
        if self.fits is None:
            return real
        return real + (features * cast(Tensor, self.fits(condition))).sum(1, keepdim=True)
