"""The mock's films: digits that come out of noise. numpy is imported when one is made."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bridge_server.backends.mock.digits import grown, numbers
from bridge_server.contract.models import Model
from ganmnist.models.manifest import ALL_BUNDLED

if TYPE_CHECKING:
    from ganmnist.generation.film import RenderedFilm
    from ganmnist.latent.vectors import Latents

STEPS = (1, 5, 20, 80, 240, 480, 960, 1920, 3840)  # of the frames before the model itself


def frames(model: Model, z: Latents) -> RenderedFilm:
    """Draw digits as a model drew them while it was trained.

    Raises:
        ModelError: A bundled model has no film.
    """
    import numpy as np

    from ganmnist.generation.film import RenderedFilm, no_film
    from ganmnist.models.frames import Frame

    if model.name in ALL_BUNDLED:
        raise no_film(model.name)
    frames, images = [], []
    for step in (*(step for step in STEPS if step < model.step), model.step):
        share = step / model.step
        frames.append(Frame(epoch=math.ceil(share * model.epoch), step=step, seconds=share * model.seconds))
        images.append([grown(number, vector, share) for number, vector in zip(numbers(z), z, strict=True)])
    return RenderedFilm(frames, np.array(images), [])
