"""What to know about networks that fit together, but are likely to train badly."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ganmnist.layers import Conv2D, Conv2DTranspose, Layer, LeakyReLU, ReLU, Sigmoid, Tanh
from ganmnist.networks.spec import Sequential
from ganmnist.training.recipe import Recipe


def remarks(plan: Recipe) -> list[str]:
    """Return a sentence for each thing that is likely to go wrong, with its remedy; none for any preset."""
    return [sentence for rule in _RULES for sentence in rule(plan)]


def _pixels_are_squeezed(plan: Recipe) -> Iterator[str]:
    last = _last_to_change_numbers(plan.networks.generator)
    if isinstance(last, ReLU | Sigmoid):
        yield (
            f"generator: ends in {last.layer}, which gives nothing below 0, so no pixel gets darker than grey: "
            "put a Tanh in its place."
        )
    elif not isinstance(last, Tanh):
        yield (
            f"generator: ends in {last.layer}, so pixels beyond [-1, 1] are cut off, and nothing pulls them back: "
            "put a Tanh behind it."
        )


def _images_are_kept_apart(plan: Recipe) -> Iterator[str]:
    layers = plan.networks.generator.layers
    grown = [place for place, layer in enumerate(layers) if isinstance(layer, Conv2D | Conv2DTranspose)]
    if len(grown) > 1 and not any(layer.is_norm for layer in layers[grown[0] :]):
        yield (
            "generator: has no BatchNorm after its convolutions; such networks often end in black images: "
            "put one behind each convolution but the last."
        )


def _the_class_is_a_condition(plan: Recipe) -> Iterator[str]:
    layers = plan.networks.discriminator.layers
    if plan.networks.classes and not any(layer.is_conditional for layer in layers):
        yield (
            "discriminator: is not conditioned on the class, so the generator need not draw the one that is asked for: "
            "end it in ClassProjection."
        )


def _logits_are_free(plan: Recipe) -> Iterator[str]:
    layers = plan.networks.discriminator.layers
    last = _last_to_change_numbers(plan.networks.discriminator)
    hidden = isinstance(last, Sigmoid) and last is not layers[-1]  # at the very end it belongs to the loss
    if isinstance(last, Tanh | ReLU | LeakyReLU) or hidden:
        yield f"discriminator: its last {last.layer} squashes the logit that the loss {plan.loss} takes: leave it out."


def _penalties_look_at_one_image(plan: Recipe) -> Iterator[str]:
    for place, layer in enumerate(plan.networks.discriminator.layers, 1):
        if plan.loss == "wasserstein" and layer.is_norm and layer.mixes_samples:
            yield (
                f"discriminator: layer {place} {layer.layer} ties the images of a batch together, but the gradient "
                "penalty of wasserstein is reckoned image by image: put a GroupNorm in its place."
            )
            return  # one says it for all of them


def _last_to_change_numbers(network: Sequential) -> Layer:
    """Return the last layer that does more than arrange or repeat numbers."""
    return next((layer for layer in reversed(network.layers) if not layer.keeps_values), network.layers[-1])


_RULES: tuple[Callable[[Recipe], Iterator[str]], ...] = (
    _pixels_are_squeezed,
    _images_are_kept_apart,
    _the_class_is_a_condition,
    _logits_are_free,
    _penalties_look_at_one_image,
)
