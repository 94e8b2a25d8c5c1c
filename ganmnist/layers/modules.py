"""The torch modules of those layers that torch has no module for."""

from __future__ import annotations

from math import gcd
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import fold, linear

_PROBES = 8000  # latent vectors by which cells are made as large as their clusters
_FITTING, _RATE = 100, 0.3  # steps that takes, and how long they are
_SHARP = 0.05  # softness at which sizes are compared
_STRAY = 1e-3  # share of a cluster that has no cell: so few probes would lie in it that its size cannot be found
_NEVER = -1e6  # size of a cell that no vector lies in


class ToOneChannel(nn.Conv2d):
    """A convolution to images of one channel, as large as they came: every pixel paints its kernel, in one product.

    torch's own leaves most of the processor idle there: a training step takes three hundredths less.
    """

    def forward(self, images: Tensor) -> Tensor:
        size, (kernel, _) = images.shape[2:], self.kernel_size
        pixels = images.permute(0, 2, 3, 1).flatten(1, 2)  # (N, pixels, channels)
        painted = linear(pixels, self.weight[0].flip(1, 2).flatten(1).T).transpose(1, 2)  # (N, kernel x kernel, pixels)
        if painted.dtype == torch.bfloat16:  # too coarse to sum up in
            painted = painted.float()
        outputs = fold(painted, size, kernel, padding=kernel // 2)
        return outputs if self.bias is None else outputs + self.bias


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


class LatentCells(nn.Module):
    """Divides latent space into cells, one for each cluster, and puts how much z is in each between z and its class.

    z lies in the cell along whose direction it goes farthest, plus what makes cells as large as their clusters: in all
    images, or in those of its class. Between two classes the weights of their cells are mixed as the classes are.

    Attributes:
        directions: (latent_dim, clusters), each of length 1.
        sizes: What is added for each: in all images, then in those of each class, (1 + classes, clusters).
        softness: By how much z has to go farther along one direction than along another for the first to outweigh it.
    """

    gives_condition = True
    directions: Tensor
    sizes: Tensor

    def __init__(self, latent_dim: int, classes: int, clusters: int, softness: float) -> None:
        super().__init__()
        self.softness = softness
        self.register_buffer("directions", torch.zeros(latent_dim, clusters))
        self.register_buffer("sizes", torch.zeros(1 + classes, clusters))

    def forward(self, inputs: Tensor) -> Tensor:
        z, classes = inputs.tensor_split([len(self.directions)], 1)
        return torch.cat([z, self.weights(inputs), classes], 1)

    def weights(self, inputs: Tensor) -> Tensor:
        """Return how much each z is in each cell, (N, clusters): all in all 1. z and its class stand side by side."""
        z, classes = inputs.tensor_split([len(self.directions)], 1)
        reach = z @ self.directions
        if not classes.shape[1]:
            return ((reach + self.sizes[0]) / self.softness).softmax(1)
        of_each = ((reach[:, None] + self.sizes[1:]) / self.softness).softmax(2)  # (N, classes, clusters)
        return (classes[:, :, None] * of_each).sum(1)

    def nearest(self, inputs: Tensor) -> Tensor:
        """Return the cell of each z, (N,)."""
        return self.weights(inputs).argmax(1)

    @torch.no_grad()
    def fit(self, counts: Tensor) -> None:
        """Make cells as large as clusters are: images of each, (clusters,), or (classes, clusters); some may be 0.

        A class without images has the cells of all.
        """
        device = self.directions.device
        counts = counts.view(-1, self.sizes.shape[1]).to(device)
        everywhere = counts.sum(0)
        z = torch.randn(_PROBES, len(self.directions), generator=torch.Generator().manual_seed(0))
        reach = z.to(device) @ self.directions
        for sizes, images in zip(self.sizes, [everywhere, *counts], strict=False):
            shares = (images if images.any() else everywhere).float()
            shares /= shares.sum()
            there = shares > _STRAY
            shares = shares[there] / shares[there].sum()
            fitted = torch.zeros(len(shares), device=device)
            for _ in range(_FITTING):
                found = ((reach[:, there] + fitted) / _SHARP).softmax(1).mean(0)
                fitted += _RATE * (shares / found).log()
            sizes.fill_(_NEVER)
            sizes[there] = fitted


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
