"""A loaded generator that answers z with images: the same z gives the same bytes, alone or among others.

That is the processor's promise. An accelerator, which draws many at once, may round otherwise.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganmnist import paths
from ganmnist.class_names import KnownClasses, names_of
from ganmnist.config import STYLE_ATTRIBUTES, DeviceName, GenerateConfig, LatentConfig
from ganmnist.device import choose, failure_of
from ganmnist.errors import ModelError, SettingError
from ganmnist.evaluation.likeness import are_digits
from ganmnist.generation import find_directions
from ganmnist.generation.placement import Placement, measure_placement
from ganmnist.latent import directions
from ganmnist.latent.directions import Direction
from ganmnist.latent.vectors import Classes, Latents, from_seed, in_turn, inputs, one_hot
from ganmnist.models.archive import ModelFile
from ganmnist.models.manifest import Source
from ganmnist.models.store import ModelFolder, ModelStore
from ganmnist.networks.build import build_generator
from ganmnist.networks.folding import fold_batchnorm
from ganmnist.networks.network import SkipInit
from ganmnist.networks.spec import ModelConfig
from ganmnist.pixels import to_images

_TRIED = 40  # digits that tell whether its classes are what they are called
_PLACED = 80  # digits that tell where the model has its ink
_USUAL = 22_000_000  # multiply-adds of a usual generator, for a digit
_PROBES = 4  # vectors that a model from elsewhere is tried with
_BATCH = 16  # what a layer makes of them stays in the processor's cache
_BATCH_ELSEWHERE = 1024  # an accelerator has no promise to keep, and is idle with fewer


class Sampler:
    """A generator for use: weights fixed, BatchNorm in inference mode."""

    def __init__(
        self,
        networks: ModelConfig,
        weights: Mapping[str, Tensor],
        name: str,
        step: int,
        class_names: Sequence[str] = (),
        device: DeviceName = "cpu",
    ) -> None:
        """Build the networks and put the weights in place.

        Args:
            networks: What generates.
            weights: Their parameters, on any device.
            name: Of the model.
            step: Where its training stood.
            class_names: What its classes are called; their numbers unless given.
            device: What it draws on; auto takes the first accelerator that works.

        Raises:
            ModelError: The weights are not those of these networks.
            DeviceError: The device is not there, or does not work.
        """
        self.name = name
        self.class_names = names_of(networks.classes, class_names)
        self._finding = threading.Lock()
        self._keep: Callable[[tuple[Direction, ...]], object] = lambda found: None
        self.networks = networks
        self.latent_dim = networks.latent_dim
        self.classes = networks.classes
        with SkipInit():
            self._generator = build_generator(networks)
        self._generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.device = choose(device).device
        self._generator.requires_grad_(False).eval().to(self.device)
        self._batch_invariant: bool | None = None
        rows, _ = networks.tables()
        self.effort = max(1.0, sum(row.multiply_adds for row in rows) / _USUAL)  # what a digit takes, in usual ones
        self.update(weights, step)

    @property
    def known_classes(self) -> KnownClasses:
        """The classes that digits may be chosen from, and the name of the model by now."""
        return KnownClasses(self.class_names, self.name)

    def update(self, weights: Mapping[str, Tensor], step: int) -> None:
        """Put other weights of the same networks in place.

        Raises:
            ModelError: They are not those of these networks.
        """
        _check_fit(self._generator, weights, self.name)
        self._generator.load_state_dict(dict(weights))
        self._directions: tuple[Direction, ...] | None = None
        self._draws_digits: bool | None = None
        self._placement: Placement | None = None
        self._run = fold_batchnorm(self._generator)
        self.step = step
        self.source: Source | None = None  # known where they come from a folder

    @classmethod
    def load(cls, folder: ModelFolder, *, last: bool = False, device: DeviceName = "cpu") -> Sampler:
        """Load a model from its folder: its best state, or the last.

        Raises:
            ModelError: Its files are absent or damaged, or the weights are not those of its networks.
            DeviceError: The device is not there, or does not work.
        """
        manifest, weights = folder.load(last=last)
        sampler = cls(manifest.networks, weights, manifest.name, manifest.step, manifest.class_names, device)
        sampler.source = Source(manifest.name, manifest.id, manifest.step, manifest.sha256)
        sampler._directions = directions.read_directions(folder.path, manifest.sha256)
        sampler._keep = lambda found: directions.write_directions(folder.path, manifest.sha256, found)
        return sampler

    def generate(self, z: Latents, classes: Classes | None = None) -> NDArray[np.uint8]:
        """Generate one image per latent vector; on the processor the same bytes whatever stands beside it.

        Args:
            z: float32 (N, latent_dim), or whole vectors with the weights of their classes, (N, latent_dim + classes).
            classes: Which digit each is to be, (N,), where z does not say it; 0, 1, 2 ... in turn unless given, of no
                meaning without classes.

        Returns:
            uint8 (N, 28, 28), row 0 at the top.

        Raises:
            SettingError: The vectors have another length than the model takes, or a class is not known.
            DeviceError: The device fails.
        """
        inputs = torch.from_numpy(self._inputs(z, classes))
        try:
            with torch.inference_mode():
                images = [to_images(self._run(part.to(self.device))) for part in self._parts(inputs)]
        except RuntimeError as error:
            failure = failure_of(error, self.device)
            if failure is None:
                raise
            raise failure from error
        return images[0] if len(images) == 1 else np.concatenate(images)

    def _parts(self, inputs: Tensor) -> list[Tensor]:
        """Return what is drawn at once; at least one part, which may be empty."""
        if self.device.type != "cpu":
            return list(torch.split(inputs, _BATCH_ELSEWHERE))
        count = len(inputs)
        together = count - count % _BATCH if count >= _BATCH and self._is_batch_invariant() else 0
        parts = [inputs[start : start + _BATCH] for start in range(0, together, _BATCH)]
        return parts + [inputs[start : start + 1] for start in range(together, max(count, 1))]

    def directions(self) -> tuple[Direction, ...]:
        """Return the directions that have a name. The first call finds them, in about a second, and stores them."""
        with self._finding:
            if self._directions is None:
                self._directions = find_directions.find(self)
                with suppress(OSError):  # then they are found anew the next time
                    self._keep(self._directions)
            return self._directions

    def draws_digits(self) -> bool:
        """Tell whether its classes are called after the digits that they show. The first call finds out."""
        if self._draws_digits is None:
            asked = in_turn(_TRIED, self.classes)
            names = [self.class_names[place] for place in asked] if self.classes else []
            self._draws_digits = bool(names) and are_digits(
                self.generate(from_seed(0, _TRIED, self.latent_dim), asked), names
            )
        return self._draws_digits

    def placement(self) -> Placement:
        """Return where the model's digits have their ink, to fit drawings to. The first call measures it."""
        if self._placement is None:
            self._placement = measure_placement(self.generate(from_seed(0, _PLACED, self.latent_dim)))
        return self._placement

    def directions_for(self, config: LatentConfig) -> tuple[Direction, ...]:
        """Return the directions if sliders want any; else none, and none are looked for."""
        return self.directions() if any(getattr(config, name) is not None for name in STYLE_ATTRIBUTES) else ()

    def take_directions(self, before: Sampler) -> None:
        """Go along the directions that were found for an earlier state, unless these weights have some of their own.

        While a model trains, sliders then go on doing what they did.
        """
        self._directions = self._directions or before._directions

    def clusters_of(self, z: Latents) -> Classes:
        """Return the cluster in whose part of latent space each vector lies, (N,). For networks that have clusters.

        Their classes are those that `generate` gives them.
        """
        cells = self._generator.cells
        assert cells is not None
        with torch.inference_mode():
            return cells.nearest(torch.from_numpy(self._inputs(z, None)).to(self.device)).cpu().numpy()

    def first_weights(self) -> NDArray[np.float32] | None:
        """Return how the first layer weighs z, (units, latent_dim), if it is a Dense: what says the cluster by 0."""
        cells = self._generator.cells
        first = self._generator[0 if cells is None else 1]
        if not isinstance(first, nn.Linear):
            return None
        weights = first.weight[:, : self.latent_dim]
        if cells is not None:
            weights = weights * (cells.directions == 0).all(1)
        return weights.cpu().numpy()

    def sample(self, config: GenerateConfig | None = None) -> NDArray[np.uint8]:
        """Generate the images that settings ask for: uint8 (N, 28, 28)."""
        config = config or GenerateConfig()
        return self.generate(inputs(config, self.latent_dim, self.known_classes, self.directions_for(config)))

    def walk(self, z: Latents, classes: Classes | None = None) -> list[NDArray[np.float32]]:
        """Return the feature maps of each layer for one latent vector.

        Args:
            z: float32 (1, latent_dim), or a whole vector, (1, latent_dim + classes).
            classes: Which digit it is to be, (1,), where z does not say it.

        Returns:
            One array per layer, (units,) or (channels, height, width).

        Raises:
            SettingError: As `generate`.
        """
        with torch.inference_mode():
            inputs = torch.from_numpy(self._inputs(z, classes)[:1]).to(self.device)
            return [output[0].cpu().contiguous().numpy() for output in self._generator.walk(inputs)]

    def outputs(self, inputs: Tensor) -> Tensor:
        """Run whole inputs through the generator so that gradients flow back to them.

        Args:
            inputs: z and the weights of the classes side by side, (N, latent_dim + classes).

        Returns:
            (N, 1, 28, 28) in [-1, 1].
        """
        return self._run(inputs.to(self.device)).to(inputs.device)

    def _is_batch_invariant(self) -> bool:
        """Tell whether a batch comes to the very same bits as its samples one by one.

        That is up to the kernels for these networks on this processor, so it is tried out, once.
        """
        if self._batch_invariant is None:
            probe = torch.from_numpy(self._inputs(from_seed(0, _BATCH, self.latent_dim), None))
            with torch.inference_mode():
                self._batch_invariant = torch.equal(
                    self._run(probe), torch.cat([self._run(row[None]) for row in probe])
                )
        return self._batch_invariant

    def _inputs(self, z: Latents, classes: Classes | None) -> NDArray[np.float32]:
        """Return whole vectors, the class as one-hot behind z: float32 (N, latent_dim + classes)."""
        if z.ndim == 2 and z.shape[1] == self.networks.input_dim and (classes is None or not self.classes):
            return np.ascontiguousarray(z, np.float32)
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise SettingError(f"z: expected shape (N, {self.latent_dim}), got {z.shape}")
        chosen = in_turn(len(z), self.classes) if classes is None else classes
        if chosen.shape != (len(z),) or ((chosen < 0) | (chosen >= self.classes)).any():
            raise SettingError(f"classes: expected {len(z)} numbers from 0 to {self.classes - 1}, got {chosen}")
        return np.concatenate([z, one_hot(chosen, self.classes)], 1, dtype=np.float32)


def _check_fit(generator: nn.Module, weights: Mapping[str, Tensor], name: str) -> None:
    expected = {key: (tuple(value.shape), value.dtype) for key, value in generator.state_dict().items()}
    found = {key: (tuple(value.shape), value.dtype) for key, value in weights.items()}
    if expected != found:
        wrong = sorted(key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key))
        raise ModelError(f"model {name}: its weights are not those of its networks; first at {wrong[0]}")


def generate(
    config: GenerateConfig | None = None,
    model: str | None = None,
    *,
    home: Path | None = None,
    device: DeviceName = "cpu",
) -> NDArray[np.uint8]:
    """Generate images with a model from the user's store: uint8 (N, 28, 28).

    Args:
        config: Which digits; one from seed 0 unless given.
        model: Name of the model; the bundled one unless given.
        home: Folder of the models; the user's own unless given.
        device: What they are drawn on.

    Raises:
        ModelNotFound: There is no such model.
        DeviceError: The device is not there, or does not work.
    """
    return load_model(model, home=home, device=device).sample(config)


def load_model(
    name: str | None = None, *, last: bool = False, home: Path | None = None, device: DeviceName = "cpu"
) -> Sampler:
    """Load a model from the user's store, ready to draw.

    Args:
        name: Its name; the bundled one unless given.
        last: As the training ended, where it was better before.
        home: Folder of the models; the user's own unless given.
        device: What it draws on: cpu, where the same z gives the same bytes; cuda, mps or xpu; or auto, the first of
            these that works.

    Raises:
        ModelNotFound: There is no such model.
        ModelError: Its files are damaged.
        DeviceError: The device is not there, or does not work.
    """
    return Sampler.load(ModelStore(home or paths.home()).find(name), last=last, device=device)


def validate_drawing(found: ModelFile, where: str) -> None:
    """Have a model from elsewhere draw, as everybody will who chooses it.

    Raises:
        ModelError: What it draws is not finite, though its weights are.
    """
    from safetensors.torch import load

    manifest = found.manifest
    sampler = Sampler(manifest.networks, load(found.weights), manifest.name, manifest.step)
    z = from_seed(0, _PROBES, sampler.latent_dim)
    if not all(np.isfinite(output).all() for one in z for output in sampler.walk(one[None])):
        raise ModelError(f"{where}: its weights are so large that what it draws is no number: train it again")
