"""What a safetensors file says of its tensors: read and checked before any of them is made. No torch.

The format: eight bytes with the length of a JSON header, the header, and the tensors' bytes one behind the other
(github.com/huggingface/safetensors).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ganmnist.errors import ModelError, shown

if TYPE_CHECKING:
    from torch import Tensor


_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
_NAMES = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
          "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL"}  # fmt: skip
MAX_HEADER = 1 << 20
_MAX_DIMENSIONS = 8
_MAX_DIGITS = 18


class Layout(NamedTuple):
    """What one tensor is to be."""

    dtype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype} {self.shape}"

    @property
    def size(self) -> int:
        return _BYTES[self.dtype] * prod(self.shape)


Layouts = Mapping[str, Layout]


def layouts(tensors: Mapping[str, Tensor]) -> dict[str, Layout]:
    """Return the layouts of tensors, which may be on torch's `meta` device and have no memory."""
    return {
        name: Layout(_NAMES[str(tensor.dtype).removeprefix("torch.")], tuple(tensor.shape))
        for name, tensor in tensors.items()
    }


def largest_file(expected: Layouts) -> int:
    """Return how many bytes a file of these tensors has at most."""
    return 8 + MAX_HEADER + sum(layout.size for layout in expected.values())


def read_layouts(file: BinaryIO, size: int, where: str) -> dict[str, Layout]:
    """Read the header of a safetensors file, and no more of it.

    Args:
        file: The file, at its beginning.
        size: Length of the whole file.
        where: Its name, for the sentence that says what is wrong.

    Raises:
        ModelError: The header is too large, no JSON, of unknown types, or its tensors do not fill the file exactly.
    """
    length = int.from_bytes(file.read(8), "little")
    if length > MAX_HEADER:
        raise ModelError(f"{where}: its header is larger than {MAX_HEADER:,} bytes")
    try:
        entries = _parse(file.read(length))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{where}: not a safetensors file, its header is no JSON of one ({shown(error)})") from None
    metadata = entries.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise ModelError(f"{where}: its __metadata__ is no object of texts")
    found = {name: _entry(name, entry, where) for name, entry in entries.items()}
    end = 0
    for name, (layout, begin, until) in sorted(found.items(), key=lambda item: item[1][1:]):
        if begin != end or until != begin + layout.size:
            raise ModelError(
                f"{where}: tensor {shown(name)} of {layout} was expected at bytes {end} to {end + layout.size}, "
                f"its header says {begin} to {until}"
            )
        end = until
    if size != 8 + length + end:
        raise ModelError(f"{where}: expected {8 + length + end:,} bytes, as its header says, got {size:,}")
    return {name: layout for name, (layout, _, _) in found.items()}


def validate_layouts(found: Layouts, expected: Layouts, where: str) -> None:
    """Refuse a file that holds other tensors than its networks need.

    Raises:
        ModelError: A tensor lacks, has another shape or type, or is not needed; names the first.
    """
    for name, layout in expected.items():
        if name not in found:
            raise ModelError(f"{where}: tensor {name} of {layout} is missing")
        if found[name] != layout:
            raise ModelError(f"{where}: tensor {name} was expected to be {layout}, it is {found[name]}")
    for name in found:
        if name not in expected:
            raise ModelError(f"{where}: tensor {shown(name)} is none that its networks have")


def _parse(content: bytes) -> dict[str, object]:
    """Parse a header as strictly as the library that makes the tensors does, which has words of its own for what fails.

    Raises:
        ValueError: It is no JSON object in UTF-8, a name stands twice, or a number is none that JSON has.
    """

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(pairs)
        if len(made) != len(pairs):
            raise ValueError("a name stands twice")
        return made

    def whole(text: str) -> int:
        if text == "-0" or len(text) > _MAX_DIGITS:
            raise ValueError(f"{text[:_MAX_DIGITS]} is no place or length")
        return int(text)

    def refuse(text: str) -> object:
        raise ValueError(f"{text} is no number of JSON")

    if not content.startswith(b"{"):
        raise ValueError("it does not begin with {")
    found = json.loads(content.decode("utf-8"), object_pairs_hook=once, parse_int=whole, parse_constant=refuse)
    json.dumps(found, ensure_ascii=False).encode()  # half a letter, which JSON can escape, is none
    return dict(found)


def _entry(name: str, entry: object, where: str) -> tuple[Layout, int, int]:
    match entry:
        case {"dtype": str(dtype), "shape": [*shape], "data_offsets": [begin, until]} if (
            isinstance(entry, dict)
            and len(entry) == 3
            and dtype in _BYTES
            and len(shape) <= _MAX_DIMENSIONS
            and all(type(number) is int and 0 <= number < 1 << 48 for number in (*shape, begin, until))
        ):
            return Layout(dtype, tuple(shape)), begin, until
    raise ModelError(f"{where}: tensor {shown(name)} has no dtype, shape and data_offsets that are known")
