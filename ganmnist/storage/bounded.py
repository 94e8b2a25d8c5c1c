"""Reading never more than it may be: files in steps, and zips entry by entry in memory.

Nothing is taken on trust: a header's promise is believed only as far as bytes follow it, and what swells more than a
hundredfold is a bomb.
"""

from __future__ import annotations

from typing import BinaryIO

MAX_INFLATED = 512 << 20  # bytes, inflated
MAX_COMPRESSION_RATIO = 100  # times its size that anything may inflate to
_SMALL = 1 << 20  # bytes that do no harm, however much they swelled
STEP = 1 << 20


def most_inflated(size: int) -> int:
    """Return how many bytes so many packed ones may inflate to."""
    return min(MAX_INFLATED, max(_SMALL, MAX_COMPRESSION_RATIO * size))


def read_at_most(file: BinaryIO, limit: int) -> bytearray:
    """Read a file to its end, or to one byte beyond the limit: memory grows only with what is really there."""
    content = bytearray()
    while len(content) <= limit and (piece := file.read(min(STEP, limit + 1 - len(content)))):
        content += piece
    return content
