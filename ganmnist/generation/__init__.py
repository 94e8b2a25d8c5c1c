"""What a trained generator draws: digits, films, feature maps, and the latent vector behind an image.

Imports `evaluation` and what lies below it.
"""
