"""Rhino's module of that name."""

from typing import Any

from Rhino import RhinoDoc

sticky: dict[str, Any]
doc: RhinoDoc
