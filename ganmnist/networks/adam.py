"""The optimiser: Adam, all parameters in one call of torch's fused kernel.

`torch.optim.Adam(fused=True)` calls the same kernel, but at its first use torch imports its compiler, which nothing
here needs: 0.8 s, a twentieth of the time in which digits should be there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import torch
from torch import Tensor


class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1).

    Attributes:
        lr: Learning rate of the next step; as a tensor on the parameters' device, where a step is captured as a graph.
    """

    def __init__(
        self, parameters: Iterable[Tensor], lr: float, betas: tuple[float, float], epsilon: float = 1e-8
    ) -> None:
        self.lr: float | Tensor = lr
        self.betas, self.epsilon = betas, epsilon
        self.parameters = list(parameters)
        self._steps = [torch.zeros((), device=parameter.device) for parameter in self.parameters]
        self._means = [torch.zeros_like(parameter) for parameter in self.parameters]
        self._squares = [torch.zeros_like(parameter) for parameter in self.parameters]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    def gradients(self) -> list[Tensor]:
        """Return the gradient of every parameter; all must have one."""
        return [cast(Tensor, parameter.grad) for parameter in self.parameters]

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter along its gradient; all must have one."""
        gradients = self.gradients()
        torch._foreach_add_(self._steps, 1)
        torch._fused_adam_(
            self.parameters,
            gradients,
            self._means,
            self._squares,
            [],
            self._steps,
            lr=self.lr,
            beta1=self.betas[0],
            beta2=self.betas[1],
            weight_decay=0.0,
            eps=self.epsilon,
            amsgrad=False,
            maximize=False,
        )

    def state(self) -> dict[str, Tensor]:
        """Return what it has gathered, by name."""
        gathered = {"step": self._steps, "mean": self._means, "square": self._squares}
        return {f"{place}/{name}": value for name, values in gathered.items() for place, value in enumerate(values)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Put back what `state` returned."""
        for name, value in self.state().items():
            value.copy_(state[name])  # in place: the kernel walks through memory in the order of the parameter's
