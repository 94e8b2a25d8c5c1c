"""Griffe's extension for the site: help texts of settings that are made by a call, as those of `explain` are.

Griffe reads files and runs nothing, so it sees such a text as an expression. Settings are had without torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from griffe import Class, Docstring, Extension, Module


class SettingsDocs(Extension):
    """Gives the fields of settings the descriptions that they have once they are imported."""

    def on_package(self, *, pkg: Module, **_: Any) -> None:
        for module in (pkg["config"], pkg["networks.spec"]):
            for each in module.classes.values():
                _describe(each)


def _describe(settings: Class) -> None:
    real = getattr(import_module(settings.module.path), settings.name)
    for name, field in getattr(real, "model_fields", {}).items():
        attribute = settings.members.get(name)
        if attribute is not None and attribute.docstring is None and field.description:
            attribute.docstring = Docstring(field.description, parent=attribute)
