"""Files: written whole or not at all, read within bounds, zips, and weights with their manifest (a bundle).

Imports the ground floor alone: `errors`, `fields`, `paths`, `dataset`.
"""
