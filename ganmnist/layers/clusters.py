"""The layer that stands in for classes where the images have none, or few."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from ganmnist.fields import Number, Whole
from ganmnist.layers.base import Layer, Shape, needs_row

__all__ = ["LatentClusters"]

if TYPE_CHECKING:
    from torch import nn


class LatentClusters(Layer):
    """Adds to z in which cluster of the images it lies: to images without classes what the class is to the others.

    The clusters are found when a training begins, by k-means, and told to both networks as classes are (Liu et al.
    2020, section 3). Latent space is divided among them along the first half of its numbers, so that z says all there
    is to say of a digit, and the second half how it is drawn. Where there are classes, it is divided for each of them
    as the images of the class are. It stands first in a generator, and its discriminator ends in ClassProjection.
    """

    layer: Literal["LatentClusters"] = "LatentClusters"
    gives_condition: ClassVar[bool] = True
    clusters: Whole = Field(64, description="Clusters that the images are divided into, at most.", ge=2, le=100)
    softness: Number = Field(
        0.1, description="How gradually one cluster passes into the next as z moves, standard deviations.", gt=0, le=10
    )

    def output_shape(self, shape: Shape) -> Shape:
        needs_row(shape)
        return (shape[0] + self.clusters,)

    def multiply_adds(self, shape: Shape, condition: int = 0) -> int:
        return shape[0] * self.clusters

    def build(self, shape: Shape, condition: int = 0) -> nn.Module:
        from ganmnist.layers.modules import LatentCells

        return LatentCells(shape[0] - condition, condition, self.clusters, self.softness)
