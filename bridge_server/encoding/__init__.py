"""From images and geometry to messages and files, and from an uploaded picture to an image.

Imports `contract` and `ganmnist`.
"""
