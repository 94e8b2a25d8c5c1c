"""The judge: a small digit classifier of our own, whose features and class probabilities measure generated digits.

Its weights are bundled, as float16, made by `python -m ganmnist.weights.train_judge` from MNIST's training set alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganmnist.networks.network import SkipInit
from ganmnist.pixels import rescale
from ganmnist.storage import bundle
from ganmnist.storage.safetensors_header import layouts

FEATURES = 128
OnProgress = Callable[[float], object]
MANIFEST = Path(__file__).parents[1] / "weights" / "judge.json"
_BATCH = 32  # what a layer makes of them stays in the cache: four times as quick as 500


class Judge(nn.Module):
    """Convolutions, 128 features, ten classes."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_convolution(1, 32),
            *_convolution(32, 32),
            nn.MaxPool2d(2),  # (N, 32, 14, 14)
            *_convolution(32, 64),
            *_convolution(64, 64),
            nn.MaxPool2d(2),  # (N, 64, 7, 7)
            *_convolution(64, 32, kernel=1),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(32 * 7 * 7, FEATURES),
            nn.ReLU(),
        )
        self.classes = nn.Sequential(nn.Dropout(0.3), nn.Linear(FEATURES, 10))

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of the ten digits for images in [-1, 1], (N, 1, 28, 28)."""
        logits: Tensor = self.classes(self.features(images))
        return logits


@lru_cache(maxsize=1)
def load_judge() -> Judge:
    """Load the bundled judge.

    Raises:
        ModelError: Its files are damaged.
    """
    with SkipInit():
        judge = Judge()
    kept = {name: value.half() if value.is_floating_point() else value for name, value in judge.state_dict().items()}
    _, weights = bundle.load(MANIFEST, lambda _: layouts(kept))
    judge.load_state_dict(
        {name: value.float() if value.is_floating_point() else value for name, value in weights.items()}
    )
    judge.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    judge.requires_grad_(False)
    return judge.eval()


def extract_features(
    images: NDArray[np.uint8], on_progress: OnProgress | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Run images through the judge.

    Args:
        images: uint8 (N, 28, 28).
        on_progress: Called with the fraction that is done; what it raises ends the work.

    Returns:
        Features (N, 128) and probabilities of the ten digits (N, 10).
    """
    judge = load_judge()
    features, probabilities = [], []
    with torch.inference_mode():
        for start in range(0, len(images), _BATCH):
            part = judge.features(torch.from_numpy(rescale(images[start : start + _BATCH])))
            features.append(part)
            probabilities.append(judge.classes(part).softmax(1))
            if on_progress:
                on_progress(min((start + _BATCH) / len(images), 1.0))
    return torch.cat(features).double().numpy(), torch.cat(probabilities).double().numpy()


def _convolution(inputs: int, outputs: int, kernel: int = 3) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
