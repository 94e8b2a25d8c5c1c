"""Digits of seven segments, for the mock. numpy is imported when one is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganmnist.config import STYLE_ATTRIBUTES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ganmnist.class_names import KnownClasses
    from ganmnist.generation.inversion_result import Inversion
    from ganmnist.latent.directions import Direction

LATENT_DIM = 64
_NEAR = 0.05  # mean squared error, with which a drawing is a digit's
_ONLY = 8  # what a model without classes draws

# Seven segments as on a pocket calculator: rows and columns that each covers, in a box of 7 x 5 dots.
_SEGMENTS = {
    "top": (slice(0, 1), slice(0, 5)),
    "upper left": (slice(0, 4), slice(0, 1)),
    "upper right": (slice(0, 4), slice(4, 5)),
    "middle": (slice(3, 4), slice(0, 5)),
    "lower left": (slice(3, 7), slice(0, 1)),
    "lower right": (slice(3, 7), slice(4, 5)),
    "bottom": (slice(6, 7), slice(0, 5)),
}
_DARK: tuple[tuple[str, ...], ...] = (  # the segments that stay dark in 0, 1, 2 ...
    ("middle",),
    ("top", "upper left", "middle", "lower left", "bottom"),
    ("upper left", "lower right"),
    ("upper left", "lower left"),
    ("top", "lower left", "bottom"),
    ("upper right", "lower left"),
    ("upper right",),
    ("upper left", "middle", "lower left", "bottom"),
    (),
    ("lower left",),
)


def digit(number: int, right: int = 0, up: int = 0) -> NDArray[np.uint8]:
    """Draw a digit, three pixels to the dot: uint8 (28, 28), moved by at most 3 pixels."""
    import numpy as np

    dots = np.zeros((7, 5), np.uint8)
    for segment, place in _SEGMENTS.items():
        if segment not in _DARK[number % 10]:
            dots[place] = 255
    image = np.zeros((28, 28), np.uint8)
    image[3 - up : 24 - up, 6 + right : 21 + right] = dots.repeat(3, 0).repeat(3, 1)
    return image


def from_latent(number: int, z: NDArray[np.float32]) -> NDArray[np.uint8]:
    right, up = (round(max(-3.0, min(3.0, float(way)))) for way in z[:2])
    return digit(number, right, up)


def drawn(z: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Draw whole vectors, (N, LATENT_DIM + classes): uint8 (N, 28, 28)."""
    import numpy as np

    return np.stack([from_latent(number, vector) for number, vector in zip(numbers(z), z, strict=True)])


def numbers(z: NDArray[np.float32]) -> list[int]:
    """Return which digit each whole vector is drawn as; without classes they are all the same."""
    from ganmnist.latent.vectors import digits

    return digits(z, LATENT_DIM) or [_ONLY] * len(z)


def grown(number: int, z: NDArray[np.float32], share: float) -> NDArray[np.uint8]:
    """Draw a digit that has come so far out of noise, 0 to 1."""
    import numpy as np

    noise = np.random.default_rng(number).integers(0, 256, (28, 28))
    return (share * from_latent(number, z) + (1 - share) * noise).round().astype(np.uint8)


def digits(number: int) -> NDArray[np.uint8]:
    """Return the 16 digits of preview `number`."""
    import numpy as np

    return np.stack([digit(place + number) for place in range(16)])


def directions() -> list[Direction]:
    """Return a direction of its own for each slider with a name."""
    from ganmnist.latent.directions import Direction

    axes = ((0.0,) * at + (1.0,) + (0.0,) * (LATENT_DIM - 1 - at) for at in range(len(STYLE_ATTRIBUTES)))
    return [Direction(name=name, agreement=1.0, axis=axis) for name, axis in zip(STYLE_ATTRIBUTES, axes, strict=True)]


def nearest(image: NDArray[np.uint8], choice: int | str | None, known: KnownClasses) -> Inversion:
    """Return the digit that is nearest to an image, (28, 28), or the one that is asked for."""
    import numpy as np

    from ganmnist.data.drawing import fit
    from ganmnist.generation.inversion_result import Inversion, mean_squared_error

    # Fitted as drawings are, which are as large as their ink and lie elsewhere.
    drawable = range(len(known)) or (_ONLY,)
    errors = {each: mean_squared_error(fit(digit(each)), image) for each in drawable}
    found = min(drawable, key=errors.__getitem__) if choice is None else known.number(choice)
    z = np.zeros(LATENT_DIM + len(known), np.float32)
    z[LATENT_DIM + found : LATENT_DIM + found + 1] = 1
    return Inversion(
        z=z,
        latent_dim=LATENT_DIM,
        digit=found if known.names else None,
        class_name=known.names[found] if known.names else None,
        likeness=1 - errors[found],
        sure=errors[found] < _NEAR,
        mse=mean_squared_error(digit(found), image),
        image=digit(found),
        sliders=dict.fromkeys(STYLE_ATTRIBUTES, 0.0),
    )
