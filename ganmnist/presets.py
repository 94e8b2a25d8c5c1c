"""What comes with the library to train: networks, and the settings under which they train well."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ganmnist.config import ModelConfig, NetworkConfig, TrainConfig
from ganmnist.layers import (
    BatchNorm,
    ClassProjection,
    ConditionalBatchNorm,
    Conv2D,
    Dense,
    Flatten,
    LeakyReLU,
    MinibatchStd,
    Reshape,
    Sigmoid,
    Tanh,
    UpSampling2D,
)

_DIGITS = 10


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a training goes, chance apart.

    Attributes:
        epochs, seconds: The budget: whichever is used up first ends the training.
        learning_rate: Of the generator's Adam, and times `discriminator_rate` of the discriminator's.
        slope: Weight of the penalties R1 and R2 on the discriminator's slope.
        hold: Share of the budget after which the learning rate falls, in a line to zero.
    """

    networks: ModelConfig
    batch_size: int
    learning_rate: float
    discriminator_rate: float
    beta1: float
    beta2: float
    slope: float
    hold: float
    epochs: int | None
    seconds: float | None

    def falling(self, share: float) -> float:
        """Return the factor of the learning rate where `share` of the budget is used up."""
        return min(1.0, (1 - share) / (1 - self.hold))


def recipe(config: TrainConfig, classes: int = _DIGITS) -> Recipe:
    """Return what a training's settings come to: the preset's values where the settings leave them open.

    Args:
        config: The settings. Networks of one's own train as the tutorial's do.
        classes: Classes of the data, 0 for none: the number that a class-conditional preset is built for.
    """
    base = PRESETS["tutorial" if config.networks else config.preset]
    networks = config.networks or base.networks
    if networks.classes and not config.networks:
        networks = networks.model_copy(update={"classes": classes})
    budget = (base.epochs, base.seconds) if config.epochs is config.seconds is None else (config.epochs, config.seconds)
    return replace(
        base,
        networks=networks,
        batch_size=config.batch_size or base.batch_size,
        learning_rate=config.learning_rate or base.learning_rate,
        beta1=base.beta1 if config.beta1 is None else config.beta1,
        epochs=budget[0],
        seconds=budget[1],
    )


# The networks of the DCGAN tutorial. BatchNorm after the generator's convolutions is the guard against black images:
# docs/training.md tells what happens without it.
_TUTORIAL = ModelConfig(
    latent_dim=100,
    generator=NetworkConfig(
        layers=(
            Dense(units=7 * 7 * 256),
            BatchNorm(),
            LeakyReLU(),
            Reshape(shape=(256, 7, 7)),
            UpSampling2D(),  # (256, 14, 14)
            Conv2D(filters=128),
            BatchNorm(),
            LeakyReLU(),
            UpSampling2D(),  # (128, 28, 28)
            Conv2D(filters=64),
            BatchNorm(),
            LeakyReLU(),
            Conv2D(filters=1),
            Tanh(),
        )
    ),
    discriminator=NetworkConfig(
        layers=(
            Conv2D(filters=64, stride=2),  # (64, 14, 14)
            LeakyReLU(),
            Conv2D(filters=128, stride=2),  # (128, 7, 7)
            BatchNorm(),
            LeakyReLU(),
            Flatten(),
            Dense(units=1),
            Sigmoid(),
        )
    ),
)


def _fast(classes: int) -> ModelConfig:
    """Small networks: the class heard in every layer, and a discriminator without BatchNorm that sees sameness."""
    return ModelConfig(
        latent_dim=32,
        classes=classes,
        generator=NetworkConfig(
            layers=(
                Dense(units=7 * 7 * 64, bias=False),
                BatchNorm(),
                LeakyReLU(),
                Reshape(shape=(64, 7, 7)),
                UpSampling2D(),  # (64, 14, 14)
                Conv2D(filters=64, bias=False),
                ConditionalBatchNorm(),
                LeakyReLU(),
                UpSampling2D(),  # (64, 28, 28)
                Conv2D(filters=32, bias=False),
                ConditionalBatchNorm(),
                LeakyReLU(),
                Conv2D(filters=1),
                Tanh(),
            )
        ),
        discriminator=NetworkConfig(
            layers=(
                Conv2D(filters=32, kernel=4, stride=2),  # (32, 14, 14)
                LeakyReLU(),
                Conv2D(filters=64, kernel=4, stride=2),  # (64, 7, 7)
                LeakyReLU(),
                Flatten(),
                Dense(units=128),
                LeakyReLU(),
                MinibatchStd(),
                ClassProjection(),
            )
        ),
    )


_QUICKLY = Recipe(
    _fast(_DIGITS),
    batch_size=32,
    learning_rate=3e-3,
    discriminator_rate=2 / 3,
    beta1=0.0,
    beta2=0.99,
    slope=0.05,
    hold=0.5,
    epochs=None,
    seconds=120,
)
_SLOWLY = Recipe(
    _TUTORIAL,
    batch_size=128,
    learning_rate=2e-4,
    discriminator_rate=1.0,
    beta1=0.5,
    beta2=0.999,
    slope=0.0,
    hold=0.5,
    epochs=None,
    seconds=900,
)
PRESETS: dict[str, Recipe] = {
    "fast": _QUICKLY,
    "tutorial": _SLOWLY,
    "unconditional": replace(_QUICKLY, networks=_fast(0), seconds=300),
}
