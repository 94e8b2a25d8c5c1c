"""Latent vectors that a conversation has come across, by short names: hundreds of numbers would fill it."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ganmnist.errors import SettingError, shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST = 200  # answers whose vectors are kept, 256 in each at most
_NAME = re.compile(r"(z-[0-9]{1,9})(?:\[([0-9]{1,9})\])?")


class Vectors:
    """The vectors of the newest answers. Those of an assistant that has ended are gone; a seed gives the same again."""

    def __init__(self) -> None:
        self._kept: dict[str, NDArray[np.float32]] = {}
        self._count = 0

    def keep(self, encoded: str, count: int) -> str:
        """Keep the vectors of an answer.

        Args:
            encoded: Base64 of float32, little endian, (count, numbers).
            count: How many they are.

        Returns:
            Their name.
        """
        import numpy as np

        self._count += 1
        name = f"z-{self._count}"
        self._kept[name] = np.frombuffer(base64.b64decode(encoded), "<f4").reshape(count, -1)
        if len(self._kept) > _MOST:
            del self._kept[next(iter(self._kept))]
        return name

    def find(self, asked: object) -> list[Any]:
        """Return the vectors that a list of names means, as the server takes them.

        Args:
            asked: Names, z-1 or z-1[0], or one of them; what is no text among them is left as it is.

        Raises:
            SettingError: There are none of that name.
        """
        found: list[Any] = []
        for each in [asked] if isinstance(asked, str) or not isinstance(asked, Sequence) else asked:
            found += self._named(each) if isinstance(each, str) else [each]
        return found

    def _named(self, text: str) -> list[list[float]]:
        named = _NAME.fullmatch(text)
        kept = self._kept.get(named[1]) if named else None
        if named is None or kept is None:
            there = f"the newest are {', '.join([*self._kept][-5:])}" if self._kept else "there are none yet"
            raise SettingError(f"z: {shown(text)} is no name of vectors; {there}: generate gives some")
        vectors: list[list[float]] = kept.tolist()
        if named[2] is None:
            return vectors
        if int(named[2]) >= len(vectors):
            raise SettingError(f"z: {named[1]} has {len(vectors)} vectors, from {named[1]}[0] on, got {shown(text)}")
        return [vectors[int(named[2])]]
