"""Latent vectors, without a generator: from seeds and sliders, ways between them, maps of them, named directions.

Imports `config`, `validation` and what lies below them; no torch.
"""
