"""Which calls of the contract an assistant has as tools. Names, help texts, schemas and bounds are the contract's.

A tool may hide fields of its call, such as pixels that nobody types, and have arguments of its own, such as a path.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

from pydantic import Field

from bridge_server.access.roles import ALLOWED, Role
from bridge_server.contract.calls import CALLS, Call
from bridge_server.contract.media import FileFormat
from bridge_server.contract.openapi import tidy
from bridge_server.contract.runs import RunId
from ganmnist.config import GeometryConfig, ModelName
from ganmnist.fields import Flag, Number, Settings
from ganmnist.validation import read_settings

FORMATS: tuple[str, ...] = get_args(FileFormat)


class Watch(Settings):
    """How long a training is watched."""

    wait: Number = Field(
        10.0, description="Seconds to wait for the end, before it is said how the training stands.", ge=0, le=60
    )


class Drawing(Settings):
    """A drawing in a file."""

    path: str | None = Field(
        None, description="Picture of a drawing on this machine, its whole path, in place of curves.", max_length=4096
    )


class Destination(Settings):
    """Where a file goes."""

    path: str = Field(
        description="File to write on this machine, its whole path. Its ending says what it holds: "
        f"{', '.join(f'.{ending}' for ending in FORMATS)}.",
        max_length=4096,
    )
    overwrite: Flag = Field(False, description="Whether it may take the place of a file that is there.")


class Origin(Settings):
    """What says where digits come from."""

    path: str | None = Field(
        None, description="File that ganmnist has written, on this machine: its whole path.", max_length=4096
    )
    text: str | None = Field(None, description="Text of a baked object, in place of a file.", max_length=100_000)


class PathOfRun(Settings):
    """Which run is meant."""

    id: RunId = Field(description="Id of the run, as run_start and runs say it.")


class PathOfName(Settings):
    """Which model or data set is meant."""

    name: ModelName = Field(description="Its name.")


class Tool(NamedTuple):
    """A call as an assistant makes it.

    Attributes:
        call: Of the contract.
        says: What an assistant has to know beside what the contract says.
        own: Arguments that are not the call's.
        hidden: Fields of the request that it does without.
        filled: Values of the request where they are not given, or hidden.
    """

    call: Call
    says: str = ""
    own: type[Settings] | None = None
    hidden: frozenset[str] = frozenset()
    filled: Mapping[str, Any] = {}

    @property
    def name(self) -> str:
        """Its name, which is the call's."""
        return self.call.name

    @property
    def place(self) -> type[Settings] | None:
        """What stands in the call's path."""
        return PathOfRun if "{id}" in self.call.path else PathOfName if "{name}" in self.call.path else None

    @property
    def only_looks(self) -> bool:
        """Whether it changes nothing, on the server or on the disk."""
        return self.name in ALLOWED[Role.VIEWER] and self.own is not Destination

    @property
    def description(self) -> str:
        """What it does."""
        return f"{self.call.summary} {self.says}".strip()

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of its arguments."""
        properties: dict[str, Any] = {}
        required: list[str] = []
        definitions: dict[str, Any] = {}
        for model in filter(None, (self.place, self.call.request, self.own)):
            made = tidy(model.model_json_schema())
            definitions |= made.get("$defs", {})
            for name, field in made.get("properties", {}).items():
                if model is not self.call.request:
                    properties[name] = field
                elif name not in self.hidden:
                    properties[name] = _shorter(name, field)
                    if name in self.filled:
                        properties[name] = {**properties[name], "default": self.filled[name]}
            required += [name for name in made.get("required", []) if name in properties]
        schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        if required:
            schema["required"] = required
        if used := _used(properties, definitions):
            schema["$defs"] = used
        return schema

    def split(self, arguments: Mapping[str, Any]) -> tuple[dict[str, str], Settings | None, dict[str, Any]]:
        """Take the arguments apart: what stands in the path, the tool's own, and the request as it is sent.

        Raises:
            SettingError: What stands in the path, or its own, is not as it has to be; or it has no such argument. The
                request is the server's to check.
        """
        place, own = (_of(model, arguments) for model in (self.place, self.own))
        rest = {name: value for name, value in arguments.items() if name not in {*_fields(self.place, self.own)}}
        read_settings(Settings, {name: rest[name] for name in rest if name in self.hidden or not self.call.request})
        request = {**self.filled, **rest} if self.call.request else {}
        return place.model_dump() if place else {}, own, request


def _of(model: type[Settings] | None, arguments: Mapping[str, Any]) -> Settings | None:
    if model is None:
        return None
    return read_settings(model, {name: value for name, value in arguments.items() if name in model.model_fields})


def _fields(*models: type[Settings] | None) -> list[str]:
    return [name for model in models if model for name in model.model_fields]


def _shorter(name: str, field: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a field as it is read in a conversation: without thousands of letters about layers."""
    if name in ("networks", "generator", "discriminator"):
        shape = '{"layers": [{"layer": "Dense", "units": 128}, ...]}'
        example = f'{{"generator": {shape}, "discriminator": {shape}}}' if name == "networks" else shape
        says = f"{field['description']} As {example}: layers says which there are, networks_check whether they fit."
        return {"type": "object", "description": says}
    if name == "z":
        says = f"{field['description']} By their names in earlier answers: z-1 all of an answer, z-1[0] its first."
        return {"type": "array", "items": {"type": "string"}, "minItems": 1, "description": says}
    return field


def _used(properties: object, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return those definitions to which a schema refers, by way of others too."""
    used: dict[str, Any] = {}
    names = _references(properties)
    while names:
        name = names.pop()
        if name not in used:
            used[name] = definitions[name]
            names |= _references(used[name])
    return used


def _references(schema: object) -> set[str]:
    if isinstance(schema, dict):
        own = {schema["$ref"].rpartition("/")[2]} if isinstance(schema.get("$ref"), str) else set()
        return own.union(*map(_references, schema.values()))
    return set().union(*map(_references, schema)) if isinstance(schema, list) else set()


_PAGE = 20  # entries of a list, where an assistant does not say how many
_FORM = frozenset(GeometryConfig.model_fields) - {"columns"}
_VECTORS = "Gives vectors, which the z of generate draws and that of export writes to a file."
_TOOLS: dict[str, dict[str, Any]] = {
    "models": {"filled": {"limit": _PAGE}},
    "model": {},
    "data": {},
    "datasets": {},
    "dataset": {},
    "dataset_import": {"says": "Ask for it with dataset until it is ready; run_start learns from it as its data."},
    "layers": {},
    "networks_check": {},
    "run_start": {
        "says": "Then watch it with run_progress. It goes on whether it is watched or not.",
        "hidden": frozenset({"key"}),
    },
    "runs": {"filled": {"limit": _PAGE}},
    "run": {},
    "run_progress": {
        "says": "Waits a while, and shows the digits that it draws by now.",
        "own": Watch,
        "hidden": frozenset({"preview"}),
    },
    "run_stop": {},
    "run_resume": {},
    "queue": {},
    "generate": {
        "says": "Shows them in a picture; export writes the same digits to a file, as geometry too.",
        "hidden": _FORM,
        "filled": {"form": "images"},
    },
    "latents_between": {"says": _VECTORS},
    "latents_sheet": {"says": _VECTORS},
    "latents_invert": {
        "says": "Shows the drawing as it was read and beside it the digit that was found.",
        "own": Drawing,
        "hidden": frozenset({"image"}),
    },
    "evaluate": {},
    "export": {
        "says": "Meshes, solids, contours and points by form; without z the digits that generate makes of the same.",
        "own": Destination,
        "hidden": frozenset({"format"}),
    },
    "restore": {"says": "Gives their vectors.", "own": Origin},
}
TOOLS = {call.name: Tool(call, **_TOOLS[call.name]) for call in CALLS if call.name in _TOOLS}
