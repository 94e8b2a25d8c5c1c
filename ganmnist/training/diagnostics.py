"""Training diagnostics: divergence, mode collapse and the like, in plain words with a remedy. Pure functions, no torch.

They are made from what is at hand anyway: the losses of the last steps, and what the judge says of the images that it
gets every ten seconds or so. docs/training.md tells where the bounds come from.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence

from ganmnist.config import LossName
from ganmnist.evaluation.judgement import Judgement
from ganmnist.layers import ClassProjection, MinibatchStd
from ganmnist.training.pace import Slowdown, about
from ganmnist.training.presets import PRESETS
from ganmnist.training.recipe import Recipe

WINDOW = 200  # steps whose losses count
EARLY = 400  # steps; before that all images look alike, and like an 8, and like all that is learned from
_CHANCE: dict[LossName, float] = {  # the discriminator's loss where it can but guess
    "bce": 2 * math.log(2),
    "nonsaturating": 2 * math.log(2),
    "hinge": 2.0,
    "relativistic": math.log(2),  # wasserstein's has no such point, nor a bottom
}
_WON = 0.05  # share of that; healthy trainings stay above a half
_RUN_AWAY = 5.0  # likewise; their means stay below 1.1
_FELL_APART = 50.0  # likewise, for which fewer losses are enough
_FEW = 30  # losses
_FAR = 100.0  # Frechet distance of images that are no digits yet
_ABSENT = 0.1  # share of what there is in real images
_LEAST = 0.02  # a class of which there are fewer is not missed
_LEAST_ACCURACY = 0.2  # share of the images of a class that are of it
_ALIKE = 0.1  # diversity
_SHARES = {0.2: "a fifth", 1 / 3: "a third", 0.5: "half", 2 / 3: "two thirds", 0.8: "most", 0.95: "nearly all"}
_COPIED = 0.6  # novelty; 300 digits come to 0.86, and to 0.55 where the discriminator sees them as they are


class Remark(str):
    """A sentence that says nothing against the model: what its training had to do without, not what goes wrong."""

    __slots__ = ()


class Diagnostics:
    """The diagnostics of one training, handed over whenever they have changed."""

    def __init__(self, plan: Recipe, on_warnings: Callable[[tuple[str, ...]], object] | None) -> None:
        self._plan, self._on_warnings = plan, on_warnings
        self._losses_d: deque[float] = deque(maxlen=WINDOW)
        self._last: tuple[str, ...] = ()

    def add_loss(self, loss_d: float) -> None:
        """Note the discriminator's loss of a step."""
        self._losses_d.append(loss_d)

    def update(
        self, judgement: Judgement | None, novelty: float | None = None, slowdown: Slowdown | None = None
    ) -> None:
        """Diagnose from the recent losses, from what the judge said last, from how new the images are, and the pace."""
        found = diagnose(self._plan, self._losses_d, judgement, novelty, slowdown)
        if self._on_warnings and found != self._last:
            self._on_warnings(found)
        self._last = found


def diagnose(
    plan: Recipe,
    losses_d: Collection[float],
    judgement: Judgement | None,
    novelty: float | None = None,
    slowdown: Slowdown | None = None,
) -> tuple[str, ...]:
    """Return a sentence for each problem of a training, the cause before its consequences; none where all is well.

    Of these the pace is a `Remark`.

    Args:
        plan: How the training goes.
        losses_d: The discriminator's losses of the last `WINDOW` steps.
        judgement: What the judge said last, if anything.
        novelty: How far images are from those that were learned from, as a share of how far these are from each other.
        slowdown: What other programs cost it, if that is much. A training that only takes longer has no problem.
    """
    found = list(_of_the_losses(plan, losses_d, judgement))
    if judgement and judgement.step >= EARLY:
        found += _of_the_images(plan, judgement)
    if novelty is not None and novelty < _COPIED:
        found.append(
            "It copies the pictures that it learns from: most of what it draws is nearly one of them. Import more "
            "pictures, train for a shorter time, or begin with the weights of a model of many: start_from."
        )
    if slowdown and slowdown.fewer:
        found.append(_of_the_pace(slowdown))
    return tuple(found)


def not_finite_message(plan: Recipe, step: int, published: bool) -> str:
    """Return the sentence with which a training ends whose losses or weights are not finite any more."""
    kept = "The model stays as it was before. " if published else ""
    return (
        f"At step {step} the numbers ran over and became NaN, of which nothing can be learned: the training has ended. "
        f"{kept}Start it again with learning_rate {plan.learning_rate / 10:g}, a tenth of the {plan.learning_rate:g} "
        "it had."
    )


def _of_the_losses(plan: Recipe, losses_d: Collection[float], judgement: Judgement | None) -> Iterator[str]:
    at_chance = _CHANCE.get(plan.loss)
    if at_chance is None or len(losses_d) < _FEW:
        return
    least = _entropy(plan.label_smoothing)
    ratio = (sum(losses_d) / len(losses_d) - least) / (at_chance - least)
    whole = len(losses_d) >= WINDOW
    if ratio > (_RUN_AWAY if whole else _FELL_APART):
        yield (
            f"The losses run away: the two networks throw each other off, and nothing is learned. {_lower_rate(plan)}"
        )
    elif whole and ratio < _WON and (judgement is None or judgement.estimate.frechet > _FAR):
        yield (
            "The discriminator wins: it tells nearly every generated image from a real one, and the generator learns "
            f"nothing from that. {_against_a_strong_discriminator(plan)}"
        )


def _of_the_images(plan: Recipe, judgement: Judgement) -> Iterator[str]:
    alike = _below(_ALIKE, judgement, judgement.diversity)
    known = [name for name, diversity in _pairs(judgement, judgement.diversity) if diversity is not None]
    if alike:
        which = "of each" if len(alike) == len(known) > 1 else "of" if len(known) > 1 else ""
        which = "All generated images" + {"": "", "of": f" of {_names(alike)}", "of each": " of the same class"}[which]
        yield f"{which} are nearly the same (mode collapse). {_against_collapse(plan)}"
    if judgement.class_accuracy is not None:
        missed = _below(_LEAST_ACCURACY, judgement, judgement.class_accuracy)
        if missed:
            yield f"Asked for {_names(missed)}, the generator draws something else. {_against_ignored_classes(plan)}"
    elif judgement.class_shares is not None and judgement.real_shares is not None:
        there = [(name, real) for name, real in _pairs(judgement, judgement.real_shares) if real and real >= _LEAST]
        share = dict(_pairs(judgement, judgement.class_shares))
        absent = [name for name, real in there if (share[name] or 0.0) < _ABSENT * real]
        drawn = [name for name, _ in there if name not in absent]
        if absent:
            which = f"but {_names(drawn)}" if len(absent) >= len(drawn) > 0 else _names(absent)
            yield f"Only some digits are made: hardly any {which} (mode collapse). {_against_collapse(plan)}"


def _of_the_pace(slowdown: Slowdown) -> Remark:
    share = min(_SHARES, key=lambda share: abs(share - slowdown.others))
    possible = about(slowdown.possible_steps)
    return Remark(
        f"Other programs {'took' if slowdown.over else 'take'} {_SHARES[share]} of this machine: about "
        f"{about(slowdown.steps):,} steps in the {slowdown.seconds:,.0f} s, where {possible:,} were possible. Give it "
        f"longer, or a budget in steps (steps {possible})."
    )


def _lower_rate(plan: Recipe) -> str:
    most = max(preset.learning_rate for preset in PRESETS.values())
    to = f": no preset has more than {most:g}" if plan.learning_rate > most else ", to a third or a tenth"
    return f"Lower learning_rate, now {plan.learning_rate:g}{to}."


def _against_a_strong_discriminator(plan: Recipe) -> str:
    if plan.loss == "hinge":
        return "Give its layers spectral_norm, or fewer filters, or a Dropout between them."
    r1 = f"Raise r1, now {plan.r1:g}" if plan.r1 else "Set r1 to 0.1"
    smoothing = ", label_smoothing to 0.1" if plan.loss == "bce" and not plan.label_smoothing else ""
    return f"{r1}{smoothing}, or give the discriminator fewer filters, or a Dropout between its layers."


def _against_collapse(plan: Recipe) -> str:
    lower = f"ower learning_rate, now {plan.learning_rate:g}"
    if any(isinstance(layer, MinibatchStd) for layer in plan.networks.discriminator.layers):
        return f"L{lower}."
    return f"Put a MinibatchStd near the discriminator's end, which shows it that images are alike, or l{lower}."


def _against_ignored_classes(plan: Recipe) -> str:
    if any(isinstance(layer, ClassProjection) for layer in plan.networks.discriminator.layers):
        return f"Lower learning_rate, now {plan.learning_rate:g}."
    return "End the discriminator in ClassProjection, so that it sees whether the class is the one asked for."


def _entropy(smoothing: float) -> float:
    """Return the least that the cross-entropy of a smoothed label can be."""
    return -sum(p * math.log(p) for p in (smoothing, 1 - smoothing) if p > 0)


def _pairs(judgement: Judgement, values: Sequence[float | None]) -> Iterator[tuple[str, float | None]]:
    return zip(judgement.names, values, strict=True)


def _below(least: float, judgement: Judgement, values: Sequence[float | None]) -> list[str]:
    return [name for name, value in _pairs(judgement, values) if value is not None and value < least]


def _names(names: list[str]) -> str:
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), *names[-1:]])
