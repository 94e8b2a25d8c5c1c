"""What a geometry file says beside its geometry."""

from __future__ import annotations

from typing import NamedTuple

from ganmnist.config import Form, Units
from ganmnist.models.provenance import Provenance

METADATA, MODEL_PART = "g:provenance", "3D/3dmodel.model"  # where a 3MF has it; such names want a namespace
MARK = "ganmnist: "  # begins each line of a record among comments
_LINE = 64  # letters of it; some readers take no more than 80 in a line


class Label(NamedTuple):
    """What a file says beside its geometry: the form, where it comes from, and what a model unit is."""

    form: Form
    record: Provenance | None = None
    units: Units = "mm"

    def text(self) -> str | None:
        """Return the record of all digits, if there is one."""
        return self.record.to_text() if self.record else None

    def lines(self) -> list[str]:
        """Return the record cut into lines that any reader takes as comments."""
        text = self.text() or ""
        return [MARK + text[start : start + _LINE] for start in range(0, len(text), _LINE)]
