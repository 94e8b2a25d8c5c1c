"""What a trained generator draws: digits, films, feature maps, and the latent vector behind an image.

Imports `models`, `latent`, `geometry` and what lies below them.
"""
