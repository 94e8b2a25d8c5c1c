"""The losses of the game, from logits, as plain functions."""

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
