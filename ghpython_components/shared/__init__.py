"""What the components share; pasted into each of them by build.py."""
