"""Feature maps and training steps as they might be, for the mock: every layer shows the digit, as large as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge_server.backends.mock.digits import LATENT_DIM, digit, directions, drawn, numbers
from bridge_server.backends.model_descriptions import known_classes
from ganmnist.config import AnatomyConfig, GenerateConfig, LatentConfig

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bridge_server.contract.models import Model
    from ganmnist.generation.feature_maps import FeatureMaps
    from ganmnist.networks.spec import LayerRow, ModelConfig
    from ganmnist.training.anatomy import StepAnatomy, StepJudging

_SURE = 2.0  # logit of a real digit; that of a fake grows from minus this as its training goes on


def vector(model: Model, config: LatentConfig) -> NDArray[np.float32]:
    """Return the one whole vector that a request means, (1, latent_dim + classes)."""
    from ganmnist.latent.vectors import inputs

    one = GenerateConfig(**dict(LatentConfig.part_of(config)))
    return inputs(one, LATENT_DIM, known_classes(model), directions())


def walked(rows: list[LayerRow], image: NDArray[np.uint8], most: int) -> list[FeatureMaps]:
    """Return what might leave the layers of a network on the way from or to an image, uint8 (28, 28)."""
    import numpy as np

    from ganmnist.generation.feature_maps import maps_of

    layers = []
    for row in rows:
        height, width = row.output_shape[1:] or (1, row.output_shape[0])
        shrunk = image.astype(np.float32)[np.arange(height) * 28 // height][:, np.arange(width) * 28 // width]
        output = np.broadcast_to(shrunk, row.output_shape) if len(row.output_shape) == 3 else shrunk[0]
        layers.append(maps_of(row.place, row.layer, output, most))
    return layers


def taken_apart(model: Model, networks: ModelConfig, config: AnatomyConfig, *, judged: bool) -> StepAnatomy:
    """Return a training step of a model as it might be.

    Args:
        model, networks: What it is of.
        config: Which latent vector, and which real image.
        judged: Whether there is a discriminator.
    """
    from ganmnist.training.anatomy import RealImage, StepAnatomy

    z = vector(model, config)
    (fake,) = drawn(z)
    (number,) = numbers(z)
    names = model.class_names
    real = digit(number, right=config.real % 3 - 1) // 5 * 4  # paler than any fake, wherever that stands
    rows, judges_rows = networks.tables()
    return StepAnatomy(
        z=z,
        digit=number if names else None,
        class_name=names[number] if names else None,
        layers=walked(rows, fake, config.maps),
        fake=fake,
        real=RealImage(real, number, str(number)),
        judging=_judging(model.step, judges_rows, fake, real, config.maps) if judged else None,
    )


def _judging(
    step: int, rows: list[LayerRow], fake: NDArray[np.uint8], real: NDArray[np.uint8], most: int
) -> StepJudging:
    import numpy as np

    from ganmnist.training.anatomy import StepJudging, StepLesson, StepVerdict

    logit = _SURE * (step / (step + 500) - 1)
    gradient = (fake.astype(np.float32) - real) / np.float32(255)
    return StepJudging(
        step=step,
        loss_name="nonsaturating",
        fake=StepVerdict(logit, walked(rows, fake, most)),
        real=StepVerdict(_SURE, walked(rows, real, most)),
        loss=float(np.logaddexp(0, -_SURE) + np.logaddexp(0, logit)),
        lesson=StepLesson(
            loss=float(np.logaddexp(0, -logit)),
            gradient=gradient,
            followed=(0.75 * fake + 0.25 * real).round().astype(np.uint8),
            verdict=StepVerdict(logit + 0.5),
        ),
    )
