"""`LAYERS`: all layers by name, in the order in which people choose from them."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ganmnist.layers.activations import Dropout, LeakyReLU, ReLU, Sigmoid, Tanh
from ganmnist.layers.base import Layer
from ganmnist.layers.clusters import LatentClusters
from ganmnist.layers.convolution import Conv2D, Conv2DTranspose, PixelShuffle, UpSampling2D
from ganmnist.layers.dense import ClassProjection, Dense
from ganmnist.layers.normalization import BatchNorm, ConditionalBatchNorm, GroupNorm, MinibatchStd
from ganmnist.layers.reshaping import Flatten, Reshape

LAYERS: dict[str, type[Layer]] = {
    cls.__name__: cls
    for cls in (
        Dense,
        Conv2D,
        Conv2DTranspose,
        UpSampling2D,
        PixelShuffle,
        Reshape,
        Flatten,
        BatchNorm,
        ConditionalBatchNorm,
        GroupNorm,
        LeakyReLU,
        ReLU,
        Tanh,
        Sigmoid,
        Dropout,
        MinibatchStd,
        ClassProjection,
        LatentClusters,
    )
}

if TYPE_CHECKING:
    AnyLayer = Layer
else:
    AnyLayer = Annotated[reduce(or_, LAYERS.values()), Field(discriminator="layer")]
