"""Images to train on: MNIST from a mirror or made up, what lies in a folder or a file; and a drawing for inversion.

Imports `config`, `dataset`, `storage` and what lies at their height; no torch, and nothing of `training`.
"""

from ganmnist.data.load import load_data
from ganmnist.dataset import Dataset

__all__ = ["Dataset", "load_data"]
