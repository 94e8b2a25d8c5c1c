"""Files of digits: meshes, Rhino models, pictures, each with a record from which it is drawn again.

Imports `generation`, `evaluation` and what lies below them.
"""
