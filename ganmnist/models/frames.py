"""Snapshots of a generator in training, the frames of its film: dense at first, then ever sparser. No torch."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, ValidationError

from ganmnist.errors import ModelError
from ganmnist.fields import Number, Settings, Whole
from ganmnist.storage import bundle
from ganmnist.storage.safetensors_header import Layouts
from ganmnist.validation import explain

if TYPE_CHECKING:
    from torch import Tensor


MAX_FRAMES = 24  # frames of a film; its last is the model itself
ROOM = 300_000_000  # bytes that frames leave free: more than a training needs, so that a film never ends one
_BYTES = 100_000_000  # that the frames of a training take, at most
_GROWTH = 1.4  # from the step of one frame to that of the next
_APART = 3  # steps between two frames, at least
_log = logging.getLogger("ganmnist.frames")


class Frame(Settings):
    """A state of a training.

    Attributes:
        dtype: What the weights are kept as. In float16 they take half the room, and no pixel of the presets' digits
            differs by more than one grey; float32 where a number is too large for it.
    """

    epoch: Whole = Field(description="Epochs trained.", ge=0, le=2**53)
    step: Whole = Field(description="Training step.", ge=0, le=2**53)
    seconds: Number = Field(description="Time it was trained.", ge=0)
    dtype: Literal["float16", "float32"] = "float32"
    format: Whole = bundle.FORMAT
    weights: str = ""
    sha256: str = ""


class FrameKeeper:
    """Keeps the frames of one training, and tells when the next one is due."""

    def __init__(self, folder: Path, step: int) -> None:
        """Take up the frames that are there.

        Args:
            folder: Where they are kept.
            step: Where the training goes on. Frames of later steps are removed: they are of a part that was lost.
        """
        self._folder = folder
        self._kept = [each for each in steps(folder) if each <= step]
        self._next = _after(self._kept[-1]) if self._kept else 1
        known = tuple(_stem(each) for each in self._kept)
        for path in folder.glob("step-*"):
            if not path.name.startswith(known):
                path.unlink(missing_ok=True)

    def due(self, step: int) -> bool:
        """Tell whether to keep the state at a step. Called after every step."""
        if step < self._next:
            return False
        self._next = _after(step)
        return True

    def keep(self, frame: Frame, generator: dict[str, Tensor]) -> None:
        """Keep a state, and let go of the one that is missed least when there are too many.

        Where the disk lacks room the frame is lost, and nothing else.
        """
        tensors, dtype = _small(generator)
        size = sum(tensor.nbytes for tensor in tensors.values())
        most = min(MAX_FRAMES - 1, _BYTES // max(size, 1))
        if most < 2:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(self._folder).free < ROOM + size:
                _log.info("no room for the frame at step %d", frame.step)
                return
            path = _path(self._folder, frame.step)
            bundle.save(path, {**frame.model_dump(include={"epoch", "step", "seconds"}), "dtype": dtype}, tensors)
            self._kept.append(frame.step)
            while len(self._kept) > most:
                self._drop(least_missed(self._kept))
        except OSError as error:
            _log.info("the frame at step %d is lost: %s", frame.step, error)

    def _drop(self, step: int) -> None:
        self._kept.remove(step)
        _path(self._folder, step).unlink(missing_ok=True)  # from here on it is no frame, whatever becomes of the rest
        for weights in self._folder.glob(f"{_stem(step)}-*"):
            weights.unlink()


def steps(folder: Path) -> list[int]:
    """Return the steps of the frames in a folder, in order; none where there is none."""
    names = (path.stem.removeprefix("step-") for path in folder.glob("step-*.json"))
    return sorted(int(name) for name in names if name.isdecimal())


def read_frame(folder: Path, step: int) -> Frame:
    """Read what a frame says of itself.

    Raises:
        ModelError: It is damaged, or not there.
    """
    path = _path(folder, step)
    try:
        return Frame.model_validate(bundle.read_manifest(path))
    except ValidationError as error:
        raise ModelError(f"{path}: {explain(error)}") from None


def load(folder: Path, frame: Frame, expected: Layouts) -> dict[str, Tensor]:
    """Load the generator's weights as float32, checked against their checksum and against what they are to be.

    Args:
        folder: Where the frames are kept.
        frame: What the frame says of itself.
        expected: The generator's tensors in float32, as `generator_layouts` gives them.

    Raises:
        ModelError: They are damaged, or others than the networks have.
    """
    if frame.dtype == "float16":
        expected = {name: each._replace(dtype=each.dtype.replace("F32", "F16")) for name, each in expected.items()}
    _, tensors = bundle.load(_path(folder, frame.step), lambda _: expected)
    return {name: each.float() if each.is_floating_point() else each for name, each in tensors.items()}


def least_missed(steps: Sequence[int]) -> int:
    """Return the one of at least three steps whose neighbours are closest to each other, never the first or last."""
    gaps = [after / max(before, 1) for before, after in zip(steps, steps[2:], strict=False)]
    return steps[1 + gaps.index(min(gaps))]


def even(steps: Sequence[int], most: int) -> list[int]:
    """Leave out those that are missed least until so many are left."""
    left = list(steps)
    while len(left) > most:
        left.remove(least_missed(left))
    return left


def _small(generator: dict[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    """Turn weights into float16, unless a number is too large for it."""
    import torch

    halves = {name: each.half() if each.is_floating_point() else each for name, each in generator.items()}
    if all(bool(torch.isfinite(each).all()) for each in halves.values()):
        return halves, "float16"
    return generator, "float32"


def _after(step: int) -> int:
    return max(step + _APART, round(step * _GROWTH))


def _stem(step: int) -> str:
    return f"step-{step:08d}"


def _path(folder: Path, step: int) -> Path:
    return folder / f"{_stem(step)}.json"
