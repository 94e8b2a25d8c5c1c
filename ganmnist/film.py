"""The film of a training: the same latents through all of its kept states, from noise to digits. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganmnist import frames
from ganmnist.animation import gif
from ganmnist.config import FilmConfig, FilmGeometryConfig
from ganmnist.errors import ModelError, ModelNotFound
from ganmnist.forms import Piece, build
from ganmnist.frames import Frame
from ganmnist.geometry import GAP, place, tile
from ganmnist.latent import Latents, inputs
from ganmnist.models import BUNDLED, ModelFolder, ModelManifest
from ganmnist.tensors import Layouts

if TYPE_CHECKING:
    from ganmnist.sampling import Sampler

Shots = dict[tuple[str, bytes], NDArray[np.uint8]]  # (N, 28, 28) by the checksum of a frame and the bytes of z
_STOREY = 8  # cells between the frames of a stack, beside their height
_SHOWN, _HELD = 160, 1600  # milliseconds for which a moving picture shows a frame, and the last one


@dataclass(frozen=True)
class Film:
    """What the states of a training make of the same latents.

    Attributes:
        frames: The states, the earliest first; the last one is the model itself.
        images: uint8 (frames, N, 28, 28).
        remarks: What is left out, a sentence each.
    """

    frames: list[Frame]
    images: NDArray[np.uint8]
    remarks: list[str]


def draw(folder: ModelFolder, config: FilmConfig | None = None) -> Film:
    """Draw the film of a model from the user's store.

    Raises:
        ModelError: The files of the model itself are damaged.
        ModelNotFound: No states of its training were kept.
        SettingError: It does not know what is asked for.
    """
    from ganmnist.sampling import Sampler

    config = config or FilmConfig()
    sampler = Sampler.load(folder)
    z = inputs(config, sampler.latent_dim, sampler.classes, sampler.directions_for(config))
    return shoot(folder, folder.manifest(), sampler, z)


def shoot(
    folder: ModelFolder, manifest: ModelManifest, sampler: Sampler, z: Latents, shots: Shots | None = None
) -> Film:
    """Draw the film of a loaded model.

    Args:
        folder: Where the states of its training are kept. Those after the model are left out: there it became worse.
        manifest, sampler: The model, which is the last frame.
        z: Whole vectors, float32 (N, latent_dim + classes).
        shots: Images that are known; new ones are added.

    Raises:
        ModelNotFound: No states of its training were kept.
    """
    kept = [step for step in frames.steps(folder.film) if step < sampler.step]
    if not kept:
        raise no_film(folder.name)
    reel = _Reel(folder.film, sampler, {} if shots is None else shots, z)
    found: list[Frame] = []
    images: list[NDArray[np.uint8]] = []
    remarks: list[str] = []
    for step in frames.even(kept, frames.MOST - 1):
        try:
            frame = frames.read(folder.film, step)
            images.append(reel.shoot(frame))
            found.append(frame)
        except ModelError as error:
            if step in frames.steps(folder.film):  # else the training has let go of it meanwhile
                remarks.append(f"The frame at step {step} is left out: {error}.")
    found.append(Frame(epoch=manifest.epoch, step=sampler.step, seconds=manifest.seconds))
    return Film(found, np.stack([*images, sampler.generate(z)]), remarks)


class _Reel:
    """One generator whose weights change from frame to frame."""

    def __init__(self, path: Path, model: Sampler, shots: Shots, z: Latents) -> None:
        self._path, self._model, self._shots, self._z = path, model, shots, z
        self._layouts: Layouts | None = None
        self._sampler: Sampler | None = None

    def shoot(self, frame: Frame) -> NDArray[np.uint8]:
        from ganmnist.networks import generator_layouts
        from ganmnist.sampling import Sampler

        key = (frame.sha256, self._z.tobytes())
        if key not in self._shots:
            self._layouts = self._layouts or generator_layouts(self._model.networks)
            weights = frames.load(self._path, frame, self._layouts)
            if self._sampler is None:
                self._sampler = Sampler(self._model.networks, weights, self._model.name, frame.step)
            else:
                self._sampler.update(weights, frame.step)
            self._shots[key] = self._sampler.generate(self._z)
        return self._shots[key]


def no_film(name: str) -> ModelNotFound:
    """Return what to say of a model of whose training no states were kept."""
    if name == BUNDLED:
        return ModelNotFound(f"model: {BUNDLED} comes along without states of its training: train one to see a film")
    return ModelNotFound(
        f"model: no states were kept of the training of {name}, which came from a file, from an earlier version or "
        "grew on a full disk: train one to see a film"
    )


def assemble(images: NDArray[np.uint8], config: FilmGeometryConfig) -> list[Piece]:
    """Make the geometry of a film, one object per digit of every frame, frame by frame.

    Args:
        images: uint8 (frames, N, rows, columns).
        config: `row` puts the frames side by side along x, the digits of one under each other; `stack` puts them above
            each other along z, the digits of one side by side; unless `columns` says how many are. The form `images`
            gives none.

    Raises:
        GeometryError: As `forms.build`.
    """
    _, count, _, columns = images.shape
    side_by_side = config.columns or (1 if config.arrange == "row" else count)
    flat = config.form in ("mesh", "smooth")
    if config.arrange == "row":
        step = np.array([(columns + GAP) * min(side_by_side, count) * config.cell, 0.0, 0.0])
    else:
        thick = (0.0 if flat else config.height) + (config.base if config.form == "solid" else 0.0)
        step = np.array([0.0, 0.0, _STOREY * config.cell + thick])
    pieces: list[Piece] = []
    for number, digits in enumerate(images):
        x, y, z = place(step * number, config.plane, None).tolist()
        moved = config.plane.model_copy(update={"origin": (x, y, z)})
        pieces += build(digits, config.model_copy(update={"plane": moved, "columns": side_by_side}))
    return pieces


def sheet(images: NDArray[np.uint8]) -> Image.Image:
    """Put a film into one grey picture: a line per digit, its frames from left to right."""
    count, _, rows, columns = images.shape
    return Image.fromarray(tile(images.swapaxes(0, 1).reshape(-1, rows, columns), count))


def animation(images: NDArray[np.uint8]) -> bytes:
    """Return a film as a moving picture, a GIF: the digits side by side, the last frame held a while, for ever."""
    times = [_SHOWN] * (len(images) - 1) + [_HELD]
    return gif(np.stack([tile(digits, len(digits)) for digits in images]), times)
