"""What a training may use up: steps, seconds or both. Whichever is used up first ends it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from ganmnist.training.recipe import Recipe


@dataclass(frozen=True)
class Budget:
    """A training's budget.

    Attributes:
        steps: At most so many; None where time alone counts.
        seconds: At most so long; None where steps alone count.
    """

    steps: int | None
    seconds: float | None

    @classmethod
    def of(cls, plan: Recipe, steps_per_epoch: int) -> Self:
        """Return the budget of a recipe, its epochs as steps."""
        steps = [plan.steps, plan.epochs and plan.epochs * steps_per_epoch]
        return cls(min((each for each in steps if each), default=None), plan.seconds)

    def progress(self, step: int, seconds: float) -> float:
        """Return how much of it is used up after so many steps and seconds, 0 to 1.

        The learning rate follows it, so with a budget of steps alone a training's bits know nothing of time.
        """
        of_steps = step / self.steps if self.steps else 0.0
        of_seconds = seconds / self.seconds if self.seconds else 0.0
        return min(max(of_steps, of_seconds), 1.0)

    def at_end(self, step: int, seconds: float, pace: float) -> tuple[float, float]:
        """Return the steps and seconds at which a training ends that goes on like this.

        Args:
            step, seconds: Where it stands.
            pace: Seconds that a step takes from here on.
        """
        by_steps = self.steps - step if self.steps else math.inf
        by_seconds = (self.seconds - seconds) / pace if self.seconds else math.inf
        left = max(min(by_steps, by_seconds), 0.0)
        return step + left, seconds + left * pace
