# ruff: noqa: N802 - the names that .NET has
"""As much of IronPython's and Python.NET's module as the components use."""

def AddReference(name: str) -> object: ...
