"""What a conversation is told of an answer: short text, pictures, and names in place of thousands of numbers."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from bridge_server.cli.mcp.vectors import Vectors
from bridge_server.contract.base import Picture, Pixels, RhinoObject
from bridge_server.contract.runs import RunProgress
from ganmnist.models.provenance import Provenance

_LONGEST = 20_000  # letters of a text
_POINTS = 40  # of a curve
_CURVES = {"steps", "loss_d", "loss_g", "frechet"}  # of RunProgress, all as long
_OF_PROGRAMS = {"provenance", "owners"}  # what belongs to geometry as Rhino reads it


class Told(NamedTuple):
    """What an assistant is told: a text, and PNG files to look at."""

    text: str
    pictures: tuple[bytes, ...] = ()


def told(reply: type[BaseModel], message: Mapping[str, Any], vectors: Vectors, columns: int | None = None) -> Told:
    """Shorten an answer of the server.

    Args:
        reply: The model of the answer.
        message: The answer.
        vectors: Where its latent vectors are kept.
        columns: Images side by side in its picture; near a square unless given.
    """
    said: dict[str, Any] = {}
    shown: list[Pixels] = []
    captions: list[str] = []
    for name, value in message.items():
        field = reply.model_fields.get(name)
        kind = str(field.annotation) if field else ""
        if field and field.annotation is Pixels:
            shown.append(Pixels.model_validate(value))
            captions.append(field.description or "")
        elif name == "z" and isinstance(value, str):
            said[name] = vectors.keep(value, _count(message))
        elif field and field.annotation is Provenance:
            said[name] = {part: each for part, each in value.items() if part != "z"}
        elif name not in _OF_PROGRAMS and RhinoObject.__name__ not in kind and Picture.__name__ not in kind:
            said[name] = _thinned(value) if reply is RunProgress and name in _CURVES else value
    if len(shown) > 1:
        said["picture"] = captions
    return Told(bounded(without_nothing(said)), (_png(shown, columns),) if shown else ())


def without_nothing(value: Any) -> Any:
    """Leave out of an answer what says nothing: null and empty lists."""
    if isinstance(value, Mapping):
        kept = {name: without_nothing(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if each is not None and each != [] and each != {}}
    return [without_nothing(each) for each in value] if isinstance(value, list) else value


def bounded(message: dict[str, Any]) -> str:
    """Return an answer as JSON of 20,000 letters at most: the longest of its lists are cut, and that is said."""
    whole = {name: len(value) for name, value in message.items() if isinstance(value, list)}
    cut = dict(message)
    while len(text := _json(cut)) > _LONGEST:
        longest = max(whole, key=lambda name: len(_json(cut[name])), default=None)
        if longest is None or len(cut[longest]) < 2:
            return f"{text[:_LONGEST]} ..."
        cut[longest] = cut[longest][: len(cut[longest]) // 2]
        cut["left_out"] = {name: whole[name] - len(cut[name]) for name in whole if len(cut[name]) < whole[name]}
    return text


def enlarged(png: bytes) -> bytes:
    """Return a picture that is large enough to look at."""
    from PIL import Image

    with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
        return _to_look_at(picture.convert("L"))


def _count(message: Mapping[str, Any]) -> int:
    """Return how many vectors an answer has: as it says, for a path or a sheet by its rows, else one."""
    if "rows" in message:
        return int(message["rows"]) * int(message["columns"])
    images = message.get("images")
    return int(images["shape"][0]) if images else int(message.get("count", 1))


def _thinned(curve: list[Any]) -> list[Any]:
    """Return points of a curve, as far apart as each other, the last among them."""
    if len(curve) <= _POINTS:
        return curve
    last = len(curve) - 1
    return [curve[round(place * last / (_POINTS - 1))] for place in range(_POINTS)]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _png(shown: list[Pixels], columns: int | None) -> bytes:
    import numpy as np

    from ganmnist.export.pictures import sample_grid

    images = [np.frombuffer(base64.b64decode(each.data), np.uint8).reshape(each.shape) for each in shown]
    return _to_look_at(sample_grid(np.concatenate(images), columns))


def _to_look_at(picture: Any) -> bytes:
    from ganmnist.export.pictures import enlarge, viewing_scale

    file = io.BytesIO()
    enlarge(picture, viewing_scale(*picture.size)).save(file, "PNG")
    return file.getvalue()
