"""A Grasshopper definition: objects on a canvas, wires between them, groups around them.

The guids of Grasshopper's own objects and the keys they have are those of definitions that Rhino saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from ghpython_components.archive import Chunk, Item
from ghpython_components.archive.codes import (
    BOOL,
    COLOR,
    DATE,
    GUID,
    INT32,
    POINT,
    POINTF,
    RECTANGLEF,
    SINGLE,
    STRING,
    VERSION,
)
from ghpython_components.document.identity import identity
from ghpython_components.document.script_component import Rhino, container, parameter, port_span, size, title
from ghpython_components.document.wires import Box, Point
from ghpython_components.icons.icons import icon
from ghpython_components.sources.component import Component

WRITTEN = 639_027_360_000_000_000  # .NET ticks of 2026-01-01: the same definition gives the same bytes
_NO_LIBRARY = UUID(int=0)


@dataclass(frozen=True)
class Kind:
    """One of Grasshopper's own objects: its guid, name and description."""

    guid: UUID
    name: str
    description: str


SLIDER = Kind(UUID("57da07bd-ecab-415d-9d86-af36d7073abc"), "Number Slider", "Numeric slider for single values")
BUTTON = Kind(UUID("a8b97322-2d53-47cd-905e-b932c3ccd74e"), "Button", "Button object with two values")
PANEL = Kind(UUID("59e0b89a-e487-49f8-bab8-b5bab16be14c"), "Panel", "A panel for custom notes and text values")
VALUE_LIST = Kind(
    UUID("00027467-0d24-4fa7-b178-8dc0ac5f42ec"), "Value List", "Provides a list of preset values to choose from"
)
GENE_POOL = Kind(
    UUID("21553c44-ea62-475e-a8bb-62b2a3ee5ca5"), "Gene Pool", "Contains a collection of genes (i.e. variables)"
)
PLANE = Kind(
    UUID("4f8984c4-7c7a-4d69-b0a2-183cbb330d20"), "Plane", "Contains a collection of three-dimensional axis-systems"
)
MESH = Kind(UUID("1e936df3-0eea-4246-8549-514cb8862b7a"), "Mesh", "Contains a collection of polygon meshes")
POINTS = Kind(
    UUID("fbac3e32-f100-4292-8692-77240a42fd1a"), "Point", "Contains a collection of three-dimensional points"
)
CURVES = Kind(UUID("d5967b9f-e8ee-436b-a8ad-29fdcecf32d5"), "Curve", "Contains a collection of generic curves")
GROUP = Kind(UUID("c552a431-af5b-46a9-a8a4-0fcbc27ef596"), "Group", "A group of Grasshopper objects")


@dataclass(frozen=True)
class Part:
    """An object of Grasshopper's own that is yet to be placed.

    Attributes:
        kind: What it is.
        nickname: On the canvas.
        size: Width and height, pixels.
        items, chunks: What the kind keeps besides what all have.
        attributes: What it keeps about its looks besides its bounds.
        pivot: Whether it keeps a pivot.
    """

    kind: Kind
    nickname: str
    size: tuple[float, float]
    items: tuple[Item, ...] = ()
    chunks: tuple[Chunk, ...] = ()
    attributes: tuple[Item, ...] = ()
    pivot: bool = True


@dataclass(frozen=True)
class Placed:
    """An object on the canvas.

    Attributes:
        key: Its name in the definition, of which its guid is made.
        guid: Its instance guid.
        box: Where it is.
    """

    key: str
    guid: UUID
    box: Box
    component: Component | None = None

    def output(self, name: str) -> UUID:
        """Return the guid that wires from an output come from."""
        if self.component is None:
            return self.guid
        if name not in [port.name for port in self.component.outputs]:
            raise KeyError(f"{self.component.title} has no output {name}")
        return parameter(self.guid, "Output", name)

    def grip(self, name: str) -> Point:
        """Return where wires from an output begin."""
        if self.component is None:
            return self.box.right, self.box.middle
        return self._grip(self.box.right - 2, [port.name for port in self.component.outputs], name)

    def hold(self, name: str) -> Point:
        """Return where wires to an input end."""
        if self.component is None:
            return self.box.x, self.box.middle
        return self._grip(self.box.x + 2, [port.name for port in self.component.inputs], name)

    def _grip(self, x: float, names: list[str], name: str) -> Point:
        top, row = port_span(self.box.y, self.box.height, len(names), names.index(name))
        return x, top + row / 2


@dataclass
class Canvas:
    """A definition for one of the two Rhinos.

    Attributes:
        name: Of the file.
        description: What it is for, in a sentence.
        rhino: Which Rhino.
    """

    name: str
    description: str
    rhino: Rhino
    _objects: list[tuple[Kind, str, Chunk]] = field(default_factory=list)
    _keys: set[str] = field(default_factory=set)

    def component(self, key: str, component: Component, x: float, y: float, wires: dict[str, list[UUID]]) -> Placed:
        """Place one of our components.

        Args:
            key: Its name in this definition.
            component: What it is.
            x, y: Left and top.
            wires: Guids that an input's wires come from, in their order.
        """
        guid = self._guid(key)
        chunk = container("Container", component, self.rhino, guid, icon(component.name), (x, y), wires)
        kind = Kind(self.rhino.base, title(component, self.rhino), "")
        self._objects.append((kind, key, chunk))
        return Placed(key, guid, Box(x, y, *size(component)), component)

    def part(self, key: str, part: Part, x: float, y: float, sources: Sequence[UUID] = ()) -> Placed:
        """Place an object of Grasshopper's own."""
        guid = self._guid(key)
        box = Box(x, y, *part.size)
        looks = [Item("Bounds", RECTANGLEF, tuple(box)), *part.attributes]
        if part.pivot:
            looks.append(Item("Pivot", POINTF, (x + part.size[0] / 2, y + part.size[1] / 2)))
        items = [
            *_about(part.kind, part.nickname, guid),
            Item("Optional", BOOL, False),
            Item("SourceCount", INT32, len(sources)),
            *(Item("Source", GUID, source, index) for index, source in enumerate(sources)),
            *part.items,
        ]
        self._objects.append((part.kind, key, Chunk("Container", items, [Chunk("Attributes", looks), *part.chunks])))
        return Placed(key, guid, box)

    def group(self, title: str, members: Sequence[Placed], color: tuple[int, int, int, int]) -> None:
        """Draw a box with a title around objects."""
        guid = self._guid(title)
        items = [
            *_about(GROUP, title, guid),
            Item("Border", INT32, 1),
            Item("Colour", COLOR, color),
            Item("ID_Count", INT32, len(members)),
            *(Item("ID", GUID, member.guid, index) for index, member in enumerate(members)),
        ]
        self._objects.append((GROUP, title, Chunk("Container", items, [Chunk("Attributes")])))

    def archive(self, name: str = "Definition") -> Chunk:
        """Return the whole definition, for `to_xml` or `to_bytes`; on Grasshopper's clipboard its name is Clipboard."""
        objects = [
            Chunk("Object", _object(kind, self.rhino), [chunk], index)
            for index, (kind, _, chunk) in enumerate(self._objects)
        ]
        definition = Chunk(
            name,
            [Item("plugin_version", VERSION, self.rhino.plugin)],
            [
                self._header(),
                self._properties(),
                Chunk("RcpLayout", [Item("GroupCount", INT32, 0)]),
                Chunk("GHALibraries", [Item("Count", INT32, 0)]),
                Chunk("DefinitionObjects", [Item("ObjectCount", INT32, len(objects))], objects),
            ],
        )
        root = Chunk("Root", [Item("ArchiveVersion", VERSION, (0, 2, 2))], [definition])
        root.sort()
        return root

    def _guid(self, key: str) -> UUID:
        if key in self._keys:
            raise KeyError(f"{self.name} has two objects {key}")
        self._keys.add(key)
        return identity("definition", self.name, f"Rhino {self.rhino.number}", key)

    def _header(self) -> Chunk:
        return Chunk(
            "DocumentHeader",
            [
                Item("DocumentID", GUID, self._guid("")),
                Item("Preview", STRING, "Shaded"),
                Item("PreviewMeshType", INT32, 1),
                Item("PreviewNormal", COLOR, (100, 150, 0, 0)),
                Item("PreviewSelected", COLOR, (100, 0, 150, 0)),
            ],
        )

    def _properties(self) -> Chunk:
        return Chunk(
            "DefinitionProperties",
            [
                Item("Date", DATE, WRITTEN),
                Item("Description", STRING, self.description),
                Item("Name", STRING, self.name),
            ],
            [
                Chunk("Revisions", [Item("RevisionCount", INT32, 0)]),
                Chunk("Projection", [Item("Target", POINT, (0, 0)), Item("Zoom", SINGLE, 1.0)]),
                Chunk("Views", [Item("ViewCount", INT32, 0)]),
            ],
        )


def _object(kind: Kind, rhino: Rhino) -> list[Item]:
    items = [Item("GUID", GUID, kind.guid), Item("Name", STRING, kind.name)]
    if kind.guid == rhino.base and rhino.number == 7:
        items.append(Item("Lib", GUID, _NO_LIBRARY))
    return items


def _about(kind: Kind, nickname: str, guid: UUID) -> list[Item]:
    return [
        Item("Description", STRING, kind.description),
        Item("InstanceGuid", GUID, guid),
        Item("Name", STRING, kind.name),
        Item("NickName", STRING, nickname),
    ]
