"""The layers a network is composed of: parameters, shape rule and builder of each.

Shapes leave the batch out and put channels first: `(units,)` or `(channels, height, width)`. A few layers are also told
a condition, a vector that comes with every sample: a generator's own input, or the class that a discriminator is to
look for. Nothing here imports torch until a layer is built, so shapes are checked in microseconds.
"""

from ganmnist.layers.activations import Dropout, LeakyReLU, ReLU, Sigmoid, Tanh
from ganmnist.layers.base import Layer, Shape
from ganmnist.layers.convolution import Conv2D, Conv2DTranspose, PixelShuffle, UpSampling2D
from ganmnist.layers.dense import ClassProjection, Dense
from ganmnist.layers.normalization import BatchNorm, ConditionalBatchNorm, GroupNorm, MinibatchStd
from ganmnist.layers.registry import LAYERS, AnyLayer
from ganmnist.layers.reshaping import Flatten, Reshape

__all__ = [
    "LAYERS",
    "AnyLayer",
    "BatchNorm",
    "ClassProjection",
    "ConditionalBatchNorm",
    "Conv2D",
    "Conv2DTranspose",
    "Dense",
    "Dropout",
    "Flatten",
    "GroupNorm",
    "Layer",
    "LeakyReLU",
    "MinibatchStd",
    "PixelShuffle",
    "ReLU",
    "Reshape",
    "Shape",
    "Sigmoid",
    "Tanh",
    "UpSampling2D",
]
