"""Images as meshes, points and curves: what forms there are, and how many pictures stand in one place.

Imports `config`, `pixels` and what lies below them; no torch.
"""

from ganmnist.geometry.heightfield import flat_mesh, point_grid, relief
from ganmnist.geometry.pieces import Mesh, Points

__all__ = ["Mesh", "Points", "flat_mesh", "point_grid", "relief"]
