"""The losses of a GAN, from logits: one plain function each, and `LOSSES`, the only list of their names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from ganmnist.config import LossName

Discriminator = Callable[[Tensor, Tensor], Tensor]  # from images (N, 1, 28, 28) and their condition to logits (N, 1)


def discriminator_bce(real: Tensor, fake: Tensor) -> Tensor:
    """Binary cross-entropy of telling real (target 1) from fake (target 0) (Goodfellow et al. 2014, equation 1).

    Args:
        real: Logits of real images, (N, 1).
        fake: Logits of generated images, (N, 1).
    """
    return softplus(-real).mean() + softplus(fake).mean()


def generator_bce(fake: Tensor, real: Tensor) -> Tensor:
    """Binary cross-entropy of passing as real: the non-saturating form (Goodfellow et al. 2014, section 3)."""
    return softplus(-fake).mean()


def discriminator_hinge(real: Tensor, fake: Tensor) -> Tensor:
    """Hinge loss: what is told apart by a margin of 1 costs nothing (Lim and Ye 2017, equation 7)."""
    return relu(1 - real).mean() + relu(1 + fake).mean()


def discriminator_wasserstein(real: Tensor, fake: Tensor) -> Tensor:
    """Wasserstein loss: how much higher fakes are valued than real images (Arjovsky et al. 2017, equation 2)."""
    return fake.mean() - real.mean()


def generator_value(fake: Tensor, real: Tensor) -> Tensor:
    """How little the fakes are valued: the generator's side of the hinge and of the Wasserstein loss."""
    return -fake.mean()


def discriminator_relativistic(real: Tensor, fake: Tensor) -> Tensor:
    """Cross-entropy of which of a pair is the real one (Jolicoeur-Martineau 2019, equation 3)."""
    return softplus(fake - real).mean()


def generator_relativistic(fake: Tensor, real: Tensor) -> Tensor:
    """Cross-entropy of passing for the real one of a pair (Jolicoeur-Martineau 2019, equation 4)."""
    return softplus(real - fake).mean()


def smoothing(real: Tensor, amount: float) -> Tensor:
    """What the cross-entropy grows by when real images have the label 1 - amount (Salimans et al. 2016, section 3.4).

    (1 - a) softplus(-x) + a softplus(x) is softplus(-x) + a x.
    """
    return amount * real.mean()


def r1_penalty(discriminator: Discriminator, images: Tensor, condition: Tensor) -> Tensor:
    """Half the squared norm of the discriminator's gradient at each image, the mean over the batch.

    At real images this is the penalty R1, at generated ones R2 (Mescheder et al. 2018, equation 9).

    Args:
        discriminator: From images and their condition to logits (N, 1).
        images: (N, 1, 28, 28).
        condition: (N, length of the condition).
    """
    return _gradients(discriminator, images, condition).square().sum((1, 2, 3)).mean() / 2


def gradient_penalty(discriminator: Discriminator, real: Tensor, fake: Tensor, condition: Tensor) -> Tensor:
    """How far the gradient norm is from 1 between real and generated images (Gulrajani et al. 2017, equation 3)."""
    mix = torch.rand(len(real), 1, 1, 1, device=real.device)
    gradients = _gradients(discriminator, torch.lerp(fake.detach(), real, mix), condition)
    norms = (gradients.square().sum((1, 2, 3)) + 1e-12).sqrt()  # a root of 0 has no gradient
    return (norms - 1).square().mean()


def _gradients(discriminator: Discriminator, images: Tensor, condition: Tensor) -> Tensor:
    images = images.detach().requires_grad_(True)
    (gradients,) = torch.autograd.grad(discriminator(images, condition).sum(), images, create_graph=True)
    return gradients


@dataclass(frozen=True)
class Loss:
    """What the two networks minimise.

    Attributes:
        discriminator: From logits of real and of generated images to its loss.
        generator: From logits of generated images, and of real ones if it is relativistic, to its loss.
        relativistic: The generator's loss depends on the logits of real images too.
        gradient_penalty: Weight of the penalty on gradient norms other than 1.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    relativistic: bool = False
    gradient_penalty: float = 0.0


LOSSES: dict[LossName, Loss] = {
    "bce": Loss(discriminator_bce, generator_bce),
    "nonsaturating": Loss(discriminator_bce, generator_bce),  # the same loss under its other name: it has no labels
    "hinge": Loss(discriminator_hinge, generator_value),
    "wasserstein": Loss(discriminator_wasserstein, generator_value, gradient_penalty=10.0),
    "relativistic": Loss(discriminator_relativistic, generator_relativistic, relativistic=True),
}
