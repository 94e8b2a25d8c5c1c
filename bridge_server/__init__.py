"""A local server around ganmnist, for Rhino and Grasshopper."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("ganmnist")
except PackageNotFoundError:  # run from its source, not installed
    __version__ = "0+source"

__all__ = ["__version__"]
