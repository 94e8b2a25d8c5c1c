"""Grasshopper's own Hops component as a client: /hops/digit describes a digit, /solve draws it.

The protocol is that of Hops, which reads errors where our other clients read `error`, sends every value as JSON text
beside the branch of its data tree, and cannot send a token.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from flask import Blueprint, Response, request
from pydantic import BaseModel, FailFast, Field
from pydantic_core import from_json
from werkzeug.routing import BaseConverter

from bridge_server.backends.base import Backend
from bridge_server.contract.base import ErrorBody, RhinoObject
from bridge_server.contract.digits import GenerateRequest
from bridge_server.contract.openapi import tidy
from bridge_server.encoding.pixels import rhino
from bridge_server.errors import ApiError
from bridge_server.web.api import json_bytes
from ganmnist.errors import SettingError, shown
from ganmnist.fields import Spelled, Whole
from ganmnist.validation import read_settings

if TYPE_CHECKING:
    import numpy as np
    from flask.sansio.blueprints import BlueprintSetupState
    from numpy.typing import NDArray

    from ganmnist.geometry.pieces import Points

POINTER = "hops/digit"  # path of the one definition, as Hops names it when it wants it solved
MAX_COUNT = 16  # digits at once: the 784 points of one are 70 kB of text, which Rhino reads one by one
_LARGEST = 100_000  # bytes: the longest latent takes 60,000
_INPUTS = ("model", "digit", "latent", "seed", "count", "form", "cell", "height", "plane")
_TYPES = {"integer": "Integer", "number": "Number", "string": "Text"}  # JSON's names, and Grasshopper's
_GENERATE = GenerateRequest.model_fields

Branch = tuple[int, ...]
# {0;3}, as Hops writes it, or 0;3
_Path = Annotated[str, Spelled(r"^\{?(-?[0-9]{1,9}(;-?[0-9]{1,9}){0,99})?\}?$", "must be a branch, as {0;3}")]


class _Output(NamedTuple):
    name: str
    param: str  # Grasshopper's name of its type
    kind: str  # .NET's
    description: str


_OUTPUTS = (
    _Output("mesh", "Mesh", "Rhino.Geometry.Mesh", "One mesh per digit."),
    _Output(
        "points", "Point", "Rhino.Geometry.Point3d", "One point per pixel, row by row from the top; a branch per digit."
    ),
    _Output("image", "Text", "System.String", "One picture per digit: a PNG file as base64 text."),
)


class DigitRequest(GenerateRequest):
    """Digits for Hops, which takes meshes and points side by side."""

    form: Literal["mesh", "relief"] = Field(
        _GENERATE["form"].default, description="mesh (flat, a colour per pixel) or relief (white pixels high)."
    )
    count: Whole = Field(_GENERATE["count"].default, description=_GENERATE["count"].description, ge=1, le=MAX_COUNT)


class _Item(BaseModel):
    data: str = Field(max_length=4000)


class _Value(BaseModel):
    name: str = Field(alias="ParamName", max_length=100)
    branches: dict[_Path, Annotated[list[_Item], FailFast()]] = Field(alias="InnerTree")


class _Solve(BaseModel):
    """What Hops sends, as far as we need it; the rest is passed over."""

    pointer: str = Field(max_length=200)
    values: Annotated[list[_Value], FailFast()]


class _Address(BaseConverter):
    """A path that begins with hops, however the user wrote its letters and slashes."""

    regex = "/*(?i:hops)(?:/.*)?"
    part_isolating = False


def blueprint(backend: Backend) -> Blueprint:
    """Return the views that Hops asks for, answered by `backend`."""
    hops = Blueprint("hops", __name__)
    description = json.dumps(_describe())

    @hops.record_once
    def know_the_address(state: BlueprintSetupState) -> None:
        state.app.url_map.converters["hops"] = _Address

    @hops.get("/<hops:address>")
    def describe(address: str) -> Response:
        _check_known(address)
        return _json(description)

    @hops.post("/solve")
    def solve() -> Response:
        asked = _Solve.model_validate_json(_body())
        _check_known(asked.pointer)
        wanted = _read_inputs(asked.values)
        with backend.images(wanted) as images:
            return _json(_solved(_outputs(images, wanted, _branch(asked.values)), errors=[]))

    hops.after_request(_as_hops_reads_it)
    return hops


def _describe() -> dict[str, object]:
    """Describe the definition: its help, bounds and defaults are those of the settings."""
    settings = tidy(DigitRequest.model_json_schema())["properties"]
    return {
        "Name": "Digit",
        "Nickname": "Digit",
        "Description": "Draws digits with a trained model, or with the bundled one: as meshes, as points and "
        "as pictures (PNG files as base64 text).",
        "Inputs": [_input(name, settings[name]) for name in _INPUTS],
        "Outputs": [
            {"Name": each.name, "Nickname": each.name, "Description": each.description, "ParamType": each.param}
            for each in _OUTPUTS
        ],
        "Warnings": [],
        "Errors": [],
    }


def _read_inputs(values: list[_Value]) -> DigitRequest:
    """Read the inputs that Hops sends into settings; what is absent takes its default.

    Raises:
        SettingError: An unknown input, several values for one that takes one, or a value that does not fit.
    """
    given: dict[str, object] = {}
    for value in values:
        if value.name not in _INPUTS:
            known = ", ".join(_INPUTS)
            raise SettingError(f"{value.name}: is no input; there are {known}: enter the address in Hops again")
        ordered = sorted(value.branches.items(), key=lambda branch: _numbers(branch[0]))
        read = [_read(value.name, item.data) for _, items in ordered for item in items]
        if value.name == "latent":
            given[value.name] = read
        elif len(read) > 1:
            raise SettingError(f"{value.name}: takes one value, got {len(read):,}: graft them to have each drawn")
        elif read:
            given[value.name] = _frame(read[0]) if value.name == "plane" else read[0]
    return read_settings(DigitRequest, given)


def _input(name: str, setting: Mapping[str, Any]) -> dict[str, object]:
    kind = _kind(setting)
    default = setting["default"]
    # Hops asks for data wherever AtLeast is 1, and runs once per item only if AtMost is 1 as well.
    has_default = isinstance(default, str | float | int)
    described = {
        "Name": name,
        "Nickname": name,
        "Description": setting["description"],
        "ParamType": _TYPES.get(kind.get("type", ""), "Plane"),
        "AtLeast": int(has_default),
        "AtMost": setting.get("maxItems", 1),
    }
    if has_default:
        described["Default"] = default
    return described | {bound: kind[bound.lower()] for bound in ("Minimum", "Maximum") if bound.lower() in kind}


def _kind(setting: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a setting takes: text where it takes texts and numbers, since Hops turns these into those."""
    kinds: list[Mapping[str, Any]] = [setting["items"]] if "items" in setting else setting.get("anyOf", [setting])
    return next((kind for kind in kinds if kind.get("type") == "string"), kinds[0])


def _body() -> bytes:
    body = json_bytes()
    if len(body) > _LARGEST:
        raise ApiError(413, "too_large", f"The body is larger than {_LARGEST:,} bytes.")
    return body


def _check_known(pointer: str) -> None:
    """Refuse what is not the one definition.

    Hops before March 2022 sends its bare name. Slashes are the user's, and so is the size of letters.
    """
    if "/".join(filter(None, pointer.lower().split("/"))) not in (POINTER, POINTER.split("/")[-1]):
        raise ApiError(
            404,
            "not_found",
            f"There is no {shown(pointer) or 'nameless one'} here; there is {POINTER}: enter its address in Hops.",
        )


def _read(name: str, text: str) -> object:
    try:
        return from_json(text)
    except ValueError:
        raise SettingError(f"{name}: expected JSON text, got {text[:80]!r}") from None


def _frame(plane: object) -> object:
    """Turn RhinoCommon's plane into ours; what is none stays as it is, for the settings to refuse."""
    match plane:
        case {"Origin": origin, "XAxis": xaxis, "YAxis": yaxis}:
            return {"origin": _xyz(origin), "xaxis": _xyz(xaxis), "yaxis": _xyz(yaxis)}
    return plane


def _xyz(point: object) -> object:
    match point:
        case {"X": x, "Y": y, "Z": z}:
            return x, y, z
    return point


def _numbers(path: str) -> Branch:
    return tuple(int(number) for number in path.strip("{}").split(";") if number)


def _branch(values: list[_Value]) -> Branch:
    """Return the branch under which the outputs go: the deepest of the inputs', so that grafted ones stay apart."""
    found = [_numbers(path) for value in values for path in value.branches]
    return max(found, key=lambda branch: (len(branch), branch), default=(0,))


def _outputs(images: NDArray[np.uint8], wanted: DigitRequest, branch: Branch) -> list[dict[Branch, list[str]]]:
    """Return the data trees of all outputs: each value is the JSON of a text."""
    from ganmnist.geometry.forms import build
    from ganmnist.geometry.pieces import Points

    grids = build(images, wanted.model_copy(update={"form": "points"}))
    return [
        {branch: [_mesh(each) for piece in build(images, wanted) for each in rhino(piece)]},
        {(*branch, place): _points(grid) for place, grid in enumerate(grids) if isinstance(grid, Points)},
        {branch: [json.dumps(json.dumps(_png(image))) for image in images]},
    ]


def _mesh(made: RhinoObject) -> str:
    """Return a mesh as RhinoCommon's CommonObject.ToJSON does."""
    return json.dumps(json.dumps({"version": 10000, **made.model_dump()}))


def _points(points: Points) -> list[str]:
    # Not by json.dumps: 16 digits have 12,544 points, for which it would hold the interpreter while all others wait.
    rows = points.grid.reshape(-1, 3).tolist()
    return [rf'"{{\"X\":{x!r},\"Y\":{y!r},\"Z\":{z!r}}}"' for x, y, z in rows]


def _png(image: NDArray[np.uint8]) -> str:
    from ganmnist.export.pictures import sample_grid

    file = io.BytesIO()
    sample_grid(image[None]).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def _solved(trees: list[dict[Branch, list[str]]], errors: list[str]) -> str:
    """Return the JSON of an answer from data trees whose values are JSON already."""
    values = ", ".join(
        f'{{"ParamName": "{output.name}", "InnerTree": {_inner_tree(output.kind, tree)}}}'
        for output, tree in zip(_OUTPUTS, trees, strict=True)
    )
    return f'{{"values": [{values}], "errors": {json.dumps(errors)}, "warnings": []}}'


def _inner_tree(kind: str, tree: dict[Branch, list[str]]) -> str:
    branches = []
    for branch, texts in tree.items():
        items = ", ".join([f'{{"type": "{kind}", "data": {text}}}' for text in texts])
        branches.append(f'"{{{";".join(map(str, branch))}}}": [{items}]')
    return f"{{{', '.join(branches)}}}"


def _as_hops_reads_it(response: Response) -> Response:
    """Say a failure where Hops looks for it too, with as many outputs as ever: fewer make it build itself anew."""
    if response.status_code < 400:
        return response
    failure = ErrorBody.model_validate_json(response.get_data())
    sentences = [failure.error.message]
    if request.method == "POST":
        shown = json.loads(_solved([{} for _ in _OUTPUTS], sentences))
    else:
        # Hops since 2026 shows `message`, before it showed `Errors`.
        shown = {"message": failure.error.message, "Inputs": [], "Outputs": [], "Warnings": [], "Errors": sentences}
    response.set_data(json.dumps({**failure.model_dump(), **shown}))
    return response


def _json(text: str) -> Response:
    return Response(text, mimetype="application/json")
