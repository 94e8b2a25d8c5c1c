"""Two networks that are trained against each other: what is trained, and one step of it."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ganmnist.layers import MinibatchStd
from ganmnist.networks.adam import Adam
from ganmnist.networks.build import build_discriminator, build_generator, scale_before_norms
from ganmnist.training import losses
from ganmnist.training.augment import augment
from ganmnist.training.recipe import Recipe

_EMA_DECAY = 0.9995
_NARROWING = 2000  # steps in which the spread of the latents comes to what it is to be: early it would cost quality
_STEPS_ALONE = 50  # of a new discriminator beside a generator that has learned already
_PENALTY_INTERVAL = 8  # steps between two penalties: lazy regularisation, as in Karras et al. 2020, section 3.1


class GANTrainer:
    """Generator, discriminator, their optimisers and the running average of the generator.

    Attributes:
        step: Steps done.
        seconds: Time they took.
        averaged: Exponential moving average of the generator's weights and statistics, better than any single step's
            (Yazici et al. 2019). This is what generates.
    """

    def __init__(self, recipe: Recipe, *, bfloat16: bool = False, augmented: bool = False) -> None:
        """Build both networks anew.

        Args:
            recipe: How they are built and trained.
            bfloat16: Convolve and multiply in bfloat16, which some processors do faster; weights stay float32.
            augmented: The discriminator sees no image as it is, which few images need.
        """
        self.networks = recipe.networks
        self.generator = build_generator(self.networks).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.discriminator = build_discriminator(self.networks).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        for network in (self.generator, self.discriminator):
            scale_before_norms(network, recipe.norm_start)
        betas = (recipe.beta1, recipe.beta2)
        self.adam_g = Adam(self.generator.parameters(), recipe.learning_rate, betas)
        self.adam_d = Adam(self.discriminator.parameters(), recipe.learning_rate * recipe.discriminator_rate, betas)
        self._cells = self.generator.cells
        self._begin_average()
        self.step = 0
        self.seconds = 0.0
        self._steps_alone = 0
        self._recipe = recipe
        self._loss = losses.LOSSES[recipe.loss]
        self._bfloat16 = bfloat16
        self._augmented = augmented
        self._noise = 0.0

    def begun_from_weights(self, *, alone: bool) -> None:
        """Take the generator's weights for what was learned before: they are the average too, and worth keeping.

        Args:
            alone: The discriminator has yet to learn, alone at first.
        """
        self._begin_average()
        self._steps_alone = _STEPS_ALONE if alone else 0

    def train_step(self, real: Tensor, kinds: Tensor, progress: float) -> tuple[float, float]:
        """Do one step (Goodfellow et al. 2014, algorithm 1): first the discriminator learns, then the generator.

        Both learn from the same fakes, so the generator runs forward once.

        Args:
            real: Images in [-1, 1], (N, 1, 28, 28), sorted by kind where networks are told it.
            kinds: Their classes or clusters, (N,), or where there are both class * clusters + cluster; of no meaning
                to networks that are told neither.
            progress: How much of the budget is used up, 0 to 1.

        Returns:
            Losses of the discriminator and of the generator.
        """
        self.adam_g.lr = self._recipe.learning_rate * self._recipe.lr_factor(progress)
        self.adam_d.lr = self.adam_g.lr * self._recipe.discriminator_rate
        self._noise = self._recipe.noise * (1 - progress)
        condition = self._told(kinds)
        inputs, fake_condition = self._draw(kinds)

        with self._precision():
            fake = self.generator(inputs)  # (N, 1, 28, 28)
            real_logits, fake_logits = self._judge(real, fake.detach(), condition, fake_condition)
        loss_d = self._loss.discriminator(real_logits.float(), fake_logits.float())
        loss_d = loss_d + losses.smoothing(real_logits.float(), self._recipe.label_smoothing)
        self.adam_d.zero_grad()
        (loss_d + self._penalty(real, fake, condition, fake_condition)).backward()  # type: ignore[no-untyped-call]
        self.adam_d.step()

        self.discriminator.requires_grad_(False)  # its gradients are not needed while the generator learns
        with self._precision():
            fake_logits = self.discriminator(self._seen(fake), fake_condition)
            real_logits = self.discriminator(self._seen(real), condition) if self._loss.relativistic else real_logits
        loss_g = self._loss.generator(fake_logits.float(), real_logits.float())
        if self.step >= self._steps_alone:
            self.adam_g.zero_grad()
            loss_g.backward()  # type: ignore[no-untyped-call]
            self.adam_g.step()
        self.discriminator.requires_grad_(True)

        self.step += 1
        self._average()
        return loss_d.item(), loss_g.item()

    def fit_clusters(self, kinds: Tensor) -> None:
        """Divide latent space among clusters as the images are divided: the kind of each, (N,). Before any step."""
        assert self._cells is not None
        self._cells.fit(torch.bincount(kinds, minlength=max(self.networks.classes, 1) * self.networks.clusters))
        self._begin_average()

    def is_finite(self) -> bool:
        """Tell whether all weights, and what generates, are finite."""
        kept = (self.generator.state_dict(), self.discriminator.state_dict(), self.averaged)
        tensors = [value for state in kept for value in state.values() if value.is_floating_point()]
        return bool(torch.stack(torch._foreach_norm(tensors, float("inf"))).isfinite().all())

    def _draw(self, kinds: Tensor) -> tuple[Tensor, Tensor]:
        """Draw what the generator is given, of the same classes, and return it with what is told of each fake."""
        spread = 1 + (self._recipe.latent_spread - 1) * min(1.0, self.step / _NARROWING)
        z = spread * torch.randn(len(kinds), self.networks.latent_dim)
        inputs = torch.cat([z, self._told(kinds)[:, self.networks.clusters :]], 1)
        if self._cells is not None:
            kinds = kinds - kinds % self.networks.clusters + self._cells.nearest(inputs)
            order = kinds.argsort(stable=True)  # neighbours of one cluster can be compared
            inputs, kinds = inputs[order], kinds[order]
        return inputs, self._told(kinds)

    def _told(self, kinds: Tensor) -> Tensor:
        """Return what the discriminator is told of images: cluster and class as one-hot, (N, clusters + classes)."""
        clusters = self.networks.clusters
        of_each = max(clusters, 1)
        return torch.cat([_one_hot(kinds % of_each, clusters), _one_hot(kinds // of_each, self.networks.classes)], 1)

    def _judge(self, real: Tensor, fake: Tensor, condition: Tensor, fake_condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of both: in one pass, which takes less time, unless a layer would look at both together.

        BatchNorm's statistics would tell them apart by themselves.
        """
        real, fake = self._seen(real), self._seen(fake)
        if self._mixes(len(real)):
            return self.discriminator(real, condition), self.discriminator(fake, fake_condition)
        logits = self.discriminator(torch.cat([real, fake]), torch.cat([condition, fake_condition]))
        return cast(tuple[Tensor, Tensor], logits.split(len(real)))

    def _seen(self, images: Tensor) -> Tensor:
        """Return what the discriminator is shown of images."""
        if self._augmented:
            images = augment(images)
        return images + self._noise * torch.randn_like(images) if self._noise else images

    def _mixes(self, count: int) -> bool:
        layers = self.networks.discriminator.layers
        return any(
            layer.mixes_samples and not (isinstance(layer, MinibatchStd) and count % layer.group == 0)
            for layer in layers
        )

    def _penalty(self, real: Tensor, fake: Tensor, condition: Tensor, fake_condition: Tensor) -> Tensor:
        """Return the gradient penalties of the discriminator, those with R1 and R2 in the steps that have them."""
        penalty = torch.zeros(())
        if self._loss.gradient_penalty:
            penalty = self._loss.gradient_penalty * losses.gradient_penalty(
                self.discriminator, real, fake.float(), condition
            )
        if self.step % _PENALTY_INTERVAL:
            return penalty
        for weight, images, told in (
            (self._recipe.r1, real, condition),
            (self._recipe.r2, fake.float(), fake_condition),
        ):
            if weight:
                penalty = penalty + weight * _PENALTY_INTERVAL * losses.r1_penalty(self.discriminator, images, told)
        return penalty

    def _precision(self) -> torch.autocast:
        return torch.autocast("cpu", torch.bfloat16, enabled=self._bfloat16)

    def _begin_average(self) -> None:
        self.averaged = {key: value.clone() for key, value in self.generator.state_dict().items()}

    def _average(self) -> None:
        decay = min(_EMA_DECAY, (1 + self.step) / (10 + self.step))  # short memory at first, when weights still run
        now = self.generator.state_dict()
        numbers = [key for key, value in now.items() if value.is_floating_point()]
        torch._foreach_lerp_([self.averaged[key] for key in numbers], [now[key] for key in numbers], 1 - decay)
        for key in now.keys() - set(numbers):  # BatchNorm's count of batches
            self.averaged[key].copy_(now[key])


def _one_hot(classes: Tensor, count: int) -> Tensor:
    """Return (N, count), 1 at each sample's class; nothing at all for a count of 0."""
    return one_hot(classes, count).float() if count else torch.empty(len(classes), 0)
