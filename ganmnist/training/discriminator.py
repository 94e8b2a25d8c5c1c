"""A loaded discriminator that judges images, and tells what a generator would have them be otherwise."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganmnist.layers import MinibatchStd
from ganmnist.networks.build import build_discriminator
from ganmnist.networks.network import SkipInit
from ganmnist.networks.spec import ModelConfig
from ganmnist.training.losses import LOSSES, smoothing
from ganmnist.training.recipe import Recipe

Pixels = NDArray[np.float32]  # (N, 1, 28, 28) in [-1, 1]
Condition = NDArray[np.float32]  # (N, length of the condition)


class Discriminator:
    """A discriminator for use: weights fixed, BatchNorm in inference mode. What is asked of it is of the first image.

    Attributes:
        networks: Whose discriminator it is.
        step: Of the training, at which it was like this.
        group: How many images it compares: so many are judged side by side, 1 where it judges each by itself.
        loss_name: The loss that both networks make smaller.
    """

    def __init__(self, networks: ModelConfig, weights: Mapping[str, Tensor], plan: Recipe, step: int) -> None:
        """Build the network and put the weights in place.

        Args:
            networks: Whose discriminator it is.
            weights: Those of `GANTrainer.discriminator`.
            plan: How it was trained: its losses are those of this plan.
            step: Of the training, at which it was like this.
        """
        self.networks, self.step = networks, step
        self.group = max([1, *(each.group for each in networks.discriminator.layers if isinstance(each, MinibatchStd))])
        self.loss_name = plan.loss
        self._loss, self._smoothing = LOSSES[plan.loss], plan.label_smoothing
        with SkipInit():
            self._network = build_discriminator(networks)
        self._network.load_state_dict(dict(weights))
        self._network.requires_grad_(False).eval()

    @property
    def needs_pair(self) -> bool:
        """Whether the generator's loss, too, depends on real images."""
        return self._loss.relativistic

    def walk(self, images: Pixels, condition: Condition) -> list[NDArray[np.float32]]:
        """Return what leaves each layer for the first of some images: (units,) or (channels, height, width).

        A Sigmoid at the end, which belongs to the loss, is applied here.
        """
        with torch.inference_mode():
            outputs = [each[0] for each in self._network.walk(*_tensors(images, condition))]
            if len(outputs) < len(self.networks.discriminator.layers):
                outputs.append(outputs[-1].sigmoid())
        return [output.contiguous().numpy() for output in outputs]

    def logit(self, images: Pixels, condition: Condition) -> float:
        """Return what it says of the first of some images: above 0 for real."""
        with torch.inference_mode():
            return float(self._network(*_tensors(images, condition))[0])

    def fitting_cluster(self, images: Pixels, classes: Condition) -> int:
        """Return the cluster to which, as the discriminator sees it, the first of some images fits best.

        Which one it was of is known to its training alone.

        Args:
            images: (N, 1, 28, 28) in [-1, 1].
            classes: Their classes as one-hot, (N, classes).
        """
        clusters, count = self.networks.clusters, len(images)
        each = np.repeat(np.eye(clusters, dtype=np.float32), count, 0)  # (clusters * N, clusters)
        condition = np.concatenate([each, np.tile(classes, (clusters, 1))], 1)
        with torch.inference_mode():
            logits = self._network(*_tensors(np.tile(images, (clusters, 1, 1, 1)), condition))
        return int(logits.view(clusters, count)[:, 0].argmax())

    def loss(self, real: float, fake: float) -> float:
        """Return its own loss at one pair of logits, without the penalties on its gradient."""
        pair = torch.tensor([[real]]), torch.tensor([[fake]])
        return (self._loss.discriminator(*pair) + smoothing(pair[0], self._smoothing)).item()

    def generator_loss(self, fake: float, real: float | None) -> float:
        """Return the generator's loss at the logits of one fake, and of one real image where it `needs_pair`."""
        return self._loss.generator(torch.tensor([[fake]]), torch.tensor([[real or 0.0]])).item()

    def gradient(self, fakes: Pixels, condition: Condition, real: float | None) -> NDArray[np.float32]:
        """Return how the generator's loss changes with each pixel of the first of some fakes, (28, 28).

        That is what backpropagation carries from the discriminator into the generator (Goodfellow et al. 2014,
        algorithm 1); the loss is of this image alone.

        Args:
            fakes: (N, 1, 28, 28) in [-1, 1].
            condition: (N, length of the condition).
            real: The logit of a real image, where it `needs_pair`.
        """
        images, told = _tensors(fakes, condition)
        images.requires_grad_(True)
        loss = self._loss.generator(self._network(images, told)[:1], torch.tensor([[real or 0.0]]))
        (gradient,) = torch.autograd.grad(loss, images)
        pixels: NDArray[np.float32] = gradient[0, 0].contiguous().numpy()
        return pixels


def _tensors(images: Pixels, condition: Condition) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(images.astype(np.float32)), torch.from_numpy(condition.astype(np.float32))
