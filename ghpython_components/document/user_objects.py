"""User objects, .ghuser files: a component in Grasshopper's tabs, one kind for each of Rhino 7 and 8."""

from __future__ import annotations

import re
from uuid import UUID

from ghpython_components.archive import ArchiveError, Chunk, Item, from_bytes, to_bytes
from ghpython_components.archive.codes import BYTES, GUID, INT32, STRING
from ghpython_components.document.identity import identity
from ghpython_components.document.script_component import RHINOS, Rhino, container, parse_component, title
from ghpython_components.icons.icons import icon
from ghpython_components.sources.component import Component

CATEGORY = "GAN MNIST"
_PRIMARY = 2  # the first block of a panel
_FILE = re.compile(r"ganmnist_(\w+)_rh([78])\.ghuser", re.ASCII)
_VERSION = re.compile(r"# ganmnist (\S+) - ", re.ASCII)


def file_name(component: str, rhino: Rhino) -> str:
    """Return the name of a component's file. Both kinds may lie in one folder."""
    return f"ganmnist_{component}_rh{rhino.number}.ghuser"


def user_object(component: Component, rhino: Rhino) -> bytes:
    """Return a component as a .ghuser file."""
    guid = _identity(component.name, rhino)
    picture = icon(component.name)
    body = container("UserObject", component, rhino, identity(str(guid), "component"), picture)
    body.sort()
    outer = Chunk(
        "UserObject",
        [
            Item("BaseID", GUID, rhino.base),
            Item("Category", STRING, CATEGORY),
            Item("Description", STRING, component.description),
            Item("Exposure", INT32, _PRIMARY),
            Item("Icon", BYTES, picture),
            Item("InstanceGuid", GUID, guid),
            Item("Name", STRING, title(component, rhino)),
            Item("NickName", STRING, component.nickname),
            Item("Object", BYTES, to_bytes(body)),
            Item("SubCategory", STRING, component.subcategory),
        ],
    )
    outer.sort()
    return to_bytes(outer)


def read_user_object(content: bytes) -> Component:
    """Read a component back from its .ghuser file.

    Raises:
        ArchiveError: It is none.
    """
    return parse_component(from_bytes(from_bytes(content).get("Object") or b""))


def our_version(name: str, content: bytes) -> str | None:
    """Return the version of a .ghuser file if it is ours, as its name, its guid and its script tell; else None."""
    named = _FILE.fullmatch(name)
    if not named:
        return None
    rhino = next(rhino for rhino in RHINOS if rhino.number == int(named[2]))
    try:
        if from_bytes(content).get("InstanceGuid") != _identity(named[1], rhino):
            return None
        stamped = _VERSION.match(read_user_object(content).source)
    except (ArchiveError, ValueError, TypeError, AttributeError, KeyError):  # damaged, or some other archive
        return None
    return stamped and stamped[1]


def _identity(component: str, rhino: Rhino) -> UUID:
    return identity("user object", component, f"Rhino {rhino.number}")
