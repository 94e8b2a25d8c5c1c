"""From an image to the latent vector whose digit is nearest to it.

By optimisation (Zhu et al. 2016, section 3.1; Abdal et al. 2019): the gradient of the squared error flows back through
the generator to z. Random latents of all classes give the starts, several are followed in one batch, and the best of
them further. A penalty on long vectors and a bound of their length (the ball in which nearly all latents of a training
lay, after Karras et al. 2020, appendix D, who keep the statistics of theirs) hold z where sliders go on to work.
"""

from __future__ import annotations

from math import cos, pi

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganmnist.errors import SettingError
from ganmnist.evaluation.likeness import likeness
from ganmnist.generation.inversion_result import Inversion, mean_squared_error
from ganmnist.generation.sampler import Sampler
from ganmnist.latent.directions import project
from ganmnist.latent.vectors import from_seed
from ganmnist.networks.adam import Adam
from ganmnist.pixels import rescale

_SEED = 7
_SPREAD = np.float32(0.7)  # of the first latents: nearer to the middle they are better starts
_FIRST, _STARTS, _STEPS = 300, 8, 40  # latents to choose from, starts followed, steps of each
_FINALISTS, _FINAL_STEPS = 2, 60
_HARD = 0.015  # error from which on twice as many further starts are followed: one drawing in ten
_RATE = 0.2
_PENALTY = 0.001
_BEYOND = 1.5  # how much longer a vector may be than random ones are on the average: two standard deviations


def invert(sampler: Sampler, image: NDArray[np.uint8], digit: int | str | None = None) -> Inversion:
    """Find the latent vector whose digit is nearest to an image: the same for the same image.

    Args:
        sampler: The model.
        image: uint8 (28, 28), white ink on black, as `drawing` reads it.
        digit: Its class, by name or number; the one that comes nearest unless given.

    Raises:
        SettingError: The image has another shape, or the model does not know the digit.
    """
    if image.shape != (28, 28):
        raise SettingError(f"image: expected shape (28, 28), got {image.shape}")
    chosen = None if digit is None else sampler.known_classes.number(digit)
    known = sampler.directions()
    target = torch.from_numpy(rescale(image[None])[0, 0])
    first, starts = _effort(sampler)
    z = torch.from_numpy(from_seed(_SEED, first, sampler.latent_dim) * _SPREAD)
    classes = torch.arange(first) % max(sampler.classes, 1) if chosen is None else torch.full((first,), chosen)
    condition = torch.eye(max(sampler.classes, 1))[classes][:, : sampler.classes]
    with torch.no_grad():
        parts = zip(torch.split(z, 32), torch.split(condition, 32), strict=True)
        errors = torch.cat([_errors(sampler, latents, conditions, target) for latents, conditions in parts])
    order = errors.argsort(stable=True)
    begun = order[:starts]
    followed, errors = _descend(sampler, z[begun], condition[begun], target, _STEPS)
    if errors.min() > _HARD:
        begun = order[: 3 * starts]
        more, worse = _descend(sampler, z[begun[starts:]], condition[begun[starts:]], target, _STEPS)
        followed, errors = torch.cat([followed, more]), torch.cat([errors, worse])
    best = errors.argsort(stable=True)[:_FINALISTS]
    condition = condition[begun][best]
    z, errors = _descend(sampler, followed[best], condition, target, _FINAL_STEPS)
    nearest = int(errors.argmin())
    whole = torch.cat([z, condition], 1)[nearest : nearest + 1].numpy()
    found = int(condition[nearest].argmax()) if sampler.classes else None
    name = None if found is None else sampler.class_names[found]
    made = sampler.generate(whole)[0]
    alike = likeness(image, made, int(name) if name and sampler.draws_digits() else None)
    return Inversion(
        z=whole[0],
        latent_dim=sampler.latent_dim,
        digit=found,
        class_name=name,
        likeness=alike.value,
        sure=alike.sure,
        mse=mean_squared_error(made, image),
        image=made,
        sliders={name: float(values[0]) for name, values in project(whole[:, : sampler.latent_dim], known).items()},
    )


def _effort(sampler: Sampler) -> tuple[int, int]:
    """Return how many latents to choose from, and starts: fewer where the generator is slower."""
    return max(round(_FIRST / sampler.effort), 60), max(round(_STARTS / sampler.effort), _FINALISTS)


def _errors(sampler: Sampler, z: Tensor, condition: Tensor, target: Tensor) -> Tensor:
    """Return each vector's mean squared error, white being 1, and its penalty: (N,)."""
    images = sampler.outputs(torch.cat([z, condition], 1))[:, 0]
    return ((images - target) / 2).square().mean((1, 2)) + _PENALTY * z.square().mean(1)


def _descend(sampler: Sampler, z: Tensor, condition: Tensor, target: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Follow the gradient with Adam (Kingma and Ba 2015), its steps ending as a cosine; return z and its errors."""
    longest = sampler.latent_dim**0.5 + _BEYOND
    z = z.clone().requires_grad_()
    adam = Adam([z], _RATE, betas=(0.9, 0.99), epsilon=1e-10)
    for step in range(steps):
        adam.lr = _RATE * (1 + cos(pi * step / steps)) / 2
        (z.grad,) = torch.autograd.grad(_errors(sampler, z, condition, target).sum(), z)
        adam.step()
        with torch.no_grad():
            z *= (longest / z.norm(dim=1, keepdim=True)).clamp(max=1)
    with torch.no_grad():
        return z.detach(), _errors(sampler, z, condition, target)
