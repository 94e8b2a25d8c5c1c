"""Pixels as the contract sends them: bytes, Rhino objects, sheets of digits."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from bridge_server.contract import (
    Activations,
    ActivationsRequest,
    Generated,
    GenerateRequest,
    LayerMaps,
    Picture,
    Pixels,
    RhinoObject,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ganmnist.activations import FeatureMaps
    from ganmnist.geometry import Mesh, Points

COLUMNS = 4  # digits side by side in a preview


def rhino(piece: Mesh | Points) -> RhinoObject:
    """Turn geometry into openNURBS text."""
    from ganmnist.export import encode

    archive, version, data = encode(piece)
    return RhinoObject(archive3dm=archive, opennurbs=version, data=data)


def sheet(number: int, images: NDArray[np.uint8], columns: int = COLUMNS) -> Picture:
    """Make the picture of images side by side: uint8 (N, rows, columns)."""
    from ganmnist.geometry import sheet as build_sheet

    return Picture(number=number, mesh=rhino(build_sheet(images, columns)))


def activations(
    request: ActivationsRequest, model: str, step: int, training: bool, layers: list[FeatureMaps]
) -> Activations:
    """Put the feature maps of a generator's layers and their geometry into the reply of `networks_activations`."""
    from ganmnist.activations import stacked

    return Activations(
        model=model,
        step=step,
        training=training,
        layers=[
            LayerMaps(
                place=layer.place,
                layer=layer.layer,
                output_shape=layer.output_shape,
                low=layer.low,
                high=layer.high,
                maps=pixels(layer.images),
            )
            for layer in layers
        ],
        geometry=[rhino(piece) for piece in stacked(layers, request)],
    )


def pixels(images: NDArray[np.uint8]) -> Pixels:
    """Turn images, uint8 (N, rows, columns), into bytes."""
    count, rows, columns = images.shape
    return Pixels(shape=(count, rows, columns), data=base64.b64encode(images.tobytes()).decode())


def generated(
    request: GenerateRequest,
    model: str,
    step: int,
    training: bool,
    z: NDArray[np.float32],
    digits: list[int],
    images: NDArray[np.uint8],
) -> Generated:
    """Put digits, the latents and classes they came from and their geometry into the reply of `generate`."""
    from ganmnist.geometry import build

    return Generated(
        model=model,
        step=step,
        training=training,
        latent_dim=z.shape[1],
        z=base64.b64encode(z.astype("<f4").tobytes()).decode(),
        digits=digits,
        images=pixels(images),
        geometry=[rhino(piece) for piece in build(images, request)],
    )
