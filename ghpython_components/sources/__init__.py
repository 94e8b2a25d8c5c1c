"""What a component is made of: its interface, its code with the shared modules, its help texts.

Imports no other room; `shared` and `components` are its data.
"""
