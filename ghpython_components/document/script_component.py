"""A script component as Grasshopper keeps it in user objects and definitions: GHPython of Rhino 7, Python 3 of Rhino 8.

There are more forms of it than these. Each of ours is one form whole, as Rhino itself writes it; a test holds it beside
real ones of that form alone, since no real file has a mixture of two.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ghpython_components.archive import Chunk, Item
from ghpython_components.archive.codes import BITMAP, BOOL, GUID, INT32, POINT, POINTF, RECTANGLEF, SIZE, STRING
from ghpython_components.document.identity import identity
from ghpython_components.sources.component import Component, Port

_ACCESS = {"item": 0, "list": 1, "tree": 2}
ROW = 20.0  # height of an input on the canvas, pixels
_LETTER, _ICON = 6.2, 30.0  # pixels, about; Grasshopper measures anew when it loads a file
_FORM = 3  # ScriptComponentVersion that Rhino 8 writes
_PORT_FORM = 2  # and ScriptParameterVersion of the inputs and outputs
_UNHINTED = "none"  # what an output has for a hint: its values stay what they are

Wires = Mapping[str, Sequence[UUID]]


@dataclass(frozen=True, eq=False)
class Rhino:
    """What differs between the two generations.

    Attributes:
        number: 7 or 8.
        base: Guid of the component that runs a script.
        input, output: Guids of its parameters.
        hints: Guids of the type hints.
        types: What a hint turns values into, assembly and type of .NET. GHPython keeps none.
        plugin: Grasshopper's version in the definitions it writes.
    """

    number: int
    base: UUID
    input: UUID
    output: UUID
    hints: Mapping[str, UUID]
    types: Mapping[str, tuple[str, str]]
    plugin: tuple[int, int, int]


_CORE, _RHINO_COMMON = "System.Private.CoreLib", "RhinoCommon"
_SAME_HINTS = {
    "bool": UUID("d60527f5-b5af-4ef6-8970-5f96fe412559"),
    "int": UUID("48d01794-d3d8-4aef-990e-127168822244"),
    "curve": UUID("9ba89ec2-5315-435f-a621-b66c5fa2f301"),
    "plane": UUID("3897522d-58e9-4d60-b38c-978ddacfedd8"),
}
RHINO7 = Rhino(
    7,
    base=UUID("410755b1-224a-4c1e-a407-bf32fb45ea7e"),
    input=UUID("84fa917c-1ed8-4db3-8be1-7bdc4a6495a2"),
    output=UUID("8ec86459-bf01-4409-baee-174d0d2b13d0"),
    hints={
        **_SAME_HINTS,
        "float": UUID("39fbc626-7a01-46ab-a18e-ec1c0c41685b"),
        "str": UUID("37261734-eec7-4f50-b6a8-b8d1f3c4396b"),
    },
    types={},
    plugin=(1, 0, 7),
)
RHINO8 = Rhino(
    8,
    base=UUID("719467e6-7cf5-4848-99b0-c5dd57e5442c"),
    input=UUID("08908df5-fa14-4982-9ab2-1aa0927566aa"),
    output=UUID("08908df5-fa14-4982-9ab2-1aa0927566aa"),
    hints={
        **_SAME_HINTS,
        "float": UUID("9d51e32e-c038-4352-9554-f4137ca91b9a"),
        "str": UUID("3aceb454-6dbd-4c5b-9b6b-e71f8c1cdf88"),
        _UNHINTED: UUID("6a184b65-baa3-42d1-a548-3915b401de53"),
    },
    types={
        "bool": (_CORE, "System.Boolean"),
        "int": (_CORE, "System.Int32"),
        "float": (_CORE, "System.Double"),
        "str": (_CORE, "System.String"),
        "curve": (_RHINO_COMMON, "Rhino.Geometry.Curve"),
        "plane": (_RHINO_COMMON, "Rhino.Geometry.Plane"),
        _UNHINTED: (_CORE, "System.Object"),
    },
    plugin=(1, 0, 8),
)
RHINOS = (RHINO7, RHINO8)


def title(component: Component, rhino: Rhino) -> str:
    """Return the component's name; the two kinds have different ones, since on Windows they share a folder."""
    return component.title if rhino is RHINO8 else f"{component.title} (Rhino 7)"


def size(component: Component) -> tuple[float, float]:
    """Return about the width and height that the component has on the canvas."""
    inputs, outputs = _column(component.inputs), _column(component.outputs)
    rows = max(len(component.inputs), len(component.outputs))
    return inputs + _ICON + outputs + 4, ROW * rows + (4 if rows > 1 else 8)


def port_span(y: float, height: float, count: int, index: int) -> tuple[float, float]:
    """Return top and height of one of the ports at a side of a component that has that top and height."""
    row = (height - 4) / count
    return y + 2 + index * row, row


def container(
    name: str,
    component: Component,
    rhino: Rhino,
    guid: UUID,
    icon: bytes,
    at: tuple[float, float] = (0.0, 0.0),
    wires: Wires | None = None,
) -> Chunk:
    """Return the chunk that holds the whole component.

    Args:
        name: Of the chunk.
        component: What it is.
        rhino: For which Rhino.
        guid: Of this one; its parameters' are made of it.
        icon: A PNG of 24 x 24 pixels.
        at: Left and top, pixels on the canvas.
        wires: Guids of the parameters that an input's wires come from, by the input's name.
    """
    width, height = size(component)
    middle = at[0] + 2 + _column(component.inputs) + _ICON / 2
    common = [
        Item("Description", STRING, component.description),
        Item("IconOverride", BITMAP, icon),
        Item("InstanceGuid", GUID, guid),
        Item("Name", STRING, title(component, rhino)),
        Item("NickName", STRING, component.nickname),
    ]
    chunks = [
        _attributes((*at, width, height), (middle, at[1] + height / 2)),
        _parameters(component, rhino, guid, at, wires or {}),
    ]
    if rhino is RHINO7:
        own = [
            Item("CodeInput", STRING, component.source),
            Item("EditorLocation", POINT, (100, 100)),
            Item("EditorSize", SIZE, (800, 600)),
            Item("HideInput", BOOL, True),
            Item("HideOutput", BOOL, True),
            Item("InputIsPath", BOOL, False),
            Item("IsAdvancedMode", BOOL, False),
            Item("MarshalOutGuids", BOOL, True),
        ]
        return Chunk(name, [*common, *own], chunks)
    own = [
        Item("GraftStandardOutputLines", BOOL, True),
        Item("MarshGuids", BOOL, True),
        Item("MarshInputs", BOOL, True),
        Item("MarshOutputs", BOOL, True),
        Item("ScriptComponentVersion", INT32, _FORM),
        Item("Tooltip", STRING, component.description),
        Item("UsingLibraryInputParam", BOOL, False),
        Item("UsingScriptInputParam", BOOL, False),
        Item("UsingScriptOutputParam", BOOL, False),
        Item("UsingStandardOutputParam", BOOL, False),
    ]
    return Chunk(name, [*common, *own], [*chunks, _script(component)])


def parameter(guid: UUID, side: str, port: str) -> UUID:
    """Return the guid of an input or output of the component with that guid: what wires lead to and come from."""
    return identity(str(guid), side, port)


def parse_component(chunk: Chunk) -> Component:
    """Read a component back from what `container` returned. What only user objects know is left empty."""
    data = chunk.chunk("ParameterData")
    ports: dict[str, list[Port]] = {"Input": [], "Output": []}
    names = {guid: name for rhino in RHINOS for name, guid in rhino.hints.items()}
    accesses = {number: access for access, number in _ACCESS.items()}
    for side, found in ports.items():
        for index in range(data.get(f"{side}Count")):
            port = data.chunk(f"{side}Param", index)
            hint, access = port.get("TypeHintID"), port.get("ScriptParamAccess")
            known = {"hint": names[hint], "access": accesses[access]} if side == "Input" else {}
            found.append(Port(port.get("Name"), port.get("Description"), **known))
    source = chunk.get("CodeInput")
    if source is None:
        source = base64.b64decode(chunk.chunk("Script").get("Text")).decode("utf-8")
    return Component(
        "",
        chunk.get("Name"),
        chunk.get("NickName"),
        "",
        chunk.get("Description"),
        tuple(ports["Input"]),
        tuple(ports["Output"]),
        source,
    )


def _script(component: Component) -> Chunk:
    text = base64.b64encode(component.source.encode()).decode()
    items = [
        Item("MarshGuids", BOOL, True),
        Item("MarshInputs", BOOL, True),
        Item("MarshOutputs", BOOL, True),
        Item("Text", STRING, text),
        Item("Title", STRING, component.nickname),
    ]
    language = [Item("Taxon", STRING, "*.*.python"), Item("Version", STRING, "3.*")]
    return Chunk("Script", items, [Chunk("LanguageSpec", language)])


def _parameters(component: Component, rhino: Rhino, guid: UUID, at: tuple[float, float], wires: Wires) -> Chunk:
    _, height = size(component)
    left, right = _column(component.inputs), _column(component.outputs)
    sides = {
        "Input": (component.inputs, at[0] + 2, left, rhino.input),
        "Output": (component.outputs, at[0] + 2 + left + _ICON, right, rhino.output),
    }
    items, chunks = [], []
    for side, (ports, x, width, kind) in sides.items():
        items.append(Item(f"{side}Count", INT32, len(ports)))
        items += [Item(f"{side}Id", GUID, kind, index) for index in range(len(ports))]
        for index, port in enumerate(ports):
            top, row = port_span(at[1], height, len(ports), index)
            bounds = (x, top, width, row)
            own = parameter(guid, side, port.name)
            sources = wires.get(port.name, ()) if side == "Input" else ()
            kept = [_box(bounds), *_converter(port, rhino)]
            chunks.append(Chunk(f"{side}Param", _port(port, side, rhino, own, sources), kept, index))
    return Chunk("ParameterData", items, chunks)


def _port(port: Port, side: str, rhino: Rhino, guid: UUID, sources: Sequence[UUID]) -> list[Item]:
    items = [
        Item("Description", STRING, port.description),
        Item("InstanceGuid", GUID, guid),
        # The variable in the script has the nickname in Rhino 7 and the name in Rhino 8, so they are the same.
        Item("Name", STRING, port.name),
        Item("NickName", STRING, port.name),
        Item("Optional", BOOL, side == "Input"),
        Item("SourceCount", INT32, len(sources)),
        *(Item("Source", GUID, source, index) for index, source in enumerate(sources)),
    ]
    if rhino is RHINO7 and side == "Output":  # generic data, that knows nothing of scripts
        return items
    items += [
        Item("AllowTreeAccess", BOOL, side == "Input"),
        Item("ScriptParamAccess", INT32, _ACCESS[port.access]),
        Item("ShowTypeHints", BOOL, True),
        Item("TypeHintID", GUID, rhino.hints[port.hint or _UNHINTED]),
    ]
    if port.access != "item":
        items.append(Item("Access", INT32, _ACCESS[port.access]))
    if rhino is RHINO8:
        items += [Item("ScriptParameterVersion", INT32, _PORT_FORM), Item("ToolTip", STRING, port.description)]
    return items


def _converter(port: Port, rhino: Rhino) -> list[Chunk]:
    if not rhino.types:
        return []
    assembly, name = rhino.types[port.hint or _UNHINTED]
    return [Chunk("ConverterData", [Item("AssemblyName", STRING, assembly), Item("TypeName", STRING, name)])]


def _column(ports: tuple[Port, ...]) -> float:
    return round(_LETTER * max((len(port.name) for port in ports), default=0)) + 8.0


def _box(bounds: tuple[float, float, float, float]) -> Chunk:
    return _attributes(bounds, (bounds[0] + bounds[2] / 2 + 1.5, bounds[1] + bounds[3] / 2))


def _attributes(bounds: tuple[float, ...], pivot: tuple[float, ...]) -> Chunk:
    return Chunk("Attributes", [Item("Bounds", RECTANGLEF, bounds), Item("Pivot", POINTF, pivot)])
