"""What to know about networks that fit together, but are likely to train badly."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ganmnist.layers import (
    BatchNorm,
    ClassProjection,
    ConditionalBatchNorm,
    Conv2D,
    Conv2DTranspose,
    GroupNorm,
    LeakyReLU,
    ReLU,
    Tanh,
)
from ganmnist.presets import Recipe


def remarks(plan: Recipe) -> list[str]:
    """Return a sentence for each thing that is likely to go wrong, with its remedy; none for any preset."""
    return [sentence for rule in _RULES for sentence in rule(plan)]


def _pixels_are_squeezed(plan: Recipe) -> Iterator[str]:
    last = plan.networks.generator.layers[-1]
    if not isinstance(last, Tanh):
        yield (
            f"generator: ends in {last.layer}, so pixels beyond [-1, 1] are cut off, and nothing pulls them back: "
            "put a Tanh behind it."
        )


def _images_are_kept_apart(plan: Recipe) -> Iterator[str]:
    layers = plan.networks.generator.layers
    grown = [place for place, layer in enumerate(layers) if isinstance(layer, Conv2D | Conv2DTranspose)]
    norms = (BatchNorm, ConditionalBatchNorm, GroupNorm)
    if len(grown) > 1 and not any(isinstance(layer, norms) for layer in layers[grown[0] :]):
        yield (
            "generator: has no BatchNorm after its convolutions; such networks often end in black images: "
            "put one behind each convolution but the last."
        )


def _the_class_is_asked_for(plan: Recipe) -> Iterator[str]:
    last = plan.networks.discriminator.layers[-1]
    if plan.networks.classes and not isinstance(last, ClassProjection):
        yield (
            "discriminator: is not told the class, so the generator need not draw the one that is asked for: "
            "end it in ClassProjection."
        )


def _logits_are_free(plan: Recipe) -> Iterator[str]:
    last = plan.networks.discriminator.layers[-1]
    if isinstance(last, Tanh | ReLU | LeakyReLU):
        yield f"discriminator: its last {last.layer} bends the number that the loss {plan.loss} takes: leave it out."


def _penalties_look_at_one_image(plan: Recipe) -> Iterator[str]:
    layers = plan.networks.discriminator.layers
    place = next((place for place, layer in enumerate(layers, 1) if isinstance(layer, BatchNorm)), None)
    if plan.loss == "wasserstein" and place:
        yield (
            f"discriminator: layer {place} BatchNorm ties the images of a batch together, but the gradient penalty of "
            "wasserstein is reckoned image by image: put a GroupNorm in its place."
        )


_RULES: tuple[Callable[[Recipe], Iterator[str]], ...] = (
    _pixels_are_squeezed,
    _images_are_kept_apart,
    _the_class_is_asked_for,
    _logits_are_free,
    _penalties_look_at_one_image,
)
