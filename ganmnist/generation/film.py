"""The film of a training: the same latents through all of its kept states, from noise to digits. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ganmnist.config import FilmConfig
from ganmnist.errors import ModelError, ModelNotFound
from ganmnist.latent.vectors import Latents, inputs
from ganmnist.models import frames
from ganmnist.models.frames import Frame
from ganmnist.models.manifest import ALL_BUNDLED, ModelManifest
from ganmnist.models.store import ModelFolder
from ganmnist.storage.safetensors_header import Layouts

if TYPE_CHECKING:
    from ganmnist.generation.sampler import Sampler


FrameCache = dict[tuple[str, bytes], NDArray[np.uint8]]  # (N, 28, 28) by the checksum of a frame and the bytes of z


@dataclass(frozen=True)
class RenderedFilm:
    """What the snapshots of a training make of the same latents.

    Attributes:
        frames: The snapshots, the earliest first; the last one is the model itself.
        images: uint8 (frames, N, 28, 28).
        remarks: What is left out, a sentence each.
    """

    frames: list[Frame]
    images: NDArray[np.uint8]
    remarks: list[str]


def draw(folder: ModelFolder, config: FilmConfig | None = None) -> RenderedFilm:
    """Draw the film of a model from the user's store.

    Raises:
        ModelError: The files of the model itself are damaged.
        ModelNotFound: It has no snapshots of its training.
        SettingError: It does not know what is asked for.
    """
    from ganmnist.generation.sampler import Sampler

    config = config or FilmConfig()
    sampler = Sampler.load(folder)
    z = inputs(config, sampler.latent_dim, sampler.known_classes, sampler.directions_for(config))
    return render_frames(folder, folder.manifest(), sampler, z)


def render_frames(
    folder: ModelFolder, manifest: ModelManifest, sampler: Sampler, z: Latents, cache: FrameCache | None = None
) -> RenderedFilm:
    """Draw the film of a loaded model.

    Args:
        folder: Where the snapshots of its training are. Those after the model are left out: there it became worse.
        manifest, sampler: The model, which is the last frame.
        z: Whole vectors, float32 (N, latent_dim + classes).
        cache: Images that are known; new ones are added.

    Raises:
        ModelNotFound: It has no snapshots of its training.
    """
    kept = [step for step in frames.steps(folder.film) if step < sampler.step]
    if not kept:
        raise no_film(folder.name)
    renderer = FrameRenderer(folder.film, sampler, {} if cache is None else cache, z)
    found: list[Frame] = []
    images: list[NDArray[np.uint8]] = []
    remarks: list[str] = []
    for step in frames.even(kept, frames.MAX_FRAMES - 1):
        try:
            frame = frames.read_frame(folder.film, step)
            images.append(renderer.render(frame))
            found.append(frame)
        except ModelError as error:
            if step in frames.steps(folder.film):  # else the training has let go of it meanwhile
                remarks.append(f"The frame at step {step} is left out: {error}.")
    found.append(Frame(epoch=manifest.epoch, step=sampler.step, seconds=manifest.seconds))
    return RenderedFilm(found, np.stack([*images, sampler.generate(z)]), remarks)


class FrameRenderer:
    """One generator whose weights change from frame to frame."""

    def __init__(self, path: Path, model: Sampler, cache: FrameCache, z: Latents) -> None:
        self._path, self._model, self._frame_cache, self._z = path, model, cache, z
        self._layouts: Layouts | None = None
        self._sampler: Sampler | None = None

    def render(self, frame: Frame) -> NDArray[np.uint8]:
        from ganmnist.generation.sampler import Sampler
        from ganmnist.networks.build import generator_layouts

        key = (frame.sha256, self._z.tobytes())
        if key not in self._frame_cache:
            self._layouts = self._layouts or generator_layouts(self._model.networks)
            weights = frames.load(self._path, frame, self._layouts)
            if self._sampler is None:
                self._sampler = Sampler(self._model.networks, weights, self._model.name, frame.step)
            else:
                self._sampler.update(weights, frame.step)
            self._frame_cache[key] = self._sampler.generate(self._z)
        return self._frame_cache[key]


def no_film(name: str) -> ModelNotFound:
    """Return what to say of a model that has no snapshots of its training."""
    if name in ALL_BUNDLED:
        return ModelNotFound(f"model: {name} has no snapshots of its training: train one to see a film")
    return ModelNotFound(
        f"model: {name} has no snapshots of its training: it came from a file, from an earlier version or "
        "grew on a full disk. Train one to see a film"
    )
