"""Training: the loop, one step of it, losses, presets, checkpoints, and what is observed on the way.

Imports `generation`, `evaluation` and what lies below them; its data comes in as a `Dataset`.
"""
