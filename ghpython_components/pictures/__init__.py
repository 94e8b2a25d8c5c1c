"""The pictures of the documentation: canvases and results.

Imports every room but `build`, `install` and `yak`.
"""
