"""Digits drawn from a table of dots, for the mock. numpy is imported when one is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FONT = (  # five columns of seven pixels per digit, the lowest bit at the top
    (0x3E, 0x51, 0x49, 0x45, 0x3E),
    (0x00, 0x42, 0x7F, 0x40, 0x00),
    (0x42, 0x61, 0x51, 0x49, 0x46),
    (0x21, 0x41, 0x45, 0x4B, 0x31),
    (0x18, 0x14, 0x12, 0x7F, 0x10),
    (0x27, 0x45, 0x45, 0x45, 0x39),
    (0x3C, 0x4A, 0x49, 0x49, 0x30),
    (0x01, 0x71, 0x09, 0x05, 0x03),
    (0x36, 0x49, 0x49, 0x49, 0x36),
    (0x06, 0x49, 0x49, 0x29, 0x1E),
)


def digit(number: int, right: int = 0, up: int = 0) -> NDArray[np.uint8]:
    """Draw a digit, three pixels to the font's one: uint8 (28, 28), moved by at most 3 pixels."""
    import numpy as np

    columns = np.array(_FONT[number % 10], np.uint8)
    small = (columns[None, :] >> np.arange(7)[:, None]) & 1  # (7, 5), row 0 at the top
    image = np.zeros((28, 28), np.uint8)
    image[3 - up : 24 - up, 6 + right : 21 + right] = small.repeat(3, 0).repeat(3, 1) * 255
    return image


def from_latent(z: NDArray[np.float32]) -> NDArray[np.uint8]:
    right, up, choice = (float(number) for number in z[:3])
    return digit(int(abs(choice) * 10), round(max(-3.0, min(3.0, right))), round(max(-3.0, min(3.0, up))))


def digits(number: int) -> NDArray[np.uint8]:
    """Return the 16 digits of preview `number`."""
    import numpy as np

    return np.stack([digit(place + number) for place in range(16)])
