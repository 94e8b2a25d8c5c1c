"""Grasshopper's archive format: the tree of chunks behind .gh, .ghx and .ghuser files."""

from ghpython_components.archive.binary import from_bytes, to_bytes
from ghpython_components.archive.chunks import ArchiveError, Chunk, Item
from ghpython_components.archive.text import from_xml, to_xml
from ghpython_components.archive.values import TYPES

__all__ = ["TYPES", "ArchiveError", "Chunk", "Item", "from_bytes", "from_xml", "to_bytes", "to_xml"]
