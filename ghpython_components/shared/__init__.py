"""What the components share; pasted into each of them by `sources/component.py`."""
