"""What a digit grows from: a latent vector z, and behind it the weights of the classes that it is to be of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ganmnist.class_names import KnownClasses
from ganmnist.config import GenerateConfig, Vector, Vectors
from ganmnist.errors import SettingError, counted
from ganmnist.latent.directions import Direction, steer

Latents = NDArray[np.float32]
Classes = NDArray[np.int64]
_FEW = 256  # digits of a request whose vectors are kept for the next


def inputs(
    config: GenerateConfig, latent_dim: int, known_classes: KnownClasses | int, directions: Iterable[Direction] = ()
) -> Latents:
    """Make what the generator is to be given for a request.

    Sample i of a seed is the same however many are asked for. `config.latent` overwrites the first numbers of each;
    then sliders with a name move it along the model's directions. Vectors that are given take the place of those of
    the seed; those that say no class get one as the others do, and `config.digit` goes before what they say.

    Args:
        config: The request.
        latent_dim: Length of a latent vector.
        known_classes: The classes the model knows; or how many, 0 for none.
        directions: Those of the model that sliders may go along, as `Sampler.directions_for` gives them.

    Returns:
        Shape (count, latent_dim + classes): standard normal numbers unless chosen, and weights of classes.

    Raises:
        SettingError: More numbers than the model has, a whole vector of another length, more vectors than the request
            may ask for, or a digit the model does not know.
    """
    known = KnownClasses.of(known_classes)
    if config.z is None:
        z = _from_sliders(config, latent_dim)
        weights = one_hot(classes(config, len(z), known), len(known))
    else:
        vectors = _taken_apart(config.z, latent_dim + len(known))
        if len(vectors) > config.most:
            raise SettingError(f"z: has {len(vectors):,} vectors, at most {config.most:,} are drawn at once")
        whole = _given(vectors, latent_dim, len(known))
        z, weights = whole[:, :latent_dim], whole[:, latent_dim:]
        chosen = one_hot(classes(config, len(z), known), len(known))
        silent = [config.digit is not None or len(vector) == latent_dim for vector in vectors]
        weights = np.where(np.array(silent)[:, None], chosen, weights)
    return np.concatenate([steer(z, config, directions), weights], 1, dtype=np.float32)


def _from_sliders(config: GenerateConfig, latent_dim: int) -> Latents:
    if len(config.latent) > latent_dim:
        raise SettingError(
            f"latent: has {len(config.latent)} numbers, the model takes at most {latent_dim}: use fewer sliders"
        )
    # The truncation trick (Marchesi 2017; Brock et al. 2019, section 3.1), by a factor, as StyleGAN has it, and not by
    # drawing large numbers again: so a digit changes evenly with the slider.
    draw = _drawn if config.count <= _FEW else from_seed
    z = draw(config.seed, config.count, latent_dim) * np.float32(config.truncation)
    z[:, : len(config.latent)] = config.latent
    return z


def _taken_apart(vectors: Vectors, length: int) -> list[Vector]:
    """Return one vector at a time where whole ones stand one behind the other, as Grasshopper's wires leave them."""
    apart: list[Vector] = []
    for vector in vectors:
        many = len(vector) > length and len(vector) % length == 0
        apart += [vector[start : start + length] for start in range(0, len(vector), length)] if many else [vector]
    return apart


def _given(vectors: Sequence[Vector], latent_dim: int, known: int) -> Latents:
    """Return vectors as (N, latent_dim + known), with weights of 0 where they name no class."""
    whole = np.zeros((len(vectors), latent_dim + known), np.float32)
    for place, vector in enumerate(vectors):
        if len(vector) not in (latent_dim, latent_dim + known):
            takes = f"{latent_dim}, or {latent_dim + known} with its classes" if known else latent_dim
            raise SettingError(f"z.{place}: has {counted(len(vector), 'number')}, the model takes {takes}")
        whole[place, : len(vector)] = vector
    return whole


def one_hot(chosen: Classes, known: int) -> Latents:
    """Return classes (N,) as weights, (N, known): 1 for the class of each, 0 for all others."""
    return np.eye(known, dtype=np.float32)[chosen] if known else np.zeros((len(chosen), 0), np.float32)


def digits(z: Latents, latent_dim: int) -> list[int]:
    """Return the class that weighs most in each whole vector, (N, latent_dim + classes); none without classes."""
    weights = z[:, latent_dim:]
    return [int(digit) for digit in weights.argmax(1)] if weights.shape[1] else []


@lru_cache(maxsize=64)
def _drawn(seed: int, count: int, latent_dim: int) -> Latents:
    """Return what `from_seed` does, at once where a slider moves and the seed stays. For few: it keeps them."""
    return from_seed(seed, count, latent_dim)


def from_seed(seed: int, count: int, latent_dim: int) -> Latents:
    """Return standard normal vectors, shape (count, latent_dim): the same for the same seed on every machine."""
    return np.random.default_rng(seed).standard_normal((count, latent_dim)).astype(np.float32)


def classes(config: GenerateConfig, count: int, known: KnownClasses | int) -> Classes:
    """Choose the class of each sample that a request asks for.

    Sample i of a seed is of the same class however many are asked for, unless `config.digit` says which.

    Args:
        config: The request.
        count: Number of samples.
        known: The classes the model knows; or how many, 0 for none.

    Returns:
        Shape (count,); of no meaning to a model without classes.

    Raises:
        SettingError: A digit is asked for that the model does not know.
    """
    known = KnownClasses.of(known)
    if config.digit is None:
        many = len(known)
        return _drawn_classes(config.seed, count, many).copy() if count <= _FEW else _chosen(config.seed, count, many)
    return np.full(count, known.number(config.digit), np.int64)


@lru_cache(maxsize=64)
def _drawn_classes(seed: int, count: int, known: int) -> Classes:
    return _chosen(seed, count, known)


def _chosen(seed: int, count: int, known: int) -> Classes:
    return np.random.default_rng((seed, 1)).integers(max(known, 1), size=count)


def in_turn(count: int, known: int) -> Classes:
    """Return the classes 0, 1, 2 ... over and over, shape (count,)."""
    return np.arange(count) % max(known, 1)
