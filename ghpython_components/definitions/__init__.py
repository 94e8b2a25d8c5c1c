"""The bundled definitions: what a user opens first. Each is made for both Rhinos."""

from ghpython_components.definitions.catalogue import definition, names, our_version

__all__ = ["definition", "names", "our_version"]
