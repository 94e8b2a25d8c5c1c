"""What few pictures need: a discriminator that sees them shifted and with a hole, and cannot learn them by heart."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

FEW = 2000  # images; more than these need it no longer, and learn slower with it
_SHIFT = 3  # pixels at most, to each side
_HOLE = 10  # side of the square hole, pixels
_BLACK = -1.0


def augment(images: Tensor) -> Tensor:
    """Shift each image at random and put a black square somewhere: DiffAugment (Zhao et al. 2020, section 3.2).

    Real and generated images are treated alike, and gradients flow back through it, so the generator learns the images
    as they are.

    Args:
        images: (N, 1, height, width) in [-1, 1].
    """
    count, _, height, width = images.shape
    beyond = pad(images, (_SHIFT,) * 4, value=_BLACK)
    windows = beyond.unfold(2, height, 1).unfold(3, width, 1)  # (N, 1, shifts, shifts, height, width)
    device = images.device
    down, right = torch.randint(2 * _SHIFT + 1, (2, count), device=device)
    shifted = windows[torch.arange(count, device=device), :, down, right]
    rows, columns = _hole(count, height, device)[:, None, :, None], _hole(count, width, device)[:, None, None, :]
    return torch.where(rows & columns, _BLACK, shifted)


def _hole(count: int, side: int, device: torch.device) -> Tensor:
    """Return which of so many places lie in the hole, (N, side); a part of it may lie beyond the border."""
    first = torch.randint(-_HOLE // 2, side - _HOLE // 2, (count, 1), device=device)
    places = torch.arange(side, device=device)
    return (places >= first) & (places < first + _HOLE)
