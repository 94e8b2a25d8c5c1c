"""The layers a network is composed of: parameters, shape rule and builder of each.

Shapes leave the batch out and put channels first: `(units,)` or `(channels, height, width)`. A few layers are
conditional: they also take a condition, a vector that comes with every sample, which is a generator's own input, or the
class or cluster that a discriminator is to look for. Nothing here imports torch until a layer is built, so shapes are
checked in microseconds.
"""

from ganmnist.layers.activations import *
from ganmnist.layers.base import Layer as Layer
from ganmnist.layers.base import Shape as Shape
from ganmnist.layers.clusters import *
from ganmnist.layers.convolution import *
from ganmnist.layers.dense import *
from ganmnist.layers.normalization import *
from ganmnist.layers.registry import LAYERS as LAYERS
from ganmnist.layers.registry import AnyLayer as AnyLayer
from ganmnist.layers.reshaping import *
