"""The training loop."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ganmnist import checkpoint, latent
from ganmnist.config import TrainConfig
from ganmnist.data import Dataset, rescale
from ganmnist.errors import DataError, TrainingError
from ganmnist.game import Game
from ganmnist.models import ModelFolder, ModelManifest
from ganmnist.sampling import Sampler

PREVIEW_IMAGES = 16
_SAVE_SECONDS = 30.0  # at most this much work is lost when the process is killed
_PREVIEW_SECONDS = (0.5, 10.0)  # a look every half second at first, every ten seconds in a long training


@dataclass(frozen=True)
class Progress:
    """Where a training stands after a step.

    Attributes:
        epoch, step: From 1; `epochs` and `steps` are those of the whole training.
        seconds: Time spent training, earlier parts of a resumed training included.
        seconds_left: Estimate from the pace of this part.
        loss_d, loss_g: Losses of discriminator and generator at this step.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    seconds: float
    seconds_left: float
    loss_d: float
    loss_g: float

    @property
    def percent(self) -> float:
        return 100 * self.step / self.steps


def train(
    data: Dataset,
    config: TrainConfig | None = None,
    folder: ModelFolder | None = None,
    *,
    on_progress: Callable[[Progress], object] | None = None,
    on_preview: Callable[[NDArray[np.uint8]], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Sampler:
    """Train a GAN and return its averaged generator, ready to sample.

    Args:
        data: Images to learn from.
        config: Settings; the defaults unless given.
        folder: Where checkpoints are kept and the model is published, live, at every preview. A training that was cut
            short there goes on from its newest good checkpoint, on one CPU thread to the very same bits.
        on_progress: Called after every step.
        on_preview: Called with uint8 (16, 28, 28), grown from the same latents each time.
        should_stop: Asked after every step; True ends the training with what it has.

    Raises:
        DataError: Fewer images than one batch.
        ModelError: The folder holds a training with other settings.
        TrainingError: A loss is no number any more.
    """
    config = config or TrainConfig()
    images = data.train_images[: config.images]
    per_epoch = len(images) // config.batch_size
    steps = per_epoch * config.epochs
    if not steps:
        raise DataError(
            f"{data.name}: {len(images)} images are fewer than one batch of {config.batch_size}: lower batch_size"
        )

    with torch.random.fork_rng(devices=[]):  # the caller's randomness stays as it was
        torch.manual_seed(config.seed)
        game = Game(config)
        if folder:
            checkpoint.restore(folder.checkpoints, game, config, data.name)
        first_step, first_seconds = game.step, game.seconds
        started = time.monotonic() - game.seconds
        previews, saves = _Every(*_PREVIEW_SECONDS), _Every(_SAVE_SECONDS, _SAVE_SECONDS)
        saves.due(game.seconds)  # strikes first when there is something to lose
        stopped = False

        while game.step < steps and not stopped:
            epoch, place = divmod(game.step, per_epoch)
            if place == 0 or game.step == first_step:
                order = _order(config.seed, epoch, len(images))
            chosen = order[place * config.batch_size : (place + 1) * config.batch_size]
            loss_d, loss_g = game.play(torch.from_numpy(rescale(images[chosen])))
            if not math.isfinite(loss_d + loss_g):
                raise TrainingError(
                    f"the losses at step {game.step} are no numbers: lower learning_rate, now {config.learning_rate}"
                )
            game.seconds = time.monotonic() - started

            if on_progress:
                pace = (game.seconds - first_seconds) / (game.step - first_step)
                left = pace * (steps - game.step)
                on_progress(Progress(epoch + 1, config.epochs, game.step, steps, game.seconds, left, loss_d, loss_g))
            stopped = should_stop is not None and should_stop()
            finished = game.step == steps
            if previews.due(game.seconds) or stopped or finished:
                if on_preview:
                    on_preview(_sampler(game, folder).generate(_preview_latents(game, config)))
                if folder:
                    folder.publish(_manifest(game, config, folder, data, epoch + 1, finished), game.averaged)
            if folder and finished:
                checkpoint.remove_all(folder.checkpoints)
            elif folder and (saves.due(game.seconds) or stopped):
                checkpoint.save(folder.checkpoints, game, config, data.name)
        return _sampler(game, folder)


def share_processor() -> None:
    """Leave one core to the neighbours: torch's threads wait for each other, so one busy core stalls them all."""
    torch.set_num_threads(max(1, (os.cpu_count() or 1) - 1))


class _Every:
    """A clock that strikes at growing intervals: a twentieth of the time passed, within bounds in seconds."""

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, most
        self._next = 0.0

    def due(self, seconds: float) -> bool:
        if seconds < self._next:
            return False
        self._next = seconds + min(max(self._least, seconds / 20), self._most)
        return True


def _order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """Return the order of the images in an epoch, known without playing the epochs before."""
    return np.random.default_rng((seed, epoch)).permutation(count)


def _preview_latents(game: Game, config: TrainConfig) -> latent.Latents:
    return latent.from_seed(config.seed, PREVIEW_IMAGES, game.networks.latent_dim)


def _sampler(game: Game, folder: ModelFolder | None) -> Sampler:
    return Sampler(game.networks, game.averaged, folder.name if folder else "model", game.step)


def _manifest(
    game: Game, config: TrainConfig, folder: ModelFolder, data: Dataset, epoch: int, finished: bool
) -> ModelManifest:
    return ModelManifest(
        id=folder.id,
        name=folder.name,
        created=folder.created(),
        data=data.name,
        preset=None if config.networks else config.preset,
        networks=game.networks,
        settings=config,
        epoch=epoch,
        step=game.step,
        seconds=round(game.seconds, 3),
        finished=finished,
    )
