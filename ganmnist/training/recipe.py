"""Everything that decides how a training goes, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from ganmnist.config import LossName
from ganmnist.networks.spec import ModelConfig


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a training goes, chance apart.

    Attributes:
        epochs, steps, seconds: The budget: whichever is used up first ends the training.
        learning_rate: Of the generator's Adam, and times `discriminator_rate` of the discriminator's.
        loss: Name of the loss, see `ganmnist.losses.LOSSES`.
        r1, r2: Weights of the penalties on the discriminator's gradient at real and at generated images.
        label_smoothing: How far below 1 the label of real images lies.
        latent_spread: Spread of the latent vectors that the generator learns from in the end; those that it draws from
            later have 1. What lies a little beyond what it has seen differs more.
        norm_start: Spread of the first weights in front of a BatchNorm, which makes their scale irrelevant: the smaller
            they are, the farther a step of the same rate turns them.
        noise: Spread of the noise that lies on all images that the discriminator sees, less and less until the end
            (Sonderby et al. 2017, section 3.3).
        decay_start: Progress, 0 to 1, from which the learning rate decays, linearly to zero.
    """

    networks: ModelConfig
    batch_size: int
    learning_rate: float
    discriminator_rate: float
    beta1: float
    beta2: float
    loss: LossName
    r1: float
    r2: float
    label_smoothing: float
    latent_spread: float
    norm_start: float
    noise: float
    decay_start: float
    epochs: int | None
    steps: int | None
    seconds: float | None

    def lr_factor(self, progress: float) -> float:
        """Return what the learning rate is multiplied with at a progress of 0 to 1 through the budget."""
        return min(1.0, (1 - progress) / (1 - self.decay_start))
