# ruff: noqa: N802, N803 - the names that .NET has
"""Colours."""

from typing import overload

from System import Object

class Color(Object):
    @property
    def A(self) -> int: ...
    @property
    def R(self) -> int: ...
    @property
    def G(self) -> int: ...
    @property
    def B(self) -> int: ...
    @overload
    @staticmethod
    def FromArgb(argb: int) -> Color: ...
    @overload
    @staticmethod
    def FromArgb(alpha: int, baseColor: Color) -> Color: ...
    @overload
    @staticmethod
    def FromArgb(red: int, green: int, blue: int) -> Color: ...
    @overload
    @staticmethod
    def FromArgb(alpha: int, red: int, green: int, blue: int) -> Color: ...
