"""The mock's films: digits that come out of noise. numpy is imported when one is made."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bridge_server.backends.mock.digits import CLASSES, LATENT_DIM, directions, grown
from bridge_server.contract.film import Film, FilmRequest
from bridge_server.contract.models import Model
from ganmnist.models.manifest import BUNDLED

if TYPE_CHECKING:
    from bridge_server.encoding.replies import Origin

STEPS = (1, 5, 20, 80, 240, 480, 960, 1920, 3840)  # of the frames before the model itself


def film(request: FilmRequest, model: Model, origin: Origin) -> Film:
    """Answer the call `film` for a model that was trained for so long."""
    import numpy as np

    from bridge_server.encoding.replies import film as reply
    from ganmnist.generation.film import Film as Shown
    from ganmnist.generation.film import no_film
    from ganmnist.latent.vectors import digits, inputs
    from ganmnist.models.frames import Frame

    if model.name == BUNDLED:
        raise no_film(BUNDLED)
    z = inputs(request, LATENT_DIM, CLASSES, directions())
    frames, images = [], []
    for step in (*(step for step in STEPS if step < model.step), model.step):
        share = step / model.step
        frames.append(Frame(epoch=math.ceil(share * model.epoch), step=step, seconds=share * model.seconds))
        images.append([grown(number, vector, share) for number, vector in zip(digits(z, LATENT_DIM), z, strict=True)])
    return reply(request, origin, z, Shown(frames, np.array(images), []))
