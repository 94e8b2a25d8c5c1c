"""Images to train on: MNIST from its files, a mirror or made up, folders of pictures, CSV; and a drawing for inversion.

Imports `config`, `dataset`, `storage` and what lies at their height; no torch, and nothing of `training`.
"""

from ganmnist.data.load import load_data
from ganmnist.dataset import Dataset

__all__ = ["Dataset", "load_data"]
