"""Where digits come from, as one short text that files and Rhino objects carry: all it takes to make them again."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from ganmnist import __version__
from ganmnist.config import GeometryConfig, ModelName, Seed, Units
from ganmnist.errors import DataError
from ganmnist.fields import Settings, Spelled, Whole
from ganmnist.validation import explain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

from ganmnist.models.manifest import Source

KEY = "ganmnist"  # of the text, wherever a file gives its texts names
MAX_TEXT = 4 << 20  # letters: 256 of the longest vectors, or 10,000 of those of the bundled model
HEAD = '{"format":"ganmnist-1",'  # how every record begins
MAX_MARKS = 200  # colons and commas of a record: it has some thirty names, and z has neither

_Version = Annotated[str, Spelled(r"^[0-9A-Za-z.+-]{1,64}$", "must be a version, as in 1.4.0")]
_ModelId = Annotated[str, Spelled(r"^[0-9A-Za-z_-]{1,64}$", "must be 1 to 64 letters from a to z, digits, _ and -")]
_Digest = Annotated[str, Spelled(r"^[0-9a-f]{64}$", "must be 64 digits from 0 to f")]


class Provenance(Settings):
    """Where digits come from. As text it is one line of ASCII without blanks, which any file can hold."""

    format: Literal["ganmnist-1"] = "ganmnist-1"
    version: _Version = Field(description="Version of ganmnist that made them.")
    model: ModelName = Field(description="Name that the model had.")
    model_id: _ModelId = Field(description="Name of the model's folder, never changes.")
    step: Whole = Field(description="Training step that the model had reached.", ge=0, le=2**53)
    sha256: _Digest = Field(description="SHA-256 of the model's weights.")
    seed: Seed = Field(description="Seed that was asked for; what it gave stands in z.")
    geometry: GeometryConfig = Field(description="How the pixels became geometry.")
    units: Units | None = Field(None, description="Unit of length of the file, if one was asked for.")
    numbers: Whole = Field(description="Length of a vector: latent_dim + classes.", ge=1, le=4096)
    z: str = Field(
        description="Base64 of float32, little endian, (digits, numbers): whole vectors.", max_length=MAX_TEXT
    )

    @classmethod
    def of(
        cls, source: Source, seed: int, geometry: GeometryConfig, z: NDArray[np.float32], units: Units | None = None
    ) -> Provenance:
        """Note where digits come from.

        Args:
            source: The model.
            seed: Seed of the request.
            geometry: Settings of the geometry, or a request that has them.
            z: Whole vectors, (digits, latent_dim + classes).
            units: Unit of length of a file, if one was asked for.
        """
        own = GeometryConfig.part_of(geometry)
        return cls.model_construct(
            version=__version__,
            **source._asdict(),
            seed=seed,
            geometry=own,
            units=units,
            numbers=z.shape[1],
            z=base64.b64encode(z.astype("<f4").tobytes()).decode(),
        )

    @model_validator(mode="after")
    def _check_vectors(self) -> Self:
        try:
            content = base64.b64decode(self.z, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("z is no base64") from None
        digits, rest = divmod(len(content), 4 * self.numbers)
        if rest or not digits:
            raise ValueError(f"z has {len(content)} bytes: expected vectors of {self.numbers} float32")
        if not _are_finite(content):
            raise ValueError("z holds what is no finite number")
        return self

    @staticmethod
    def has_room_for(z: NDArray[np.float32]) -> bool:
        """Tell whether a record can hold so many vectors, (digits, latent_dim + classes)."""
        return len(z) <= _most(z.shape[1])

    def vectors(self) -> NDArray[np.float32]:
        """Return the whole vectors, (digits, latent_dim + classes), to the bit."""
        import numpy as np

        return np.frombuffer(base64.b64decode(self.z), "<f4").astype(np.float32).reshape(-1, self.numbers)

    def to_text(self) -> str:
        """Return it as JSON in one line of ASCII without blanks; `z` comes last."""
        return self.model_dump_json()

    def stem(self) -> str:
        """Return the text of a digit whose z is still to be put between its last quotes."""
        return f'{self.model_dump_json(exclude={"z"})[:-1]},"z":""}}'

    def each(self) -> list[str]:
        """Return the text of each digit by itself."""
        stem, width = self.stem(), 4 * self.numbers
        content = base64.b64decode(self.z)
        parts = [content[start : start + width] for start in range(0, len(content), width)]
        return [f"{stem[:-2]}{base64.b64encode(part).decode()}{stem[-2:]}" for part in parts]

    def short_id(self) -> str:
        """Return 16 letters that tell this record from others, where a file has no place for more."""
        return hashlib.sha256(self.to_text().encode()).hexdigest()[:16]


def parse_provenance(text: str, where: str) -> Provenance:
    """Parse the text of a record.

    Args:
        text: JSON, as `Provenance.to_text` gives it.
        where: What to call it where something is wrong.

    Raises:
        DataError: It is none, has very many names, or says what cannot be.
    """
    if len(text) > 2 * MAX_TEXT:
        raise DataError(f"{where}: its record has {len(text):,} letters, at most {2 * MAX_TEXT:,} are read")
    marks = text.count(":") + text.count(",")
    if marks > MAX_MARKS:  # before pydantic finds fault with each of very many names
        raise DataError(
            f"{where}: its record has {marks:,} colons and commas, where records have at most {MAX_MARKS}: "
            "take another copy"
        )
    try:
        return Provenance.model_validate_json(text)
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise DataError(f"{where}: holds no record of ganmnist: expected JSON that begins {HEAD}") from None
        raise DataError(f"{where}: its record cannot be read: {explain(error)}") from None


def join(records: Iterable[Provenance]) -> Provenance:
    """Put the records of digits that were made alike into one, those of the first of them; a digit stands once.

    Args:
        records: At least one.
    """
    first, *others = records
    alike = [record for record in others if record.stem() == first.stem()]
    digits = dict.fromkeys(vector.tobytes() for record in (first, *alike) for vector in record.vectors())
    content = b"".join(list(digits)[: _most(first.numbers)]) if alike else first.vectors().tobytes()
    return first.model_copy(update={"z": base64.b64encode(content).decode()})


def _are_finite(content: bytes) -> bool:
    """Tell whether all of some float32 are finite, in an instant though there be a million."""
    import numpy as np

    return bool(np.isfinite(np.frombuffer(content, "<f4")).all())


def _most(numbers: int) -> int:
    """Return how many vectors of a length a record holds, as base64 of float32."""
    return 3 * MAX_TEXT // 4 // (4 * numbers)
