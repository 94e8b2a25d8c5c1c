"""Drawings as the contract sends them, and what was found for them."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from bridge_server.contract.base import Pixels
from bridge_server.contract.latents import Inverted, InvertRequest
from bridge_server.encoding.pixels import floats, pixels
from ganmnist.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from ganmnist.data.drawing import Fitted
    from ganmnist.generation.inversion_result import Inversion
    from ganmnist.generation.placement import Placement
    from ganmnist.models.manifest import Source

_SIDES = range(8, 1025)


def parse_drawing(request: InvertRequest, placement: Callable[[], Placement]) -> Fitted:
    """Parse the drawing of a request.

    Args:
        request: The drawing.
        placement: Tells where the model has its ink. Asked once the request is known to have a drawing.

    Raises:
        SettingError: There is none or two, nothing is drawn, or the image's bytes are not what its shape says.
    """
    from ganmnist.data.drawing import Fitted, draw, fit_with_doubt

    if (request.image is None) == (request.curves is None):
        raise SettingError("image: send either an image or curves")
    if request.image is None:
        return Fitted(draw(request.curves or [], request.pen, request.size, placement()))
    if request.pen is not None or request.size is not None:
        raise SettingError("image: pen and size are for curves: leave them out")
    return fit_with_doubt(_grey(request.image), placement=placement())


def inverted(source: Source, image: NDArray[np.uint8], found: Inversion) -> Inverted:
    """Put what was found for a drawing into the reply of `latents_invert`."""
    return Inverted(
        model=source.model,
        step=source.step,
        latent_dim=found.latent_dim,
        z=floats(found.z),
        digit=found.digit,
        class_name=found.class_name,
        text=found.told(),
        likeness=found.likeness,
        sure=found.sure,
        sliders=found.sliders,
        mse=found.mse,
        read=pixels(image[None]),
        found=pixels(found.image[None]),
        remarks=found.remarks(),
    )


def _grey(sent: Pixels) -> NDArray[np.uint8]:
    import numpy as np

    count, rows, columns = sent.shape
    if count != 1 or rows not in _SIDES or columns not in _SIDES:
        raise SettingError(f"image.shape: expected 1, and 8 to 1024 rows and columns, got {list(sent.shape)}")
    try:
        content = base64.b64decode(sent.data, validate=True)
    except (binascii.Error, ValueError):
        raise SettingError("image.data: is not base64") from None
    if len(content) != rows * columns:
        raise SettingError(f"image.data: expected {rows * columns} bytes, as the shape says, got {len(content)}")
    return np.frombuffer(content, np.uint8).reshape(rows, columns)
