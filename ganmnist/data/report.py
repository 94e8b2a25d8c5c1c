"""What a reader says of what it read, gathered while it reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ganmnist.data.classes import in_natural_order
from ganmnist.data.files import File
from ganmnist.dataset_summary import LeftOut, ReadReport
from ganmnist.errors import counted, shown

_NAMED = 10  # names in a sentence


class Reporting:
    """A report that grows.

    Attributes:
        split: How the test images were told from the others.
        dark_on_light: Number of pictures whose ink was dark.
        remarks: What else was decided, a sentence each.
    """

    def __init__(self) -> None:
        self.split = ""
        self.dark_on_light = 0
        self.remarks: list[str] = []
        self._left_out: dict[str, list[str]] = {}

    def leave_out(self, file: File, reason: str) -> None:
        """Count a file that is not read."""
        self._left_out.setdefault(reason, []).append("/".join(file.parts))

    def remark_on(self, files: Sequence[File], kind: str, words: str) -> None:
        """Say how many pictures of a kind there are, one of them, and what was decided."""
        one = shown("/".join(files[0].parts))
        self.remarks.append(f"{counted(len(files), 'picture')} {kind}, {one} for one: {words}")

    def left_out(self) -> tuple[LeftOut, ...]:
        """Return what was left out, by the reasons."""
        return tuple(
            LeftOut(reason=reason, count=len(names), example=shown(names[0]))
            for reason, names in self._left_out.items()
        )

    def done(self) -> ReadReport:
        """Return what was gathered."""
        return ReadReport(
            split=self.split,
            dark_on_light=self.dark_on_light,
            left_out=self.left_out(),
            remarks=tuple(self.remarks),
        )


def listed(names: Iterable[str]) -> str:
    """Return names as a sentence has them, the first few of many."""
    ordered = [shown(name) for name in in_natural_order(names)]
    few = ordered if len(ordered) <= _NAMED else [*ordered[: _NAMED - 1], f"{len(ordered) - _NAMED + 1:,} more"]
    return " and ".join([", ".join(few[:-1]), few[-1]] if len(few) > 1 else few)
