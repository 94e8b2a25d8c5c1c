"""Networks of layers: composed (`spec`), built (`build`, `network`), trained by `adam`, and folded for drawing.

Imports `layers`, `pixels`, `storage` and the ground floor.
"""
