"""Pixels as the contract sends them: bytes, Rhino objects, sheets of digits."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from bridge_server.contract import Generated, GenerateRequest, Model
from bridge_server.film_messages import Film, FilmFrame, FilmRequest
from bridge_server.latent_messages import LatentVectors
from bridge_server.messages import Picture, Pixels, RhinoObject
from bridge_server.network_messages import Activations, ActivationsRequest, LayerMaps
from ganmnist.errors import SettingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ganmnist.activations import FeatureMaps
    from ganmnist.film import Film as Shown
    from ganmnist.forms import Piece
    from ganmnist.provenance import Source

COLUMNS = 4  # digits side by side in a preview
MAX_VERTICES = 400_000  # of a walk: a quarter of a second's work and 8 MB as meshes, 2.4 s as points


def rhino(piece: Piece) -> list[RhinoObject]:
    """Turn geometry into openNURBS text, one for each object."""
    from ganmnist.rhino_file import encode

    return [RhinoObject(archive3dm=archive, opennurbs=version, data=data) for archive, version, data in encode(piece)]


def sheet(number: int, images: NDArray[np.uint8], columns: int = COLUMNS, below: bool = False) -> Picture:
    """Make the picture of images side by side: uint8 (N, rows, columns), on the X axis or below it."""
    from ganmnist.geometry import sheet as build_sheet

    return Picture(number=number, mesh=rhino(build_sheet(images, columns, below=below))[0])


class Origin(NamedTuple):
    """Where digits come from: a model, whether it is being trained, its latent_dim."""

    source: Source
    training: bool
    latent_dim: int

    def said(self) -> dict[str, Any]:
        """Return what replies say of it, by the names they have for it."""
        return {
            "model": self.source.model,
            "step": self.source.step,
            "training": self.training,
            "latent_dim": self.latent_dim,
        }


def activations(request: ActivationsRequest, origin: Origin, layers: list[FeatureMaps]) -> Activations:
    """Put the feature maps of a generator's layers and their geometry into the reply of `networks_activations`.

    Raises:
        SettingError: More vertices than a canvas takes.
    """
    from ganmnist.activations import stacked

    if request.form != "images":
        _check_vertices(layers, request.maps)

    return Activations(
        model=origin.source.model,
        step=origin.source.step,
        training=origin.training,
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
        geometry=[each for piece in stacked(layers, request) for each in rhino(piece)],
    )


def _check_vertices(layers: list[FeatureMaps], maps: int) -> None:
    def vertices(most: int) -> int:
        return sum(replace(layer, images=layer.images[:most]).sheet().size for layer in layers)

    if vertices(maps) <= MAX_VERTICES:
        return
    fits = next((most for most in (48, 32, 16, 8, 4, 2, 1) if most < maps and vertices(most) <= MAX_VERTICES), None)
    raise SettingError(
        f"maps: up to {maps} a layer make {vertices(maps):,} vertices, at most {MAX_VERTICES:,}: "
        f"{f'lower it to {fits}, or ' if fits else ''}take the form images"
    )


def pixels(images: NDArray[np.uint8]) -> Pixels:
    """Turn images, uint8 (N, rows, columns), into bytes."""
    count, rows, columns = images.shape
    return Pixels(shape=(count, rows, columns), data=base64.b64encode(images.tobytes()).decode())


def floats(numbers: NDArray[np.float32]) -> str:
    """Turn float32 numbers of any shape into base64 of them, little endian."""
    return base64.b64encode(numbers.astype("<f4").tobytes()).decode()


def latent_vectors(model: Model, z: NDArray[np.float32], remarks: list[str]) -> LatentVectors:
    """Put whole vectors (rows, columns, latent_dim + classes) into the reply of the calls that make them."""
    rows, columns, _ = z.shape
    return LatentVectors(
        model=model.name,
        latent_dim=model.latent_dim,
        rows=rows,
        columns=columns,
        z=floats(z),
        remarks=remarks,
    )


def generated(
    request: GenerateRequest,
    origin: Origin,
    z: NDArray[np.float32],
    images: NDArray[np.uint8],
    remarks: list[str],
) -> Generated:
    """Put digits, the whole vectors they came from and their geometry into the reply of `generate`."""
    from ganmnist.forms import build
    from ganmnist.latent import digits
    from ganmnist.provenance import Provenance

    geometry, owners = owned(build(images, request))
    return Generated(
        **origin.said(),
        z=floats(z),
        digits=digits(z, origin.latent_dim),
        images=pixels(images),
        remarks=remarks,
        provenance=Provenance.of(origin.source, request.seed, request, z).stem(),
        geometry=geometry,
        owners=owners,
    )


def film(request: FilmRequest, origin: Origin, z: NDArray[np.float32], shown: Shown) -> Film:
    """Put the frames of a film and their geometry into the reply of `film`."""
    from ganmnist.film import assemble
    from ganmnist.latent import digits

    geometry, owners = owned(assemble(shown.images, request))
    frames, count, rows, columns = shown.images.shape
    return Film(
        **origin.said(),
        frames=[FilmFrame(step=frame.step, epoch=frame.epoch, seconds=frame.seconds) for frame in shown.frames],
        count=count,
        z=floats(z),
        digits=digits(z, origin.latent_dim),
        images=pixels(shown.images.reshape(frames * count, rows, columns)),
        geometry=geometry,
        remarks=shown.remarks,
        owners=owners,
    )


def owned(pieces: list[Piece]) -> tuple[list[RhinoObject], list[int]]:
    """Turn geometry into openNURBS text, and tell which piece each object belongs to; one left empty has none."""
    from ganmnist.forms import is_empty

    objects = [[] if is_empty(piece) else rhino(piece) for piece in pieces]
    return [each for some in objects for each in some], [owner for owner, some in enumerate(objects) for _ in some]
