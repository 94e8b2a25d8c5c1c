"""The command line of the server: `main`, and a file for each group of commands.

Imports every other room; nothing imports it.
"""
