"""How good a generator is: the judge, and the metrics of its features.

Imports `models`, `latent`, `geometry` and what lies below them.
"""
