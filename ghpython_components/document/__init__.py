"""A Grasshopper definition as parts on a canvas: objects, their identity, layout, script components, user objects.

Imports `archive`, `icons`, `sources`.
"""
