"""The game of two networks: what is trained, and one step of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim import Adam

from ganmnist import losses
from ganmnist.config import TrainConfig
from ganmnist.networks import build_discriminator, build_generator
from ganmnist.presets import PRESETS

_EMA_DECAY = 0.999


class Game:
    """Generator, discriminator, their optimisers and the running average of the generator.

    Attributes:
        step: Steps played.
        seconds: Time they took.
        averaged: Exponential moving average of the generator's weights and statistics, better than any single step's
            (Yazici et al. 2019). This is what generates.
    """

    def __init__(self, config: TrainConfig) -> None:
        self.networks = config.networks or PRESETS[config.preset]
        self.generator = build_generator(self.networks).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.discriminator = build_discriminator(self.networks).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.adam_g = _adam(self.generator, config)
        self.adam_d = _adam(self.discriminator, config)
        self.averaged = {key: value.clone() for key, value in self.generator.state_dict().items()}
        self.step = 0
        self.seconds = 0.0

    def play(self, real: Tensor) -> tuple[float, float]:
        """Play one step (Goodfellow et al. 2014, algorithm 1): first the discriminator learns, then the generator.

        Both learn from the same fakes, so the generator runs forward once. Real and fake pass the discriminator
        apart: in one pass they would share BatchNorm statistics, which tell them apart by themselves.

        Args:
            real: Images in [-1, 1], (N, 1, 28, 28).

        Returns:
            Losses of the discriminator and of the generator.
        """
        fake = self.generator(torch.randn(len(real), self.networks.latent_dim))  # (N, 1, 28, 28)

        loss_d = losses.discriminator_bce(self.discriminator(real), self.discriminator(fake.detach()))
        self.adam_d.zero_grad()
        loss_d.backward()  # type: ignore[no-untyped-call]
        self.adam_d.step()

        self.discriminator.requires_grad_(False)  # its gradients are not needed while the generator learns
        loss_g = losses.generator_bce(self.discriminator(fake))
        self.adam_g.zero_grad()
        loss_g.backward()  # type: ignore[no-untyped-call]
        self.adam_g.step()
        self.discriminator.requires_grad_(True)

        self.step += 1
        self._average()
        return loss_d.item(), loss_g.item()

    def _average(self) -> None:
        decay = min(_EMA_DECAY, (1 + self.step) / (10 + self.step))  # short memory at first, when weights still run
        for key, value in self.generator.state_dict().items():
            if value.is_floating_point():
                self.averaged[key].lerp_(value, 1 - decay)
            else:
                self.averaged[key].copy_(value)


def _adam(network: nn.Module, config: TrainConfig) -> Adam:
    return Adam(network.parameters(), lr=config.learning_rate, betas=(config.beta1, 0.999), fused=True)
