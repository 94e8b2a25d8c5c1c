"""The losses of the game, from logits, as plain functions."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus


def discriminator_bce(real: Tensor, fake: Tensor) -> Tensor:
    """Binary cross-entropy of telling real (target 1) from fake (target 0) (Goodfellow et al. 2014, equation 1).

    Args:
        real: Logits of real images, (N, 1).
        fake: Logits of generated images, (N, 1).
    """
    return softplus(-real).mean() + softplus(fake).mean()


def generator_bce(fake: Tensor) -> Tensor:
    """Binary cross-entropy of passing as real: the non-saturating form (Goodfellow et al. 2014, section 3)."""
    return softplus(-fake).mean()


def slope(discriminator: Callable[[Tensor, Tensor], Tensor], images: Tensor, condition: Tensor) -> Tensor:
    """Half the squared slope of the discriminator at images, their mean.

    At real images this is the penalty R1, at generated ones R2 (Mescheder et al. 2018, equation 9).

    Args:
        discriminator: From images and their condition to logits (N, 1).
        images: (N, 1, 28, 28).
        condition: (N, length of the condition).
    """
    images = images.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(discriminator(images, condition).sum(), images, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean() / 2
