"""Networks built from their list of layers, initialised so that a training starts alive."""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganmnist.layers import Conv2D, Dense, Layer, Shape, Sigmoid, UpSampling2D
from ganmnist.layers.modules import LatentCells
from ganmnist.networks.network import FusedUpsample, Network, SkipInit, UpsampledConv2d
from ganmnist.networks.spec import IMAGE_SHAPE, ModelConfig, Sequential
from ganmnist.storage.safetensors_header import Layout, layouts

_SPREAD = 0.02  # of first weights


def build_generator(config: ModelConfig) -> Network:
    """Build the network from z and class (N, latent_dim + classes) to images (N, 1, 28, 28) in [-1, 1]."""
    return _build(config.generator, (config.input_dim,), config.input_dim, config.classes)


def generator_layouts(config: ModelConfig) -> dict[str, Layout]:
    """Return what tensors the generator's weights are, without a byte of memory for them."""
    with SkipInit(), torch.device("meta"):
        return layouts(build_generator(config).state_dict())


def build_discriminator(config: ModelConfig) -> Network:
    """Build the network from images (N, 1, 28, 28), conditioned on their class or cluster, to logits (N, 1).

    A Sigmoid at the end belongs to the loss, which takes logits: log(sigmoid(x)) of a sure discriminator would be
    log(0), while softplus(-x) stays finite.
    """
    layers = config.discriminator.layers
    if isinstance(layers[-1], Sigmoid) and len(layers) > 1:
        layers = layers[:-1]
    return _build(Sequential(layers=layers), IMAGE_SHAPE, config.condition_dim)


def discriminator_layouts(config: ModelConfig) -> dict[str, Layout]:
    """Return what tensors the discriminator's weights are, as `generator_layouts`."""
    with SkipInit(), torch.device("meta"):
        return layouts(build_discriminator(config).state_dict())


def scale_before_norms(network: Network, spread: float) -> None:
    """Have the first weights in front of each BatchNorm, which are from N(0, 0.02), be from N(0, spread)."""
    leaves = [part for part in network.modules() if not list(part.children()) and not isinstance(part, FusedUpsample)]
    with torch.no_grad():
        for part, behind in pairwise(leaves):
            if isinstance(part, nn.Linear | nn.Conv2d) and isinstance(behind, nn.BatchNorm1d | nn.BatchNorm2d):
                part.weight *= spread / _SPREAD


def _build(network: Sequential, input_shape: Shape, condition: int, classes: int = 0) -> Network:
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    shape = input_shape
    before: Layer | None = None
    module: nn.Module
    for row, layer in zip(network.table(input_shape, condition), network.layers, strict=True):
        if isinstance(before, UpSampling2D) and isinstance(layer, Conv2D) and _can_fuse(before, layer):
            modules[f"{row.place - 1:02d}_{before.layer}"] = FusedUpsample()
            module = UpsampledConv2d(shape[0], layer.filters, bias=layer.bias)
        else:
            module = layer.build(shape, classes if layer.gives_condition else condition)
        before = layer
        if layer.gives_condition:
            condition = row.output_shape[0]
        if len(shape) == 1 and len(row.output_shape) == 3:
            module = nn.Sequential(module, _ChannelsLast())
        modules[f"{row.place:02d}_{row.layer}"] = module
        shape = row.output_shape
    built = Network(modules)
    built.apply(_initialise)
    for module, layer in zip(built, network.layers, strict=True):
        if isinstance(layer, Dense | Conv2D) and layer.spectral_norm:
            _add_spectral_norm(module)
    return built


def _add_spectral_norm(module: nn.Module) -> None:
    """Spectral normalisation (Miyato et al. 2018, section 2.1) of the weights in a module, after their initialisation.

    The largest singular value is found by one power iteration a step.
    """
    for part in list(module.modules()):
        if isinstance(part, nn.Linear | nn.Conv2d):
            spectral_norm(part)


def _can_fuse(up: UpSampling2D, convolution: Conv2D) -> bool:
    repeats = (up.size, up.interpolation) == (2, "nearest")
    return repeats and (convolution.kernel, convolution.stride, convolution.padding) == (3, 1, "same")


class _ChannelsLast(nn.Module):
    """Lays images in memory as convolutions on a processor like them: a training step takes a tenth less time."""

    def forward(self, images: Tensor) -> Tensor:
        return images.contiguous(memory_format=torch.channels_last)


def _initialise(module: nn.Module) -> None:
    """Weights from N(0, 0.02), gains from N(1, 0.02) (Radford et al. 2015, section 4).

    Together with the generator's BatchNorm this keeps the first images apart from each other. With torch's own start
    they are nearly alike, and the discriminator drives them into black.
    """
    if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, _SPREAD)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.GroupNorm) and module.affine:
        nn.init.normal_(module.weight, 1.0, _SPREAD)
        nn.init.zeros_(module.bias)
    elif isinstance(module, LatentCells):
        nn.init.normal_(module.directions)
        module.directions[-(-len(module.directions) // 2) :] = 0  # what is left of z is style alone
        module.directions /= module.directions.norm(dim=0)
