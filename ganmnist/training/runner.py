"""Runs the steps of a training: on the processor one by one, on an accelerator without waiting for each.

A step of small networks takes an accelerator less time than Python needs to launch its kernels, and much less than to
wait for them and to send the next images. So there the images, their order and the random numbers lie on the device,
losses are read every few steps, and where the device has graphs a whole step is launched as one.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from ganmnist import device as devices
from ganmnist.config import TrainConfig
from ganmnist.pixels import rescale
from ganmnist.training.ranks import ALONE, Ranks
from ganmnist.training.recipe import Recipe
from ganmnist.training.step import GANTrainer, Schedule, Turn

READ_INTERVAL = 16  # steps, at most, whose losses are read together; as far may Python be ahead of the device,
_READ_SECONDS = 0.1  # and fewer of those that take long: who looks on or stops it waits no longer
_CALLS = 2  # of each kind of step before it is captured: what is set up at first use is no part of a graph
_TRIAL = {True: (1, 8), False: (17, 8)}  # on the processor or not: steps to warm up, all kinds captured, and timed
_IMAGES = 4  # batches in a trial

Losses = tuple[float, float]  # of the discriminator and of the generator
Images = NDArray[np.uint8]
Kinds = NDArray[np.int64]


class Runner(Protocol):
    """Does the steps of a training, epoch after epoch."""

    def step(self, progress: float) -> list[Losses]:
        """Do the next step, at a progress of 0 to 1 through the budget.

        Returns:
            Losses that have become known, the oldest first: those of this step, or of several, or none yet.
        """
        ...


def runner(trainer: GANTrainer, images: Images, kinds: Kinds, seed: int) -> Runner:
    """Return what does the steps on a trainer's device.

    Args:
        trainer: What is trained.
        images: uint8 (N, 28, 28), at least one batch.
        kinds: The kind of each, (N,), as for `GANTrainer.train_step`.
        seed: Start of the order of the images.
    """
    kind = HostRunner if trainer.device.type == "cpu" else DeviceRunner
    return kind(trainer, images, kinds, seed)


class HostRunner:
    """Runs on the processor, where a step is done when it returns."""

    def __init__(self, trainer: GANTrainer, images: Images, kinds: Kinds, seed: int) -> None:
        self._trainer, self._images, self._kinds, self._seed = trainer, images, kinds, seed
        self._order: NDArray[np.int64] | None = None

    def step(self, progress: float) -> list[Losses]:
        trainer, size = self._trainer, self._trainer.recipe.batch_size
        epoch, place = divmod(trainer.step, len(self._images) // size)
        if place == 0 or self._order is None:
            self._order = _permutation(self._seed, epoch, len(self._images))
        chosen = self._order[place * size : (place + 1) * size]
        if trainer.networks.kinds > 1:  # neighbours of one kind can be compared
            chosen = chosen[np.argsort(self._kinds[chosen], kind="stable")]
        chosen = trainer.ranks.part(chosen)
        trainer.ranks.draw_apart(self._seed, trainer.step)
        real, kinds = torch.from_numpy(rescale(self._images[chosen])), torch.from_numpy(self._kinds[chosen])
        return [trainer.train_step(real, kinds, progress)]


class DeviceRunner:
    """Runs on an accelerator."""

    def __init__(self, trainer: GANTrainer, images: Images, kinds: Kinds, seed: int) -> None:
        device, ranks, size = trainer.device, trainer.ranks, trainer.recipe.batch_size
        self._trainer, self._known_kinds, self._seed = trainer, kinds, seed
        self._images, self._kinds = torch.tensor(images, device=device), torch.tensor(kinds, device=device)
        self._order = torch.zeros(len(images) // size, size // ranks.size, dtype=torch.int64, device=device)
        self._place = torch.zeros(1, dtype=torch.int64, device=device)  # of the next batch in the order
        self._losses = torch.zeros(READ_INTERVAL, 2, device=device)
        self._unread = torch.zeros(1, dtype=torch.int64, device=device)  # losses that were not read yet
        self._schedule = Schedule(*(torch.zeros((), device=device) for _ in Schedule._fields))
        self._scheduled: Schedule | None = None
        self._calls: Counter[Turn] = Counter()
        self._captured: dict[Turn, Callable[[], object]] = {}
        self._begun = False
        self._waiting, self._interval, self._last_read = 0, 1, time.perf_counter()
        # A resumed training does not repeat its beginning, nor one process what another one draws.
        devices.seed(device, (seed << 32) + (ranks.rank << 24) + trainer.step)

    def step(self, progress: float) -> list[Losses]:
        trainer = self._trainer
        epoch, place = divmod(trainer.step, len(self._order))
        if place == 0 or not self._begun:
            self._begin(epoch, place)
        self._set(trainer.schedule(progress))
        self._do(trainer.turn())
        trainer.step += 1
        self._waiting += 1
        return self._read() if self._waiting >= self._interval else []

    def _begin(self, epoch: int, place: int) -> None:
        """Send the order of an epoch, that of the processor: batch by batch, sorted by class where networks know it."""
        count, size = len(self._order), self._trainer.recipe.batch_size
        order = _permutation(self._seed, epoch, len(self._known_kinds))[: count * size].reshape(count, size)
        if self._trainer.networks.kinds > 1:
            by_kind = np.argsort(self._known_kinds[order], axis=1, kind="stable")
            order = np.take_along_axis(order, by_kind, axis=1)
        self._begun = True
        self._order.copy_(torch.from_numpy(self._trainer.ranks.part(order)))
        self._place.fill_(place)

    def _set(self, schedule: Schedule) -> None:
        """Write the numbers of a step where a graph reads them; most are those of the step before."""
        for place, number in enumerate(schedule):
            if self._scheduled is None or number != self._scheduled[place]:
                target = self._schedule[place]
                assert isinstance(target, torch.Tensor)
                target.fill_(number)
        self._scheduled = schedule

    def _do(self, turn: Turn) -> None:
        work = self._captured.get(turn)
        if work is None and self._calls[turn] == _CALLS:
            work = self._captured[turn] = devices.captured(lambda: self._learn(turn), self._trainer.device)
        if work:
            work()
        else:
            self._calls[turn] += 1
            self._learn(turn)

    def _learn(self, turn: Turn) -> None:
        """Do a step with all that it takes from the device and leaves there."""
        chosen = self._order.index_select(0, self._place)[0]
        real = self._images.index_select(0, chosen)[:, None] / 127.5 - 1
        kinds = self._kinds.index_select(0, chosen)
        losses = self._trainer.learn(real, kinds, self._schedule, turn)
        self._losses.index_copy_(0, self._unread, torch.stack(losses)[None])
        self._place += 1
        self._unread += 1

    def _read(self) -> list[Losses]:
        """Wait for the device, and return the losses since the last time."""
        read: list[Losses] = [(loss_d, loss_g) for loss_d, loss_g in self._losses[: self._waiting].tolist()]
        self._unread.zero_()
        now = time.perf_counter()
        pace = max((now - self._last_read) / self._waiting, 1e-6)
        self._interval = max(1, min(READ_INTERVAL, int(_READ_SECONDS / pace)))
        self._waiting, self._last_read = 0, now
        return read


def choose_device(
    config: TrainConfig, plan: Recipe, *, bfloat16: bool = False, augmented: bool = False, ranks: Ranks = ALONE
) -> devices.Choice:
    """Choose what a training is computed on; for auto its first steps are tried out wherever there is a choice.

    Args:
        config: Its settings.
        plan: What they come to.
        bfloat16, augmented, ranks: As for `GANTrainer`. Several processes compute on the same kind of device.

    Raises:
        DeviceError: The one that was chosen is not there, or does not work.
    """
    choice = devices.choose(
        config.device, lambda device: step_seconds(plan, device, bfloat16=bfloat16, augmented=augmented)
    )
    return choice._replace(device=ranks.same_device(config.device, choice.device))


def step_seconds(plan: Recipe, device: torch.device, *, bfloat16: bool = False, augmented: bool = False) -> float:
    """Time a step of a training on a device, on images of noise: what it will take once it is under way.

    On the processor with one thread, the safe choice: two may wait for a busy neighbour for seconds.

    Raises:
        RuntimeError: The device fails at it.
    """
    chance = np.random.default_rng(0)
    images = chance.integers(0, 256, (_IMAGES * plan.batch_size, 28, 28), np.uint8)
    kinds = chance.integers(0, plan.networks.kinds, len(images))
    on_processor = device.type == "cpu"
    before, timed = _TRIAL[on_processor]
    with torch.random.fork_rng(devices=[]), devices.stream(device), _threads(1):
        trainer = GANTrainer(plan, device=device, bfloat16=bfloat16 and on_processor, augmented=augmented)
        trial = runner(trainer, images, kinds, 0)
        for _ in range(before):
            trial.step(0.0)
        trainer.is_finite()  # waits for the device
        started = time.perf_counter()
        for _ in range(timed):
            trial.step(0.0)
        trainer.is_finite()
        return (time.perf_counter() - started) / timed


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _permutation(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """Return the order of the images in an epoch, known without going through the epochs before."""
    return np.random.default_rng((seed, epoch)).permutation(count)
