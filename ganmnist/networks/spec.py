"""Networks as lists of layers: their shapes and costs, known and checked before anything is built. No torch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from math import prod
from typing import Annotated, Any, NamedTuple, Self

from pydantic import Field, model_validator

from ganmnist.errors import NetworkError, shape_text
from ganmnist.fields import PositionalSettings, Settings, Whole
from ganmnist.layers import AnyLayer, LatentClusters, Shape

IMAGE_SHAPE: Shape = (1, 28, 28)
MAX_LAYERS = 64
MAX_PARAMETERS = 50_000_000
MAX_ACTIVATIONS = 2_000_000  # numbers between the layers, for one sample
MAX_MULTIPLY_ADDS = 4_000_000_000  # for one sample; a core does that in a tenth of a second at best
MAX_CLASSES = 100


class LayerRow(Settings):
    """One line of a layer table."""

    place: Whole = Field(description="Place of the layer, from 1.")
    layer: str = Field(description="Name of the layer.")
    output_shape: tuple[int, ...] = Field(description="(units,) or (channels, height, width).")
    parameters: Whole = Field(description="Trainable parameters of the layer.")
    multiply_adds: Whole = Field(description="Multiplications for one sample.")


class Misfit(Settings):
    """The first layer of a network that does not fit, or the last where it gives the wrong shape."""

    place: Whole = Field(description="Place of the layer, from 1.")
    message: str = Field(description="What arrives, what is needed, and the nearest fix.")


class FollowedNetwork(NamedTuple):
    """How far a network's shapes can be followed: its rows, and what does not fit behind them."""

    rows: list[LayerRow]
    misfit: Misfit | None


class Sequential(PositionalSettings):
    """A network as the list of its layers, first to last: `Sequential([Dense(128), LeakyReLU(), Dense(1)])`."""

    layers: tuple[AnyLayer, ...] = Field(description="The layers, first to last.", min_length=1, max_length=MAX_LAYERS)

    def table(self, input_shape: Shape, condition: int = 0) -> list[LayerRow]:
        """Follow the shapes from `input_shape` through all layers, building nothing.

        Args:
            input_shape: What arrives at the first layer.
            condition: Length of the condition that some layers take.

        Raises:
            NetworkError: A layer does not fit, or makes the network too large; names it by place and name, what
                arrives, what it needs and the nearest fix.
        """
        return list(self._rows(input_shape, condition))

    def follow(self, input_shape: Shape, condition: int, end: Shape) -> FollowedNetwork:
        """Follow the shapes as `table` does as far as they fit, up to what must leave the last layer, `end`."""
        rows: list[LayerRow] = []
        try:
            rows.extend(self._rows(input_shape, condition))  # what came before the misfit stays
        except NetworkError as error:
            return FollowedNetwork(rows, Misfit(place=len(rows) + 1, message=str(error)))
        last = rows[-1]
        if last.output_shape == end:
            return FollowedNetwork(rows, None)
        fix = _to_image(last.output_shape) if len(end) == 3 else _to_number(last.output_shape)
        given = f"layer {last.place} {last.layer} gives {shape_text(last.output_shape)}"
        message = f"must end in {shape_text(end)}, but {given}: {fix}"
        return FollowedNetwork(rows, Misfit(place=last.place, message=message))

    def _rows(self, input_shape: Shape, condition: int) -> Iterator[LayerRow]:
        rows: list[LayerRow] = []
        shape = input_shape
        for place, layer in enumerate(self.layers, 1):
            try:
                after = layer.output_shape(shape)
                row = LayerRow(
                    place=place,
                    layer=layer.layer,
                    output_shape=after,
                    parameters=layer.parameters(shape, condition),
                    multiply_adds=layer.multiply_adds(shape, condition),
                )
                rows.append(row)
                _check_size(rows)
                if layer.gives_condition:
                    condition = after[0]
            except NetworkError as error:
                raise NetworkError(f"layer {place} {layer.layer} {error}") from None
            yield row
            shape = after

    def to_text(self) -> str:
        """Return the network as JSON to read and to edit, a line per layer, without what has its default."""
        lines = (json.dumps({"layer": layer.layer, **layer.model_dump(exclude_defaults=True)}) for layer in self.layers)
        return '{"layers": [\n  ' + ",\n  ".join(lines) + "\n]}"


LatentDim = Annotated[Whole, Field(description="Length of the latent vector z.", ge=1, le=1024)]
Classes = Annotated[
    Whole,
    Field(
        description="Classes that both networks are conditioned on, one-hot; 0: unconditional.", ge=0, le=MAX_CLASSES
    ),
]
Generator = Annotated[
    Sequential, Field(description="From z, and the class, to an image of 1 x 28 x 28 in [-1, 1], ending in Tanh.")
]
Discriminator = Annotated[Sequential, Field(description="From an image to one number: how real it looks.")]


class ModelConfig(Settings):
    """The two networks of a GAN and the length of its latent vector."""

    latent_dim: LatentDim = 100
    classes: Classes = 0
    generator: Generator
    discriminator: Discriminator

    @property
    def input_dim(self) -> int:
        """Length of what the generator grows an image from: z, then the class as one-hot."""
        return self.latent_dim + self.classes

    @property
    def clusters(self) -> int:
        """Clusters that the images are divided into, each class for itself where there are some; 0 for none."""
        first = self.generator.layers[0]
        return first.clusters if isinstance(first, LatentClusters) else 0

    @property
    def condition_dim(self) -> int:
        """Length of what the discriminator is told of an image: its cluster and its class as one-hot; 0 for nothing."""
        return self.clusters + self.classes

    @property
    def kinds(self) -> int:
        """How many kinds of image are told apart: classes, clusters, or the clusters of each class; 1 where neither."""
        return max(self.clusters, 1) * max(self.classes, 1)

    def tables(self) -> tuple[list[LayerRow], list[LayerRow]]:
        """Return the layer tables of generator and discriminator."""
        inputs = self.input_dim
        return self.generator.table((inputs,), inputs), self.discriminator.table(IMAGE_SHAPE, self.condition_dim)

    def follow(self) -> tuple[FollowedNetwork, FollowedNetwork]:
        """Follow the shapes through generator and discriminator as far as they fit."""
        inputs = self.input_dim
        generator = self.generator.follow((inputs,), inputs, IMAGE_SHAPE)
        return generator, self.discriminator.follow(IMAGE_SHAPE, self.condition_dim, (1,))

    def to_text(self) -> str:
        """Return both networks as JSON to read and to edit."""
        return (
            f'{{"latent_dim": {self.latent_dim}, "classes": {self.classes},\n'
            f'"generator": {self.generator.to_text()},\n"discriminator": {self.discriminator.to_text()}}}'
        )

    @model_validator(mode="after")
    def _shapes_fit(self) -> Self:
        for part, followed in zip(("generator", "discriminator"), self.follow(), strict=True):
            if followed.misfit:
                raise ValueError(f"{part}: {followed.misfit.message}")
        _check_clusters(self)
        return self


class ModelParts(Settings):
    """Parts of a ModelConfig: those that are to differ from another one's."""

    latent_dim: LatentDim | None = None
    classes: Classes | None = None
    generator: Generator | None = None
    discriminator: Discriminator | None = None

    def over(self, base: ModelConfig) -> ModelConfig:
        """Return `base` with these parts in place of its own.

        Raises:
            ValidationError: They do not fit together.
        """
        return ModelConfig(**self._values_over(base))

    def unchecked_over(self, base: ModelConfig) -> ModelConfig:
        """Return the same, though they may not fit together: to `follow` how far they do."""
        return ModelConfig.model_construct(**self._values_over(base))

    def _values_over(self, base: ModelConfig) -> dict[str, Any]:
        given = {name: part for name, part in ModelParts.part_of(self) if part is not None}
        return {**dict(base), **given}


def training_memory(networks: ModelConfig, batch_size: int) -> int:
    """Estimate the memory that a training needs beside torch itself, in bytes: at most, and seldom under half of it."""
    generator, discriminator = networks.tables()
    parameters = sum(row.parameters for row in generator + discriminator)
    # A generated batch keeps what the generator computed; the discriminator computes for real and for generated ones.
    per_sample = _numbers(generator) + 2 * _numbers(discriminator)
    return 4 * (_COPIES * parameters + _KEPT * batch_size * per_sample)


_COPIES = 5  # of every parameter: itself, its gradient, two moments of Adam and the running average
_KEPT = 2  # of every number between the layers: itself and its gradient


def _check_clusters(networks: ModelConfig) -> None:
    """Refuse clusters where they cannot be read from z."""
    others = (*networks.generator.layers[1:], *networks.discriminator.layers)
    if any(isinstance(layer, LatentClusters) for layer in others):
        raise ValueError("LatentClusters reads z, so it can only be the first layer of the generator: put it there")


def _check_size(rows: list[LayerRow]) -> None:
    """Refuse a network that its last layer has made too large."""
    parameters = sum(row.parameters for row in rows)
    if parameters > MAX_PARAMETERS:
        raise NetworkError(
            f"brings the network to {parameters:,} parameters, at most {MAX_PARAMETERS:,}: use fewer units or filters"
        )
    numbers = _numbers(rows)
    if numbers > MAX_ACTIVATIONS:
        raise NetworkError(
            f"brings the network to {numbers:,} numbers per sample between its layers, at most {MAX_ACTIVATIONS:,}: "
            "use fewer filters or smaller images"
        )
    costs = sum(row.multiply_adds for row in rows)
    if costs > MAX_MULTIPLY_ADDS:
        raise NetworkError(
            f"brings the network to {costs:,} multiply-adds per sample, at most {MAX_MULTIPLY_ADDS:,}: "
            "use fewer filters or smaller kernels"
        )


def _numbers(rows: Iterable[LayerRow]) -> int:
    return sum(prod(row.output_shape) for row in rows)


def _to_image(shape: Shape) -> str:
    """Say how to get from a shape to 1 x 28 x 28."""
    side = IMAGE_SHAPE[1]
    if len(shape) == 1:
        dense = "" if shape[0] == side**2 else f"a Dense of {side**2} units and "
        return f"put {dense}a Reshape to {shape_text(IMAGE_SHAPE)} behind it"
    channels, height, width = shape
    if height != width or side % height or side // height > 8:
        return f"it has {height} x {width} pixels; {side} = 7 x 2 x 2, so check strides, padding and upsampling"
    fixes = [] if height == side else [f"an UpSampling2D of size {side // height}"]
    fixes += [] if channels == 1 else ["a Conv2D with 1 filter"]
    return f"put {' and '.join(fixes)} behind it"


def _to_number(shape: Shape) -> str:
    """Say how to get from a shape to one number."""
    return f"put {'a Flatten and ' if len(shape) == 3 else ''}a Dense of 1 unit behind it"
