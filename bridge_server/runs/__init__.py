"""Trainings as processes: their store, states and progress, the launcher and the worker it starts.

Imports `contract`, `encoding` and `errors`.
"""
