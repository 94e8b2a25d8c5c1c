"""The bundled weights, and the programs that made them.

The programs import every other room but `cli`; nothing imports them.
"""
