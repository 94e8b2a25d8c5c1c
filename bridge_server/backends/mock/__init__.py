"""Answers that are made up without torch, for tests and for wiring a definition.

Imports what `backends` imports.
"""
