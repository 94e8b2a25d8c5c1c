"""The weights that come along, and the programs that made them.

The programs import every other room but `cli`; nothing imports them.
"""
