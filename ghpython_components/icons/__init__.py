"""The components' icons, drawn by a pen of our own.

Imports no other room.
"""
