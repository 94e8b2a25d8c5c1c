"""Networks that come with the library."""

from ganmnist.config import ModelConfig, NetworkConfig
from ganmnist.layers import BatchNorm, Conv2D, Dense, Flatten, LeakyReLU, Reshape, Sigmoid, Tanh, UpSampling2D


def _dcgan(seed_channels: int, first: int, second: int, discriminator: tuple[int, int]) -> ModelConfig:
    """The tutorial's chain of layers at a chosen width.

    BatchNorm after the generator's convolutions is the guard against black images: without it the first images are all
    alike, the discriminator tells them apart within five steps, and their common gradient drives tanh into saturation.
    """
    return ModelConfig(
        latent_dim=100,
        generator=NetworkConfig(
            layers=(
                Dense(units=7 * 7 * seed_channels),
                BatchNorm(),
                LeakyReLU(),
                Reshape(shape=(seed_channels, 7, 7)),
                UpSampling2D(),  # (seed_channels, 14, 14)
                Conv2D(filters=first),
                BatchNorm(),
                LeakyReLU(),
                UpSampling2D(),  # (first, 28, 28)
                Conv2D(filters=second),
                BatchNorm(),
                LeakyReLU(),
                Conv2D(filters=1),
                Tanh(),
            )
        ),
        discriminator=NetworkConfig(
            layers=(
                Conv2D(filters=discriminator[0], stride=2),  # (.., 14, 14)
                LeakyReLU(),
                Conv2D(filters=discriminator[1], stride=2),  # (.., 7, 7)
                BatchNorm(),
                LeakyReLU(),
                Flatten(),
                Dense(units=1),
                Sigmoid(),
            )
        ),
    )


PRESETS: dict[str, ModelConfig] = {
    "quick": _dcgan(64, 32, 16, (32, 64)),
    "tutorial": _dcgan(256, 128, 64, (64, 128)),
}
