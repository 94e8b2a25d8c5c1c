"""What answers the calls: `base` says what there is, `service` does it, `mock` makes it up.

Imports `runs`, `process` and what lies below them; no Flask.
"""
