# ruff: noqa: N802 - the names that .NET has
"""What the components' own names stand for: ghenv, and the arguments of their helpers that are objects of .NET."""

from collections.abc import Iterable
from typing import Any, Literal, Protocol, overload

import Rhino.Geometry
import System.Diagnostics
from Grasshopper import DataTree
from Grasshopper.Kernel import GH_Component, GH_Document

Document = GH_Document
Host = GH_Component
Curve = Rhino.Geometry.Curve
Process = System.Diagnostics.Process
Plane = Rhino.Geometry.Plane
Point = Rhino.Geometry.Point3d | Rhino.Geometry.Vector3d
Tree = DataTree[Any]
Shapes = Iterable[Rhino.Geometry.GeometryBase]
Clouds = Iterable[Rhino.Geometry.PointCloud]

class Environment:
    @property
    def Component(self) -> GH_Component: ...

class Memory(Protocol):
    @overload
    def __getitem__(self, key: Literal["host"], /) -> GH_Component: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __setitem__(self, key: str, value: Any, /) -> None: ...
