"""One training step, taken apart: a fake and a real image, what is said of each, and what the generator learns of it.

No torch here, so that what comes out can be made up without it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import exp, isfinite
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ganmnist.config import AnatomyConfig, GenerateConfig, LatentConfig, LossName
from ganmnist.dataset import Dataset
from ganmnist.generation.feature_maps import FeatureMaps, maps_of
from ganmnist.latent.vectors import digits, from_seed, inputs, one_hot
from ganmnist.networks.spec import LayerRow
from ganmnist.pixels import rescale

if TYPE_CHECKING:
    from ganmnist.generation.sampler import Sampler
    from ganmnist.latent.vectors import Latents
    from ganmnist.training.discriminator import Condition, Discriminator, Pixels

MAX_BYTES = 200_000  # of all feature maps together: as text 270 kB
_Walk = tuple[list[LayerRow], list[NDArray[np.float32]]]  # through a network: its table, and what leaves each layer
_SIDE = 28  # pixels of a map, and rows of a picture of units: more of them are left out evenly, or at the end
_DRAWN = 1024  # latent vectors among which those of a cluster are looked for
_FARTHEST = 0.5  # by which a pixel moves, of 2 from black to white, where the gradient is followed


@dataclass(frozen=True)
class StepVerdict:
    """What the discriminator says of an image.

    Attributes:
        logit: Above 0 for real, below for generated.
        layers: What leaves each of its layers.
    """

    logit: float
    layers: list[FeatureMaps] = field(default_factory=list)

    @property
    def probability(self) -> float:
        """The sigmoid of the logit: how sure it is that the image is real."""
        return 1 / (1 + exp(-self.logit)) if self.logit >= 0 else exp(self.logit) / (1 + exp(self.logit))


@dataclass(frozen=True)
class StepLesson:
    """What the generator learns of its fake.

    Attributes:
        loss: Of the generator, for this fake.
        gradient: How the loss changes with each pixel in [-1, 1]: float32 (28, 28). Where it is negative, a brighter
            pixel would have passed more easily.
        followed: The fake a little way down the gradient, uint8 (28, 28).
        verdict: What the discriminator says of that.
    """

    loss: float
    gradient: NDArray[np.float32]
    followed: NDArray[np.uint8]
    verdict: StepVerdict

    def gradient_greys(self) -> tuple[NDArray[np.uint8], float]:
        """Return the gradient as bytes, 128 for 0, and the largest number of it, which is 1 or 255."""
        steepest = float(np.abs(self.gradient).max())
        greys = 128 + 127 * self.gradient.astype(np.float64) / (steepest or 1)
        return greys.round().astype(np.uint8), steepest


@dataclass(frozen=True)
class StepJudging:
    """The discriminator's side of a step.

    Attributes:
        step: Of the training, at which the discriminator was like this.
        loss_name: The loss that both networks make smaller.
        fake, real: What it says of either; None where there is no real image.
        loss: Of the discriminator, for the two of them; without the penalties on its gradient.
        lesson: None where the generator's loss needs a real image and there is none.
    """

    step: int
    loss_name: LossName
    fake: StepVerdict
    real: StepVerdict | None
    loss: float | None
    lesson: StepLesson | None


@dataclass(frozen=True)
class RealImage:
    """An image of the data.

    Attributes:
        image: uint8 (28, 28).
        label: Number of its class; None where the data has none.
        class_name: What that is called.
    """

    image: NDArray[np.uint8]
    label: int | None
    class_name: str | None


@dataclass(frozen=True)
class StepAnatomy:
    """A training step on one fake and one real image.

    Attributes:
        z: The whole latent vector, float32 (1, latent_dim + classes).
        digit: Class of the fake; None without classes.
        class_name: What that is called.
        layers: What leaves each layer of the generator.
        fake: uint8 (28, 28).
        real: An image of the data, of the same class where there are any; None where there is no data.
        judging: None where there is no discriminator, or its numbers are not finite.
    """

    z: NDArray[np.float32]
    digit: int | None
    class_name: str | None
    layers: list[FeatureMaps]
    fake: NDArray[np.uint8]
    real: RealImage | None
    judging: StepJudging | None


@dataclass(frozen=True)
class _Images:
    """An image among others of its kind, and what the discriminator is told of each."""

    pixels: Pixels
    told: Condition


def take_apart(
    sampler: Sampler,
    discriminator: Discriminator | None,
    data: Dataset | None,
    config: AnatomyConfig | None = None,
) -> StepAnatomy:
    """Take one training step apart, for one fake and one real image.

    Where the discriminator compares the images of a group, each stands among others of its kind, as in a training. The
    noise that lies on images there is left out, and BatchNorm is in inference mode.

    Args:
        sampler: The generator.
        discriminator: What it is trained against.
        data: What both learn from, or some of it: its training images.
        config: Which latent vector, and which real image.

    Raises:
        SettingError: More latent numbers, or another digit, than the model knows.
    """
    config = config or AnatomyConfig()
    one = GenerateConfig(**dict(LatentConfig.part_of(config)))
    z = inputs(one, sampler.latent_dim, sampler.known_classes, sampler.directions_for(one))
    digit = next(iter(digits(z, sampler.latent_dim)), None)
    outputs = sampler.walk(z)
    places = _choose(data, digit, config.real, discriminator.group if discriminator else 1) if data else None
    generator_rows, rows = sampler.networks.tables()
    walks: list[_Walk] = [(generator_rows, outputs)]
    judging = None
    if discriminator:
        fakes = _fakes(sampler, z, outputs[-1], discriminator.group, config.seed)
        reals = None if places is None or data is None else _reals(discriminator, data.train_images[places], digit)
        judging = _judge(discriminator, fakes, reals)
        judged = (fakes, reals) if judging else ()
        walks += [(rows, discriminator.walk(images.pixels, images.told)) for images in judged if images]
    maps = _within_bounds(walks, config.maps)
    if judging:
        seen = replace(judging.real, layers=maps[2]) if judging.real else None
        judging = replace(judging, fake=replace(judging.fake, layers=maps[1]), real=seen)
    return StepAnatomy(
        z=z,
        digit=digit,
        class_name=None if digit is None else sampler.class_names[digit],
        layers=maps[0],
        fake=to_bytes(outputs[-1][0]),
        real=None if places is None or data is None else _describe(data, places[0]),
        judging=judging,
    )


def _judge(discriminator: Discriminator, fakes: _Images, reals: _Images | None) -> StepJudging | None:
    fake = discriminator.logit(fakes.pixels, fakes.told)
    real = discriminator.logit(reals.pixels, reals.told) if reals else None
    lesson = None
    if real is not None or not discriminator.needs_pair:
        gradient = discriminator.gradient(fakes.pixels, fakes.told, real)
        if not np.isfinite(gradient).all():
            return None
        followed = fakes.pixels.copy()
        followed[0, 0] = np.clip(followed[0, 0] - gradient * (_FARTHEST / (np.abs(gradient).max() or 1)), -1, 1)
        lesson = StepLesson(
            loss=discriminator.generator_loss(fake, real),
            gradient=gradient,
            followed=to_bytes(followed[0, 0]),
            verdict=StepVerdict(discriminator.logit(followed, fakes.told)),
        )
    found = StepJudging(
        step=discriminator.step,
        loss_name=discriminator.loss_name,
        fake=StepVerdict(fake),
        real=None if real is None else StepVerdict(real),
        loss=None if real is None else discriminator.loss(real, fake),
        lesson=lesson,
    )
    numbers = [fake, real, found.loss, *((lesson.loss, lesson.verdict.logit) if lesson else ())]
    return found if all(isfinite(number) for number in numbers if number is not None) else None


def _choose(data: Dataset, digit: int | None, number: int, count: int) -> NDArray[np.int64] | None:
    """Return the places of a real image, and of others of its kind: of its class, or those most like it.

    Which one it is goes by its number, round where they come to their end. None where there are none of the class.
    """
    images = data.train_images
    known = np.arange(len(images)) if digit is None else np.flatnonzero(data.train_labels == digit)
    if not len(known):
        return None
    turned = np.roll(known, -(number % len(known)))
    if digit is not None or count == 1:
        return np.resize(turned, count)
    rows = images.reshape(len(images), -1).astype(np.float32)
    apart: NDArray[np.float32] = np.square(rows - rows[turned[0]]).sum(1)
    return np.resize(apart.argsort(kind="stable"), count)


def _describe(data: Dataset, place: np.int64) -> RealImage:
    label = int(data.train_labels[place]) if data.classes else None
    return RealImage(data.train_images[place], label, None if label is None else data.classes[label])


def _fakes(sampler: Sampler, z: Latents, fake: NDArray[np.float32], count: int, seed: int) -> _Images:
    """Return a fake, (1, 28, 28), among others of its class and cluster."""
    dim, clusters = sampler.latent_dim, sampler.networks.clusters
    drawn = np.repeat(z, _DRAWN if clusters else count, 0)
    drawn[1:, :dim] = from_seed(seed, len(drawn), dim)[1:]
    told = drawn[:, dim:]
    if clusters:
        lies_in = sampler.clusters_of(drawn)
        alike = np.resize(np.flatnonzero(lies_in == lies_in[0]), count)
        drawn, told = drawn[alike], np.concatenate([one_hot(lies_in, clusters), told], 1)[alike]
    others = [rescale(sampler.generate(drawn[1:]))] if count > 1 else []
    return _Images(np.concatenate([fake[None], *others]), told)


def _reals(discriminator: Discriminator, images: NDArray[np.uint8], digit: int | None) -> _Images:
    """Return real images with their class, and where there are clusters the one that the first of them fits best."""
    networks, pixels = discriminator.networks, rescale(images)
    told = one_hot(np.full(len(images), digit or 0), networks.classes)
    if networks.clusters:
        cluster = discriminator.fitting_cluster(pixels, told)
        told = np.concatenate([one_hot(np.full(len(images), cluster), networks.clusters), told], 1)
    return _Images(pixels, told)


def _within_bounds(walks: list[_Walk], most: int) -> list[list[FeatureMaps]]:
    """Make feature maps of what leaves layers: so many of each, or fewer where they would be too many bytes."""
    while True:
        found = [[_small(row, output, most) for row, output in zip(*walk, strict=True)] for walk in walks]
        if most == 1 or sum(layer.images.nbytes for layers in found for layer in layers) <= MAX_BYTES:
            return found
        most //= 2


def _small(row: LayerRow, output: NDArray[np.float32], most: int) -> FeatureMaps:
    """Make feature maps of what leaves a layer, of at most 28 x 28 numbers each."""
    if output.ndim == 3:
        every = max(1, *(-(-side // _SIDE) for side in output.shape[1:]))
        shown = output[:most, ::every, ::every]
    else:
        shown = output[: _SIDE * _SIDE]
    return replace(maps_of(row.place, row.layer, shown, most), output_shape=row.output_shape)


def to_bytes(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Turn pixels in [-1, 1] into uint8; those that are no number are black."""
    return ((np.nan_to_num(pixels, nan=-1.0) + 1) * 127.5).round().clip(0, 255).astype(np.uint8)
