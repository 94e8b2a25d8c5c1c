"""HTTP: the Flask application, its views, Hops, and the server under them.

Imports `backends` and what lies below it.
"""
