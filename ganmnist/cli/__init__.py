"""The command line: a file for each group of commands, and `main`, which collects them.

Imports every other room; nothing imports it.
"""
