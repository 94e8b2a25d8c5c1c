"""What comes with the library to train: networks, and the settings under which they train well."""

from __future__ import annotations

from dataclasses import replace

from ganmnist.config import PresetName, TrainConfig
from ganmnist.errors import SettingError
from ganmnist.layers import (
    BatchNorm,
    ClassProjection,
    ConditionalBatchNorm,
    Conv2D,
    Dense,
    Flatten,
    LatentClusters,
    LeakyReLU,
    MinibatchStd,
    Reshape,
    Sigmoid,
    Tanh,
    UpSampling2D,
)
from ganmnist.networks.spec import ModelConfig, Sequential, training_memory
from ganmnist.training.recipe import Recipe

MAX_MEMORY = 6_000_000_000  # bytes a training may take
_DIGITS = 10
_FEW_CLASSES = 3  # so few are wide, and clusters within them help; ten need none
# The settings that a preset fills in.
_BUDGET = ("epochs", "steps", "seconds")  # the preset's own unless one of them is given
_FROM_PRESET = ("batch_size", "learning_rate", "beta1", "loss", "r1", "label_smoothing")


def recipe(config: TrainConfig, classes: int = _DIGITS) -> Recipe:
    """Return what a training's settings come to: the preset's values where the settings leave them open.

    Args:
        config: The settings.
        classes: Classes of the data, 0 for none: the number that a class-conditional preset is built for.

    Raises:
        SettingError: Settings that do not go together, or more memory than there may be.
    """
    base = PRESETS[config.base]
    if base.networks.classes and classes <= _FEW_CLASSES and not config.networks:
        base = _with_clusters(base)
    networks = config.networks or base.networks
    if networks.classes and (config.start_from or not config.networks):
        networks = networks.model_copy(update={"classes": classes})
    budget = {name: getattr(config, name) for name in _BUDGET}
    given = {name: getattr(config, name) for name in _FROM_PRESET if getattr(config, name) is not None}
    plan = replace(base, networks=networks, **(budget if any(budget.values()) else {}), **given)
    if plan.label_smoothing and plan.loss != "bce":
        raise SettingError(
            f"label_smoothing: only the loss bce has labels, got {plan.loss}: choose bce, or leave label_smoothing out"
        )
    _check_memory(plan)
    return plan


def _check_memory(plan: Recipe) -> None:
    needed = training_memory(plan.networks, plan.batch_size)
    if needed <= MAX_MEMORY:
        return
    alone = training_memory(plan.networks, 0)
    fits = int((MAX_MEMORY - alone) * plan.batch_size / (needed - alone))
    raise SettingError(
        f"batch_size: with {plan.batch_size} images a step this training would take about {needed / 1e9:.1f} GB of "
        f"memory, at most {MAX_MEMORY / 1e9:.0f} GB: lower it to {fits}, or use fewer filters"
    )


# The networks of the DCGAN tutorial. BatchNorm after the generator's convolutions is the guard against black images:
# docs/training.md tells what happens without it.
_TUTORIAL_NETWORKS = ModelConfig(
    latent_dim=100,
    generator=Sequential(
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
    discriminator=Sequential(
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


def _fast_networks(classes: int) -> ModelConfig:
    """Small networks: every layer conditioned on the class, a discriminator without BatchNorm that sees sameness."""
    return ModelConfig(
        latent_dim=32,
        classes=classes,
        generator=Sequential(
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
        discriminator=Sequential(
            layers=(
                Conv2D(filters=32, kernel=4, stride=2),  # (32, 14, 14)
                LeakyReLU(),
                Conv2D(filters=64, kernel=4, stride=2),  # (64, 7, 7)
                LeakyReLU(),
                Conv2D(filters=128, stride=2),  # (128, 4, 4)
                LeakyReLU(),
                Flatten(),
                Dense(units=128),
                LeakyReLU(),
                MinibatchStd(),
                ClassProjection(),
            )
        ),
    )


def _with_clusters(base: Recipe) -> Recipe:
    """Return a recipe for networks with clusters, in place of classes or within them."""
    layers = (LatentClusters(), *base.networks.generator.layers)
    networks = base.networks.model_copy(update={"generator": Sequential(layers=layers)})
    return replace(base, networks=networks, latent_spread=1.0)


_FAST = Recipe(
    _fast_networks(_DIGITS),
    batch_size=32,
    learning_rate=3e-3,
    discriminator_rate=2 / 3,
    beta1=0.0,
    beta2=0.99,
    loss="nonsaturating",
    r1=0.05,
    r2=0.05,
    label_smoothing=0.0,
    latent_spread=0.95,
    norm_start=0.02,
    noise=0.0,
    decay_start=0.5,
    epochs=None,
    steps=None,
    seconds=120,
)
_TUTORIAL = Recipe(
    _TUTORIAL_NETWORKS,
    batch_size=16,
    learning_rate=2e-4,
    discriminator_rate=1.0,
    beta1=0.5,
    beta2=0.999,
    loss="bce",
    r1=0.0,
    r2=0.0,
    label_smoothing=0.0,
    latent_spread=1.0,
    norm_start=0.002,
    noise=0.3,
    decay_start=0.5,
    epochs=None,
    steps=None,
    seconds=300,
)
PRESETS: dict[PresetName, Recipe] = {
    "fast": _FAST,
    "tutorial": _TUTORIAL,
    "unconditional": _with_clusters(replace(_FAST, networks=_fast_networks(0), seconds=300)),
}
