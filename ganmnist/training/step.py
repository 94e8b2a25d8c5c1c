"""Two networks that are trained against each other: what is trained, and one step of it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple, cast

import torch
from torch import Tensor

from ganmnist.device import PROCESSOR
from ganmnist.layers import MinibatchStd
from ganmnist.networks.adam import Adam
from ganmnist.networks.build import build_discriminator, build_generator, scale_before_norms
from ganmnist.training import losses
from ganmnist.training.augment import augment
from ganmnist.training.ranks import ALONE, Ranks
from ganmnist.training.recipe import Recipe

_EMA_DECAY = 0.9995
_NARROWING = 2000  # steps in which the spread of the latents comes to what it is to be: early it would cost quality
_STEPS_ALONE = 50  # of a new discriminator beside a generator that has learned already
_PENALTY_INTERVAL = 8  # steps between two penalties: lazy regularisation, as in Karras et al. 2020, section 3.1


class Turn(NamedTuple):
    """What a step does that the one before may not: of each combination a graph is captured."""

    penalised: bool  # with R1 and R2
    alone: bool  # the discriminator learns, the generator does not


class Schedule(NamedTuple):
    """What changes from step to step: numbers, or tensors on the device, which a captured graph reads at each replay.

    Attributes:
        lr_g, lr_d: Learning rates of generator and discriminator.
        noise: Spread of the noise on what the discriminator sees.
        spread: Spread of the latent vectors.
        follow: How far the average follows the generator.
    """

    lr_g: float | Tensor
    lr_d: float | Tensor
    noise: float | Tensor
    spread: float | Tensor
    follow: float | Tensor


class GANTrainer:
    """Generator, discriminator, their optimisers and the running average of the generator.

    Attributes:
        recipe: How they are built and trained.
        device: Where all of them live.
        ranks: The processes that train it together.
        step: Steps done.
        seconds: Time they took.
        averaged: Exponential moving average of the generator's weights and statistics, better than any single step's
            (Yazici et al. 2019). This is what generates.
    """

    def __init__(
        self,
        recipe: Recipe,
        *,
        device: torch.device = PROCESSOR,
        bfloat16: bool = False,
        augmented: bool = False,
        ranks: Ranks = ALONE,
    ) -> None:
        """Build both networks anew: on the processor, so that a seed gives the same first weights everywhere.

        Args:
            recipe: How they are built and trained.
            device: Where they are moved then.
            bfloat16: Convolve and multiply in bfloat16, which some processors do faster; weights stay float32.
            augmented: The discriminator sees no image as it is, which few images need.
            ranks: The processes that train it together: each gives the steps its part of every batch.
        """
        self.networks = recipe.networks
        self.generator = build_generator(self.networks).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.discriminator = build_discriminator(self.networks).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        for network in (self.generator, self.discriminator):
            scale_before_norms(network, recipe.norm_start)
            network.to(device)
        betas = (recipe.beta1, recipe.beta2)
        self.adam_g = Adam(self.generator.parameters(), recipe.learning_rate, betas)
        self.adam_d = Adam(self.discriminator.parameters(), recipe.learning_rate * recipe.discriminator_rate, betas)
        self._cells = self.generator.cells
        self._begin_average()
        self.step = 0
        self.seconds = 0.0
        self._steps_alone = 0
        self.recipe, self.device, self.ranks = recipe, device, ranks
        self._statistics = [*self.generator.statistics(), *self.discriminator.statistics()]
        self._loss = losses.LOSSES[recipe.loss]
        self._bfloat16 = bfloat16
        self._augmented = augmented
        self._noise: float | Tensor = 0.0

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
        loss_d, loss_g = self.learn(real, kinds, self.schedule(progress), self.turn())
        self.step += 1
        return loss_d.item(), loss_g.item()

    def schedule(self, progress: float) -> Schedule:
        """Return the numbers of the next step, at a progress of 0 to 1 through the budget."""
        recipe, done = self.recipe, self.step + 1
        lr = recipe.learning_rate * recipe.lr_factor(progress)
        return Schedule(
            lr_g=lr,
            lr_d=lr * recipe.discriminator_rate,
            noise=recipe.noise * (1 - progress),
            spread=1 + (recipe.latent_spread - 1) * min(1.0, self.step / _NARROWING),
            follow=1 - min(_EMA_DECAY, (1 + done) / (10 + done)),  # short memory at first, when weights still run
        )

    def turn(self) -> Turn:
        """Return what the next step does."""
        return Turn(penalised=self.step % _PENALTY_INTERVAL == 0, alone=self.step < self._steps_alone)

    def learn(self, real: Tensor, kinds: Tensor, schedule: Schedule, turn: Turn) -> tuple[Tensor, Tensor]:
        """Do the arithmetic of a step. Nothing in it waits for the device, so it can be called, or captured as a graph.

        Args:
            real, kinds: As for `train_step`, on the trainer's device.
            schedule, turn: What is particular to this step.

        Returns:
            Losses of the discriminator and of the generator, ().
        """
        self.adam_g.lr, self.adam_d.lr, self._noise = schedule.lr_g, schedule.lr_d, schedule.noise
        condition = self._told(kinds)
        inputs, fake_condition = self._draw(kinds, schedule.spread)

        with self._precision():
            fake = self.generator(inputs)  # (N, 1, 28, 28)
            real_logits, fake_logits = self._judge(real, fake.detach(), condition, fake_condition)
        loss_d = self._loss.discriminator(real_logits.float(), fake_logits.float())
        loss_d = loss_d + losses.smoothing(real_logits.float(), self.recipe.label_smoothing)
        self.adam_d.zero_grad()
        penalty = self._penalty(real, fake, condition, fake_condition, turn)
        (loss_d + penalty).backward()  # type: ignore[no-untyped-call]
        self.ranks.average(self.adam_d.gradients())
        self.adam_d.step()

        self.discriminator.requires_grad_(False)  # its gradients are not needed while the generator learns
        with self._precision():
            fake_logits = self.discriminator(self._seen(fake), fake_condition)
            real_logits = self.discriminator(self._seen(real), condition) if self._loss.relativistic else real_logits
        loss_g = self._loss.generator(fake_logits.float(), real_logits.float())
        told = [loss_d.detach(), loss_g.detach()]
        if turn.alone:
            self.ranks.average([*self._statistics, *told])
        else:
            self.adam_g.zero_grad()
            loss_g.backward()  # type: ignore[no-untyped-call]
            self.ranks.average([*self.adam_g.gradients(), *self._statistics, *told])
            self.adam_g.step()
        self.discriminator.requires_grad_(True)
        self._average(schedule.follow)
        return told[0], told[1]

    def fit_clusters(self, kinds: Tensor) -> None:
        """Divide latent space among clusters as the images are divided: the kind of each, (N,). Before any step."""
        assert self._cells is not None
        self._cells.fit(torch.bincount(kinds, minlength=self.networks.kinds))
        self._begin_average()

    def share(self) -> None:
        """Have all processes stand where the first does: weights, averages, and what the optimisers have gathered."""
        standing = torch.tensor([self.step, self.seconds, self._steps_alone], dtype=torch.float64)
        states = [self.generator.state_dict(), self.discriminator.state_dict(), self.averaged]
        states += [self.adam_g.state(), self.adam_d.state()]
        # By name: in what a checkpoint gave back they stand in another order.
        self.ranks.share([standing, *(state[name] for state in states for name in sorted(state))])
        step, self.seconds, alone = standing.tolist()
        self.step, self._steps_alone = int(step), int(alone)

    def is_finite(self) -> bool:
        """Tell whether all weights, and what generates, are finite."""
        kept = (self.generator.state_dict(), self.discriminator.state_dict(), self.averaged)
        tensors = [value for state in kept for value in state.values() if value.is_floating_point()]
        return bool(torch.stack(torch._foreach_norm(tensors, float("inf"))).isfinite().all())

    def _draw(self, kinds: Tensor, spread: float | Tensor) -> tuple[Tensor, Tensor]:
        """Draw what the generator is given, of the same classes, and return it with what is told of each fake."""
        z = spread * torch.randn(len(kinds), self.networks.latent_dim, device=self.device)
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
        return images + self._noise * torch.randn_like(images) if self.recipe.noise else images

    def _mixes(self, count: int) -> bool:
        layers = self.networks.discriminator.layers
        return any(
            layer.mixes_samples and not (isinstance(layer, MinibatchStd) and count % layer.group == 0)
            for layer in layers
        )

    def _penalty(self, real: Tensor, fake: Tensor, condition: Tensor, fake_condition: Tensor, turn: Turn) -> Tensor:
        """Return the gradient penalties of the discriminator, those with R1 and R2 in the steps that have them."""
        penalty = torch.zeros((), device=self.device)
        if self._loss.gradient_penalty:
            penalty = self._loss.gradient_penalty * losses.gradient_penalty(
                self.discriminator, real, fake.float(), condition
            )
        if not turn.penalised:
            return penalty
        for weight, images, told in (
            (self.recipe.r1, real, condition),
            (self.recipe.r2, fake.float(), fake_condition),
        ):
            if weight:
                penalty = penalty + weight * _PENALTY_INTERVAL * losses.r1_penalty(self.discriminator, images, told)
        return penalty

    def _precision(self) -> AbstractContextManager[object]:
        return torch.autocast(self.device.type, torch.bfloat16) if self._bfloat16 else nullcontext()

    def _begin_average(self) -> None:
        self.averaged = {key: value.clone() for key, value in self.generator.state_dict().items()}

    def _average(self, follow: float | Tensor) -> None:
        now = self.generator.state_dict()
        numbers = [key for key, value in now.items() if value.is_floating_point()]
        averaged, latest = [self.averaged[key] for key in numbers], [now[key] for key in numbers]
        if isinstance(follow, Tensor):  # torch has no lerp of many by one tensor
            ahead = torch._foreach_sub(latest, averaged)
            torch._foreach_mul_(ahead, follow)
            torch._foreach_add_(averaged, ahead)
        else:
            torch._foreach_lerp_(averaged, latest, follow)
        for key in now.keys() - set(numbers):  # BatchNorm's count of batches
            self.averaged[key].copy_(now[key])


def _one_hot(classes: Tensor, count: int) -> Tensor:
    """Return (N, count), 1 at each sample's class; nothing at all for a count of 0.

    torch's own looks on some devices whether each class is below the count, and waits for the answer.
    """
    return (classes[:, None] == torch.arange(count, device=classes.device)).float()
