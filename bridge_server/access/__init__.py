"""Who may do what, and how much of it at once: tokens, roles, the guard of every request.

Imports `contract` and `errors`.
"""
