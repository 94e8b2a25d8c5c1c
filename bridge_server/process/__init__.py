"""The server as one process of its machine: found by a file, logged, started once.

Imports `runs`, `access` and what lies below them.
"""
