"""What a generator draws as messages of the contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from bridge_server.contract.anatomy import Anatomy, Judging, Lesson, RealSample, Verdict
from bridge_server.contract.digits import Generated, GenerateRequest
from bridge_server.contract.film import Film, FilmFrame, FilmRequest
from bridge_server.contract.latents import LatentVectors
from bridge_server.contract.models import Model
from bridge_server.contract.networks import Activations, ActivationsRequest, LayerMaps
from bridge_server.encoding.pixels import floats, owned, pixels, rhino
from ganmnist.errors import SettingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ganmnist.generation.feature_maps import FeatureMaps
    from ganmnist.generation.film import RenderedFilm
    from ganmnist.latent.directions import Direction
    from ganmnist.models.manifest import Source
    from ganmnist.training.anatomy import StepAnatomy, StepJudging, StepLesson, StepVerdict


MAX_VERTICES = 400_000  # of a walk: a quarter of a second's work and 8 MB as meshes


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
    from ganmnist.generation.feature_maps import stacked

    if request.form != "images":
        _check_vertices(layers, request.maps)

    return Activations(
        model=origin.source.model,
        step=origin.source.step,
        training=origin.training,
        layers=_layer_maps(layers),
        geometry=[each for piece in stacked(layers, request) for each in rhino(piece)],
    )


def _layer_maps(layers: list[FeatureMaps]) -> list[LayerMaps]:
    return [
        LayerMaps(
            place=layer.place,
            layer=layer.layer,
            output_shape=layer.output_shape,
            low=layer.low,
            high=layer.high,
            maps=pixels(layer.images),
        )
        for layer in layers
    ]


def _check_vertices(layers: list[FeatureMaps], maps: int) -> None:
    def vertices(most: int) -> int:
        return sum(replace(layer, images=layer.images[:most]).image_grid().size for layer in layers)

    if vertices(maps) <= MAX_VERTICES:
        return
    fits = next((most for most in (48, 32, 16, 8, 4, 2, 1) if most < maps and vertices(most) <= MAX_VERTICES), None)
    raise SettingError(
        f"maps: up to {maps} a layer make {vertices(maps):,} vertices, at most {MAX_VERTICES:,}: "
        f"{f'lower it to {fits}, or ' if fits else ''}take the form images"
    )


def anatomy(origin: Origin, found: StepAnatomy, remarks: list[str]) -> Anatomy:
    """Put a training step, taken apart, into the reply of `networks_anatomy`."""
    real = found.real
    return Anatomy(
        **origin.said(),
        z=floats(found.z),
        digit=found.digit,
        class_name=found.class_name,
        layers=_layer_maps(found.layers),
        fake=pixels(found.fake[None]),
        real=real and RealSample(image=pixels(real.image[None]), digit=real.label, class_name=real.class_name),
        judging=found.judging and _judging(found.judging),
        remarks=remarks,
    )


def _judging(found: StepJudging) -> Judging:
    return Judging(
        step=found.step,
        loss_name=found.loss_name,
        fake=_verdict(found.fake),
        real=found.real and _verdict(found.real),
        loss=found.loss,
        lesson=found.lesson and _lesson(found.lesson),
    )


def _verdict(found: StepVerdict) -> Verdict:
    return Verdict(logit=found.logit, probability=found.probability, layers=_layer_maps(found.layers))


def _lesson(found: StepLesson) -> Lesson:
    gradient, steepest = found.gradient_greys()
    return Lesson(
        loss=found.loss,
        gradient=pixels(gradient[None]),
        steepest=steepest,
        followed=pixels(found.followed[None]),
        verdict=_verdict(found.verdict),
    )


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
    known: Sequence[Direction] = (),
) -> Generated:
    """Put digits, the whole vectors they came from and their geometry into the reply of `generate`.

    `known`: the directions along which it says where they lie.
    """
    from ganmnist.geometry.forms import build
    from ganmnist.latent.directions import project
    from ganmnist.latent.vectors import digits
    from ganmnist.models.provenance import Provenance

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
        sliders={name: values.tolist() for name, values in project(z[:, : origin.latent_dim], known).items()},
    )


def film(request: FilmRequest, origin: Origin, z: NDArray[np.float32], shown: RenderedFilm, remarks: list[str]) -> Film:
    """Put the frames of a film and their geometry into the reply of `film`."""
    from ganmnist.geometry.layout import assemble
    from ganmnist.latent.vectors import digits

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
        remarks=remarks,
        owners=owners,
    )
