"""One training over several processes: which of them this one is, and what they tell each other.

The only place that knows torch.distributed. torchrun starts the processes and numbers them: the number is a rank. All
ranks hold the same networks and do the same steps, each with its part of every batch; gradients are averaged before the
optimiser takes them, so the weights stay the same to the bit. Rank 0 leads: it alone writes, tells, judges and looks at
the clock.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganmnist.config import DeviceName
from ganmnist.device import PROCESSOR
from ganmnist.errors import DeviceError, GanError, SettingError, TrainingError, shown

_VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")  # that torchrun sets
_PATIENCE = timedelta(minutes=10)  # for the others, of whom the first may be fetching data
_LAST_PORT = 65_535
_MOST = 512  # processes: the largest batch has no two images for each of more
_LEAST = 2  # images of a process in a step: BatchNorm can make nothing of one
_TOGETHER = 4  # images that stay neighbours
_REASON = 160  # letters of what torch says


class RankError(TrainingError):
    """Another process of the training has ended, or cannot be reached."""


class Ranks:
    """The processes of a training, seen from one of them; this class is a process by itself, to which none of it costs.

    Attributes:
        rank: The number of this process, from 0.
        size: How many there are.
    """

    rank = 0
    size = 1

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes, tells and judges."""
        return self.rank == 0

    @property
    def several(self) -> bool:
        return self.size > 1

    def part(self, batches: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return this process' part of batches (..., N), as (..., N / size).

        They are dealt out four by four where that comes out even. Neighbours of a batch that is sorted by class, which
        MinibatchStd compares, stay together, and every process has its share of all classes, as BatchNorm needs it.
        """
        share = batches.shape[-1] // self.size
        together = _TOGETHER if share % _TOGETHER == 0 else 1
        dealt = batches.reshape(*batches.shape[:-1], share // together, self.size, together)
        return dealt[..., self.rank, :].reshape(*batches.shape[:-1], share)

    def draw_apart(self, seed: int, step: int) -> None:
        """Have the processor's random numbers of a step be other ones than those of the other processes.

        The first goes on with its own, which are in the checkpoint; those of all others follow from the step, so that a
        training goes on to the same bits.
        """
        if self.rank:
            (number,) = np.random.SeedSequence((seed, step, self.rank)).generate_state(1, np.uint64)
            torch.default_generator.manual_seed(int(number))

    def validate_batch(self, size: int) -> None:
        """Refuse a batch that cannot be divided among the processes.

        Raises:
            SettingError: Names sizes that can.
        """
        least = _LEAST * self.size
        if not self.several or (size >= least and size % self.size == 0):
            return
        below = size - size % self.size
        fitting = [str(each) for each in (below, below + self.size) if each >= least] or [str(least)]
        raise SettingError(
            f"batch_size: {size} images cannot be divided evenly among {self.size} processes, with at least {_LEAST} "
            f"for each: take another number of processes, or, for a new training, {' or '.join(fitting)} images"
        )

    def average(self, tensors: Iterable[Tensor]) -> None:
        """Put the mean over all processes into each tensor: one all-reduce for all of them."""

    def agree(self, seconds: float, stop: bool) -> tuple[float, bool]:
        """Return the time of the first process, and whether any wishes to stop."""
        return seconds, stop

    def share(self, tensors: Iterable[Tensor]) -> None:
        """Put what they hold in the first process into the tensors of all."""

    def share_text(self, text: str = "") -> str:
        """Return the text of the first process in all."""
        return text

    def require_same(self, number: int, error: GanError) -> None:
        """Raise an error where the processes come with different numbers."""

    def same_device(self, wanted: DeviceName, chosen: torch.device) -> torch.device:
        """Return the kind of device that every process has one of, where each has chosen for itself.

        Raises:
            DeviceError: One was wanted by its name, and not every process has one.
        """
        return chosen

    @contextmanager
    def leader_first(self) -> Iterator[None]:
        """Have all others wait until the first has done what stands within: it fetches, or says what is wrong."""
        if not self.leads:
            self.agree(0.0, False)
        yield
        if self.leads:
            self.agree(0.0, False)


ALONE = Ranks()


class _Several(Ranks):
    """One of several processes that have joined."""

    def __init__(self, rank: int, size: int, on_machine: int) -> None:
        self.rank, self.size, self._on_machine = rank, size, on_machine

    @torch.no_grad()
    def average(self, tensors: Iterable[Tensor]) -> None:
        import torch.distributed as dist

        rows = [_row(tensor) for tensor in tensors]
        flat = torch.cat(rows)
        with _talking():
            dist.all_reduce(flat)
        flat /= self.size
        torch._foreach_copy_(rows, torch.split(flat, [len(row) for row in rows]))

    def agree(self, seconds: float, stop: bool) -> tuple[float, bool]:
        time, wishes = self._sum(seconds if self.leads else 0.0, float(stop))
        return time, wishes > 0

    @torch.no_grad()
    def share(self, tensors: Iterable[Tensor]) -> None:
        import torch.distributed as dist

        for tensor in tensors:
            numbers = tensor.contiguous()  # a process may hold them in another order than the first does
            with _talking():
                dist.broadcast(numbers, 0)
            tensor.copy_(numbers)

    def share_text(self, text: str = "") -> str:
        letters = torch.tensor(list(text.encode()), dtype=torch.uint8)
        length = torch.tensor(len(letters))
        self.share([length])
        if not self.leads:
            letters = torch.empty(int(length), dtype=torch.uint8)
        self.share([letters])
        return bytes(letters.tolist()).decode()

    def require_same(self, number: int, error: GanError) -> None:
        expected = torch.tensor(number)
        self.share([expected])
        (others,) = self._sum(float(int(expected) != number))
        if others:
            raise self._refusal(error)

    def same_device(self, wanted: DeviceName, chosen: torch.device) -> torch.device:
        has_card = chosen.type == "cuda" and self._on_machine < torch.cuda.device_count()
        (cards,) = self._sum(float(has_card))
        if cards == self.size:
            return chosen
        if wanted in ("auto", "cpu"):
            return PROCESSOR
        problem = (
            f"device: not each of the {self.size} processes has a card of NVIDIA or AMD for itself: start as many on a "
            "machine as it has cards (--nproc-per-node), or choose device cpu"
        )
        raise self._refusal(DeviceError(problem))

    def _sum(self, *numbers: float) -> list[float]:
        """Return the sums of numbers over all processes."""
        import torch.distributed as dist

        sums = torch.tensor(numbers, dtype=torch.float64)
        with _talking():
            dist.all_reduce(sums)
        return sums.tolist()

    def _refusal(self, error: GanError) -> GanError:
        """Return what a process raises of an error that all know of, and that the first one tells."""
        return error if self.leads else RankError(str(error))


@contextmanager
def joined(environment: Mapping[str, str] = os.environ) -> Iterator[Ranks]:
    """Join the other processes of a training for a while, where torchrun has started some; without them be alone.

    Raises:
        SettingError: The environment says only in part which process this is.
        RankError: The others cannot be reached.
    """
    place = _place(environment)
    if place.size == 1:
        yield ALONE
        return
    import torch.distributed as dist

    if not (dist.is_available() and dist.is_gloo_available()):
        raise SettingError(
            f"torchrun: this torch, {torch.__version__}, is made without gloo, through which processes talk to each "
            "other: train in one process, or install PyTorch's own torch"
        )
    has_card = torch.cuda.is_available() and place.on_machine < torch.cuda.device_count()
    if has_card:
        torch.cuda.set_device(place.on_machine)
    with _talking():
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if has_card and dist.is_nccl_available() else "gloo",
            timeout=_PATIENCE,
            rank=place.rank,
            world_size=place.size,
        )
    try:
        yield _Several(*place)
    finally:
        dist.destroy_process_group()


class _Place(NamedTuple):
    """Which process this is, of how many, and which of those on its machine."""

    rank: int
    size: int
    on_machine: int


def _place(environment: Mapping[str, str]) -> _Place:
    """Read from the environment which process this is.

    Raises:
        SettingError: Part of it is missing, or no number.
    """
    if not environment.get("RANK") and not environment.get("WORLD_SIZE"):
        return _Place(0, 1, 0)
    missing = [name for name in _VARIABLES if not environment.get(name)]
    remedy = "start it by torchrun, which sets all of them, or unset them to train in one process"
    if missing:
        there = [name for name in _VARIABLES if name not in missing] or ["none of them"]
        raise SettingError(
            f"environment: {' and '.join(there)} would make this one of several processes, but "
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set: {remedy}"
        )
    numbers = {}
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_PORT"):
        if not environment[name].isdecimal():
            raise SettingError(f"environment: {name} must be a whole number, got {shown(environment[name])}: {remedy}")
        numbers[name] = int(environment[name])
    if numbers["MASTER_PORT"] > _LAST_PORT:
        raise SettingError(
            f"environment: MASTER_PORT must be at most {_LAST_PORT}, got {numbers['MASTER_PORT']}: {remedy}"
        )
    if numbers["WORLD_SIZE"] > _MOST:
        size = shown(environment["WORLD_SIZE"])
        raise SettingError(f"environment: WORLD_SIZE must be at most {_MOST:,} processes, got {size}: {remedy}")
    place = _Place(*(numbers[name] for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")))
    if place.rank >= place.size:
        raise SettingError(
            f"environment: RANK must be below WORLD_SIZE, which is {place.size}, got {place.rank}: {remedy}"
        )
    return place


@contextmanager
def _talking() -> Iterator[None]:
    """Take what goes wrong between processes for what it nearly always is: another one has ended."""
    try:
        yield
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:_REASON].rstrip(".: ")
        raise RankError(
            f"another process of this training has ended, or cannot be reached ({reason}): what was saved goes on with "
            "train --resume, in any number of processes that its batch can be divided among"
        ) from error


def _row(tensor: Tensor) -> Tensor:
    """Return the numbers of a tensor as they lie in memory, (numbers,): every process has them in the same order."""
    return tensor.as_strided((tensor.numel(),), (1,))
