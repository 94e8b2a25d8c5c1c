"""Trained models on disk: their store, manifest, archive, figures, frames, and what came from which of them.

Imports `networks` and what lies below it, `config` and `validation`.
"""

from ganmnist.models.store import ModelStore, list_models

__all__ = ["ModelStore", "list_models"]
