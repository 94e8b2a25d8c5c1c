"""What the library's tests share: networks of a few channels, and digits drawn once."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import settings

from ganmnist.config import TrainConfig
from ganmnist.dataset import Dataset
from ganmnist.generation.sampler import Sampler
from ganmnist.latent.vectors import from_seed
from ganmnist.models.store import ModelStore
from ganmnist.networks.spec import ModelConfig
from ganmnist.training.step import GANTrainer

settings.register_profile("library", deadline=None, max_examples=50)  # a busy machine is no failure
settings.load_profile("library")

TINY = {
    "latent_dim": 5,
    "generator": {
        "layers": [
            {"layer": "Dense", "units": 3 * 7 * 7},
            {"layer": "BatchNorm"},
            {"layer": "LeakyReLU"},
            {"layer": "Reshape", "shape": [3, 7, 7]},
            {"layer": "UpSampling2D", "size": 4},
            {"layer": "Conv2D", "filters": 1},
            {"layer": "Tanh"},
        ]
    },
    "discriminator": {
        "layers": [
            {"layer": "Conv2D", "filters": 4, "stride": 4},
            {"layer": "BatchNorm"},
            {"layer": "LeakyReLU"},
            {"layer": "Dropout"},
            {"layer": "Flatten"},
            {"layer": "Dense", "units": 1},
            {"layer": "Sigmoid"},
        ]
    },
}

# The same, conditioned on the class; with the layers that TINY lacks, and an up-sampling fused with its convolution.
CLASS_CONDITIONAL = {
    "latent_dim": 5,
    "classes": 10,
    "generator": {
        "layers": [
            {"layer": "Dense", "units": 3 * 7 * 7, "bias": False},
            {"layer": "Reshape", "shape": [3, 7, 7]},
            {"layer": "UpSampling2D"},
            {"layer": "Conv2D", "filters": 3, "bias": False},
            {"layer": "ConditionalBatchNorm"},
            {"layer": "ReLU"},
            {"layer": "UpSampling2D"},
            {"layer": "Conv2D", "filters": 1},
            {"layer": "Tanh"},
        ]
    },
    "discriminator": {
        "layers": [
            {"layer": "Conv2D", "filters": 4, "kernel": 4, "stride": 4},
            {"layer": "MinibatchStd"},
            {"layer": "Flatten"},
            {"layer": "LeakyReLU"},
            {"layer": "ClassProjection"},
        ]
    },
}

# The same with the layers that both lack, and weights under spectral normalisation wherever there can be some.
NORMED = {
    "latent_dim": 5,
    "classes": 10,
    "generator": {
        "layers": [
            {"layer": "Dense", "units": 2 * 7 * 7, "spectral_norm": True},
            {"layer": "Reshape", "shape": [2, 7, 7]},
            {"layer": "Conv2DTranspose", "filters": 3, "stride": 1},
            {"layer": "BatchNorm"},
            {"layer": "UpSampling2D"},
            {"layer": "Conv2D", "filters": 4, "spectral_norm": True},
            {"layer": "ReLU"},
            {"layer": "PixelShuffle"},
            {"layer": "Tanh"},
        ]
    },
    "discriminator": {
        "layers": [
            {"layer": "Conv2D", "filters": 4, "kernel": 5, "stride": 4, "spectral_norm": True},
            {"layer": "GroupNorm", "groups": 2},
            {"layer": "LeakyReLU"},
            {"layer": "Dropout"},
            {"layer": "Flatten"},
            {"layer": "Dense", "units": 6, "spectral_norm": True},
            {"layer": "ClassProjection"},
        ]
    },
}


@pytest.fixture(autouse=True)
def one_thread():
    """One thread gives the same bits; and torch's threads wait for each other, so a busy neighbour stalls two."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def peak():
    """Return what tells how many bytes Python has taken at most since the test began."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


@pytest.fixture(scope="session")
def digits(tmp_path_factory) -> Dataset:
    """256 digits from the bundled model, none of them to test with."""
    sampler = Sampler.load(ModelStore(tmp_path_factory.mktemp("home")).find(None))
    classes = np.arange(256) % 10
    images, labels = sampler.generate(from_seed(1, 256, sampler.latent_dim), classes), classes.astype(np.uint8)
    return Dataset("synthetic-mnist", "drawn for a test", images, labels, images[:0], labels[:0])


@pytest.fixture(scope="session")
def tiny() -> ModelConfig:
    """Networks that train in milliseconds, with every layer that has a state or asks for chance."""
    return ModelConfig.model_validate(TINY)


@pytest.fixture(scope="session")
def class_conditional() -> ModelConfig:
    """As small, conditioned on the class."""
    return ModelConfig.model_validate(CLASS_CONDITIONAL)


@pytest.fixture(scope="session")
def normed() -> ModelConfig:
    """As small, conditioned on the class, under spectral normalisation."""
    return ModelConfig.model_validate(NORMED)


@pytest.fixture(scope="session")
def short(tiny) -> TrainConfig:
    """Sixteen steps in two epochs, so that an epoch ends in their midst."""
    return TrainConfig(networks=tiny, epochs=2, batch_size=32, learning_rate=0.002, seed=7)


@pytest.fixture(scope="session")
def everything():
    """The function that returns all tensors a trainer consists of, by name."""

    def collect(trainer: GANTrainer) -> dict[str, torch.Tensor]:
        parts = {
            "generator": trainer.generator.state_dict(),
            "discriminator": trainer.discriminator.state_dict(),
            "averaged": trainer.averaged,
            "adam_g": trainer.adam_g.state(),
            "adam_d": trainer.adam_d.state(),
        }
        return {f"{part}/{name}": tensor for part, tensors in parts.items() for name, tensor in tensors.items()}

    return collect
