"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray

from ganmnist.class_names import MAX_NAME, class_name
from ganmnist.config import TrainConfig
from ganmnist.dataset import Dataset
from ganmnist.device import PROCESSOR, failure_of, on_the_processor_instead, stream
from ganmnist.errors import DataError, ModelError, TrainingError, counted
from ganmnist.generation.sampler import Sampler
from ganmnist.models.figures import Estimate
from ganmnist.models.frames import FrameKeeper
from ganmnist.models.manifest import ModelManifest, now
from ganmnist.models.store import ModelFolder
from ganmnist.networks.spec import ModelConfig
from ganmnist.training import checkpoint
from ganmnist.training.augment import FEW
from ganmnist.training.budget import Budget
from ganmnist.training.clusters import cluster_images, clusters_of_model
from ganmnist.training.diagnostics import Diagnostics, Remark, not_finite_message
from ganmnist.training.observer import Observer, Snapshot
from ganmnist.training.pace import Pace, Slowdown
from ganmnist.training.presets import recipe
from ganmnist.training.ranks import ALONE, Ranks
from ganmnist.training.recipe import Recipe
from ganmnist.training.runner import choose_device, runner
from ganmnist.training.start import begin
from ganmnist.training.step import GANTrainer
from ganmnist.training.threads import ThreadCount

_SAVE_SECONDS = 30.0  # at most this much work is lost when the process is killed
_EVALUATE_SECONDS = (0.5, 2.0)  # an evaluation every half second at first, every two in a long training


@dataclass(frozen=True)
class Progress:
    """Where a training stands after a step.

    Attributes:
        epoch, step: From 1.
        epochs: Epochs of the whole training; None where the budget is seconds or steps.
        seconds: Time spent training, earlier parts of a resumed training included.
        fraction: How much of the budget is used up, 0 to 1.
        loss_d, loss_g: Losses of discriminator and generator at this step; on an accelerator at one of the last 16.
        estimate: What the judge said last, every ten seconds or so.
        steps: Steps of the whole training, where they are its budget.
        slowdown: What other programs on the machine cost it, while they do.
    """

    epoch: int
    epochs: int | None
    step: int
    seconds: float
    fraction: float
    loss_d: float
    loss_g: float
    estimate: Estimate | None
    steps: int | None = None
    slowdown: Slowdown | None = None

    @property
    def percent(self) -> float:
        return 100 * self.fraction

    @property
    def seconds_left(self) -> float:
        """Estimate from the pace so far."""
        return self.seconds * (1 - self.fraction) / self.fraction

    @property
    def share(self) -> float:
        """The name that `fraction` had before."""
        return self.fraction


def train(
    data: Dataset,
    config: TrainConfig | None = None,
    folder: ModelFolder | None = None,
    *,
    on_progress: Callable[[Progress], object] | None = None,
    on_preview: Callable[[NDArray[np.uint8]], object] | None = None,
    on_warnings: Callable[[tuple[str, ...]], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
    start: ModelFolder | None = None,
    adapt: bool = False,
    ranks: Ranks = ALONE,
) -> Sampler:
    """Train a GAN and return the best generator it had, ready to sample.

    Args:
        data: Images to learn from.
        config: Settings; the defaults unless given.
        folder: Where checkpoints are kept and the best model so far is published, live. A training that was cut short
            there goes on from its newest good checkpoint; on one CPU thread, with a budget of epochs or
            steps, to the very same bits.
        on_progress: Called after every step.
        on_preview: Called with uint8 (16, 28, 28), grown from the same latents each time, in a thread of its own.
        on_warnings: Called when the training diagnostics have changed, with a sentence for each problem and its remedy;
            and when device is auto and one that is there cannot be used, or fails later: then it goes on on the
            processor, from the newest checkpoint if there is one. What says nothing against the model, as that, is a
            `diagnostics.Remark`.
        start: A model to begin with, whose networks `config` has; of no meaning to a training that goes on.
        should_stop: Asked after every step; True ends the training with what it has.
        adapt: Fit the pace to this machine: as many threads as help, bfloat16 where the processor has it. Several
            processes keep the threads that they have.
        ranks: The processes that train it together, from `ranks.joined`. All of them call this, with the same images
            and settings: a batch is divided among them. The first alone has a folder and calls; in the others these are
            of no meaning, except that `should_stop` of any ends all, and what they return is the end of the training.

    Raises:
        DataError: Fewer images than one batch, or other classes than the networks are built for; or other images in
            another process.
        DeviceError: The device that was chosen is not there, or fails. What was published and saved before stays.
        ModelError: The folder holds a training with other settings.
        RankError: Another process has ended.
        SettingError: A batch that cannot be divided among the processes.
        TrainingError: A loss or a weight is not finite any more. What was published and saved before stays.
    """
    config = config or TrainConfig()
    plan = recipe(config, len(data.classes))
    if not ranks.leads:
        folder = start = on_progress = on_preview = on_warnings = None
    with ranks.leader_first():
        _validate(data, config, plan)
        ranks.validate_batch(plan.batch_size)
    if ranks.several:
        ranks.require_same(_checksum(data), DataError(f"{data.name}: is not the same in every process: copy its files"))
    bfloat16, few = adapt and _has_bfloat16(), len(data.train_images[: config.images]) <= FEW
    chosen = choose_device(config, plan, bfloat16=bfloat16, augmented=few, ranks=ranks)
    standing = [Remark(problem) for problem in chosen.problems]

    def warn(found: tuple[str, ...]) -> None:
        if on_warnings:
            on_warnings((*standing, *found))

    attempt = partial(
        _train,
        *(data, config, folder, plan),
        on_progress=on_progress,
        on_preview=on_preview,
        on_warnings=warn,
        should_stop=should_stop,
        start=start,
        adapt=adapt,
        ranks=ranks,
    )
    if standing:
        warn(())
    try:
        return attempt(chosen.device)
    except RuntimeError as error:
        failure = failure_of(error, chosen.device)
        if failure is None:
            raise
        if config.device != "auto" or ranks.several:
            raise failure from error
    standing.append(Remark(on_the_processor_instead(failure)))
    warn(())
    return attempt(PROCESSOR)


def _train(
    data: Dataset,
    config: TrainConfig,
    folder: ModelFolder | None,
    plan: Recipe,
    device: torch.device,
    *,
    on_progress: Callable[[Progress], object] | None,
    on_preview: Callable[[NDArray[np.uint8]], object] | None,
    on_warnings: Callable[[tuple[str, ...]], object] | None,
    should_stop: Callable[[], bool] | None,
    start: ModelFolder | None,
    adapt: bool,
    ranks: Ranks,
) -> Sampler:
    """Do what `train` does on one device, and leave it to the caller what to do where that fails."""
    images, kinds = data.train_images[: config.images], data.train_labels[: config.images].astype(np.int64)
    steps_per_epoch = len(images) // plan.batch_size
    with torch.random.fork_rng(devices=[]), ExitStack() as ending:  # the caller's randomness stays as it was
        torch.manual_seed(config.seed)
        ending.enter_context(stream(device))
        on_processor = device.type == "cpu"
        bfloat16 = adapt and on_processor and _has_bfloat16()
        trainer = GANTrainer(plan, device=device, bfloat16=bfloat16, augmented=len(images) <= FEW, ranks=ranks)
        if folder:
            checkpoint.restore(folder.checkpoints, trainer, config, data.name)
        begins = start is not None and not trainer.step
        if start and begins:
            begin(trainer, start)
        if plan.networks.clusters and ranks.leads:
            clusters = _clusters(images, trainer, config)
            kinds = kinds * plan.networks.clusters + clusters if plan.networks.classes else clusters
            if not trainer.step:
                trainer.fit_clusters(torch.from_numpy(kinds))
        if ranks.several:
            trainer.share()
            ranks.share([torch.from_numpy(kinds)])
        threads = ThreadCount() if adapt and on_processor and not ranks.several else None
        best_before = _published(folder) if trainer.step else None
        observer = ending.enter_context(
            Observer(
                data,
                folder,
                best_before,
                on_preview,
                judge_at_once=begins,
                few=images if len(images) <= FEW else None,
            )
        )
        frames = FrameKeeper(folder.film, trainer.step) if folder else None
        evaluations, saves = _GrowingInterval(*_EVALUATE_SECONDS), _GrowingInterval(_SAVE_SECONDS, _SAVE_SECONDS)
        saves.due(trainer.seconds)  # strikes first when there is something to lose
        started = time.perf_counter() - trainer.seconds
        budget = Budget.of(plan, steps_per_epoch)
        progress, stopped = budget.progress(trainer.step, trainer.seconds), False
        diagnostics = Diagnostics(plan, on_warnings)
        pace = Pace(budget, threads.most if threads else torch.get_num_threads())
        steps = runner(trainer, images, kinds, config.seed)
        if begins:  # what it starts from is shown at once, and is the best until the judge finds another better
            observer.evaluate(lambda: _snapshot(trainer, config, folder, data, steps_per_epoch, finished=False))

        while progress < 1 and not stopped:
            epoch = trainer.step // steps_per_epoch
            for loss_d, loss_g in steps.step(progress):
                if ranks.leads and not math.isfinite(loss_d + loss_g):
                    raise _not_finite_error(trainer, plan, folder)
                diagnostics.add_loss(loss_d)
            trainer.seconds = time.perf_counter() - started
            progress = budget.progress(trainer.step, trainer.seconds)

            judging = observer.judging
            undisturbed = not (judging or (threads and threads.trying))
            if on_processor and not ranks.several:  # the other processes would be other programs to it
                pace.step(trainer.step, trainer.seconds, torch.get_num_threads(), settled=undisturbed)
            if threads:
                threads.step(trainer.seconds, in_company=judging)
            if on_progress:
                on_progress(
                    Progress(
                        epoch + 1,
                        plan.epochs,
                        trainer.step,
                        trainer.seconds,
                        progress,
                        loss_d,
                        loss_g,
                        observer.estimate,
                        plan.steps,
                        pace.slowdown,
                    )
                )
            stopped = should_stop is not None and should_stop()
            if ranks.several:
                trainer.seconds, stopped = ranks.agree(trainer.seconds, stopped)
                progress = budget.progress(trainer.step, trainer.seconds)
            evaluate = ranks.leads and evaluations.due(trainer.seconds) and not stopped and progress < 1
            save = folder and (stopped or (saves.due(trainer.seconds) and progress < 1))
            frame = frames and frames.due(trainer.step)
            if (evaluate or save or frame) and not trainer.is_finite():  # its losses may be the last that are finite
                raise _not_finite_error(trainer, plan, folder)
            if frames and frame:
                observer.keep(_snapshot(trainer, config, folder, data, steps_per_epoch, finished=False), frames)
            if evaluate:
                observer.slowness = pace.slowdown.factor if pace.slowdown else 1.0
                observer.evaluate(lambda: _snapshot(trainer, config, folder, data, steps_per_epoch, finished=False))
                diagnostics.update(observer.judgement, observer.novelty, pace.slowdown)
            if folder and save:
                checkpoint.save(folder.checkpoints, trainer, config, data.name)
        if not ranks.leads:
            return _snapshot(trainer, config, folder, data, steps_per_epoch, finished=progress == 1).sampler()
        if not trainer.is_finite():
            raise _not_finite_error(trainer, plan, folder)
        best = observer.close(_snapshot(trainer, config, folder, data, steps_per_epoch, finished=progress == 1))
        whole = pace.at_end(trainer.step, trainer.seconds) if progress == 1 else None
        diagnostics.update(observer.judgement, observer.novelty, whole)
        if folder:
            folder.keep_discriminator(trainer.discriminator.state_dict(), trainer.step)
        if folder and progress == 1:
            checkpoint.remove_all(folder.checkpoints)
        return best


def _validate(data: Dataset, config: TrainConfig, plan: Recipe) -> None:
    """Refuse data that a recipe cannot learn from.

    Raises:
        DataError: As `train` says.
    """
    count = len(data.train_images[: config.images])
    if count < plan.batch_size:
        raise DataError(f"{data.name}: {count} images are fewer than one batch of {plan.batch_size}: lower batch_size")
    if plan.networks.classes not in (0, len(data.classes)):
        raise DataError(
            f"{data.name}: has {counted(len(data.classes), 'class', 'es')}, the networks are built for "
            f"{plan.networks.classes}: build them for {len(data.classes)} (classes of the networks), for 0 to leave "
            "the classes out of account, or leave the networks out: a preset takes the classes that the data have"
        )


def _checksum(data: Dataset) -> int:
    """Return a number that other images or labels would have another of."""
    return crc32(data.train_labels.tobytes(), crc32(data.train_images.tobytes()))


def _not_finite_error(trainer: GANTrainer, plan: Recipe, folder: ModelFolder | None) -> TrainingError:
    try:
        published = folder is not None and bool(folder.manifest())
    except ModelError:
        published = False
    return TrainingError(not_finite_message(plan, trainer.step, published=published))


def _clusters(images: NDArray[np.uint8], trainer: GANTrainer, config: TrainConfig) -> NDArray[np.int64]:
    """Return the cluster of each image: as the model has them that the training started from, or found anew."""
    if config.start_from:
        return clusters_of_model(images, Sampler(trainer.networks, trainer.averaged, config.start_from, trainer.step))
    return cluster_images(images, trainer.networks.clusters, config.seed)


class _GrowingInterval:
    """A clock that strikes at growing intervals: a twentieth of the time passed, within bounds in seconds."""

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, most
        self._next = 0.0

    def due(self, seconds: float) -> bool:
        if seconds < self._next:
            return False
        self._next = seconds + min(max(self._least, seconds / 20), self._most)
        return True


def _has_bfloat16() -> bool:
    """Tell whether the processor multiplies in bfloat16 by itself; without that, it is slower than float32."""
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def _published(folder: ModelFolder | None) -> Snapshot | None:
    """Return the best model of the part of a training that went before, if it was judged."""
    try:
        manifest, weights = folder.load() if folder else (None, {})
    except ModelError:
        return None
    return Snapshot(manifest, weights) if manifest and manifest.estimate else None


def _preset_networks(config: TrainConfig, classes: int) -> ModelConfig:
    """Return the networks of a training's preset, for as many classes."""
    return recipe(TrainConfig(preset=config.base), classes).networks


def _snapshot(
    trainer: GANTrainer,
    config: TrainConfig,
    folder: ModelFolder | None,
    data: Dataset,
    steps_per_epoch: int,
    *,
    finished: bool,
) -> Snapshot:
    manifest = ModelManifest(
        id=folder.id if folder else "",
        name=folder.name if folder else "model",
        created=folder.created() if folder else now(),
        data=data.name,
        preset=config.base if trainer.networks == _preset_networks(config, trainer.networks.classes) else None,
        networks=trainer.networks,
        class_names=tuple(class_name(name)[:MAX_NAME] for name in data.classes) if trainer.networks.classes else (),
        settings=config,
        epoch=-(-trainer.step // steps_per_epoch),
        step=trainer.step,
        seconds=round(trainer.seconds, 3),
        finished=finished,
    )
    looked_at = folder is not None and folder.is_discriminator_wanted()
    discriminator = _copied(trainer.discriminator.state_dict()) if looked_at else None
    return Snapshot(manifest, _copied(trainer.averaged), discriminator)


def _copied(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {key: value.to("cpu", copy=True) for key, value in weights.items()}
