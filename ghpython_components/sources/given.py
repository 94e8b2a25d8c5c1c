"""The lines of a component's script that collect what is set among its inputs, as `given`."""

from __future__ import annotations


def given(expressions: dict[str, str]) -> str:
    """Return those lines: for each setting the expression that takes it from its input. `filled` must be imported."""
    lines = (f"    {setting}={expression}," for setting, expression in expressions.items())
    return "\n".join(["given = filled(", *lines, ")"])
