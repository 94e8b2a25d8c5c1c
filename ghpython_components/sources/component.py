"""The components as they are written: each one's ports and its source, in one file for both of Rhino's Pythons.

On top stands a docstring that says what the component does, takes and gives: GHPython describes component and ports by
it at each solve (mcneel/ghpython, DocStringUtils.cs). The shared modules that a component uses are pasted above its
code, behind them `given`: the inputs that are settings of a message and not empty. Help texts come from the server's
OpenAPI document, so that nothing needs to be installed in Rhino. The same files give the same components.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from ghpython_components.sources import layer_components
from ghpython_components.sources.given import given
from ghpython_components.sources.help_texts import describe, explain, style_attributes

FOLDER = Path(__file__).parents[1]
SHARED = FOLDER / "shared"
COMPONENTS = FOLDER / "components"
OPENAPI = FOLDER.parent / "bridge_server" / "contract" / "openapi.json"
_OURS = "ghpython_components.shared."


@dataclass(frozen=True)
class Port:
    """An input or output of a component.

    Attributes:
        name: Of the variable in the script.
        description: The tooltip.
        hint: Of an input: what Grasshopper turns values into, bool, int, float, str, plane or curve.
        access: Of an input: item, list or tree.
    """

    name: str
    description: str
    hint: str = ""
    access: str = "item"


@dataclass(frozen=True)
class Component:
    """One component.

    Attributes:
        name: Of its files: letters, digits and _.
        title: In Grasshopper's menus.
        nickname: On the canvas.
        subcategory: The panel of the tab that it is in.
        description: The tooltip.
        inputs, outputs: In their order. All inputs may stay empty.
        source: The script. ASCII, ends of line are LF.
    """

    name: str
    title: str
    nickname: str
    subcategory: str
    description: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    source: str


def document() -> dict[str, Any]:
    """Return the server's OpenAPI document."""
    found: dict[str, Any] = json.loads(OPENAPI.read_bytes())
    return found


def names(openapi: dict[str, Any]) -> list[str]:
    """Return the names of all components: those with a folder of their own, and one for each layer."""
    folders = [folder.name for folder in COMPONENTS.iterdir() if (folder / "metadata.json").is_file()]
    return sorted([*folders, *layer_components.names(openapi)])


def all_components() -> list[Component]:
    """Return all components, by name."""
    openapi = document()
    return [component(name, openapi) for name in names(openapi)]


def component(name: str, openapi: dict[str, Any]) -> Component:
    """Return one component."""
    metadata, code = _written(name, openapi)
    code, wanted = _without_our_imports(code)
    modules: dict[str, str] = {}
    for module in wanted:
        _collect(module, modules)
    title = metadata["name"]
    inputs = tuple(_port(port, openapi) for port in metadata["inputs"])
    outputs = tuple(_port(port, openapi) for port in metadata["outputs"])
    described = _docstring(metadata["description"], inputs, outputs)
    parts = [f"# ganmnist {version()} - {title}\n{described}"]
    parts += [f"# ---- shared/{module}.py ----\n{source}" for module, source in modules.items()]
    parts.append(f"# ---- {title} ----\n{code}")
    return Component(
        name,
        title,
        metadata["nickname"],
        metadata["subcategory"],
        metadata["description"],
        inputs,
        outputs,
        "\n\n".join(part.strip() + "\n" for part in parts),
    )


def version() -> str:
    """Return the version that the components are stamped with."""
    try:
        return installed_version("ganmnist")
    except PackageNotFoundError:  # built from its source, not installed
        return "0.0.0+source"


def _docstring(description: str, inputs: Iterable[Port], outputs: Iterable[Port]) -> str:
    """Return what GHPython finds the descriptions in: each side's ports below its heading, a line each."""
    lines = [description]
    for heading, ports in (("Args", inputs), ("Returns", outputs)):
        lines += [f"    {heading}:", *(f"        {port.name}: {port.description}" for port in ports)]
    text = "\n".join(lines)
    if not text.isascii() or any(letters in text for letters in ('"""', "\\")) or text.count("\n") >= len(lines):
        raise ValueError(f"descriptions: expected lines of ASCII without backslashes, got {text}")
    return f'"""{text}\n"""'


def _written(name: str, openapi: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return a component's metadata and code: its folder's, or made for a layer."""
    layer = layer_components.names(openapi).get(name)
    folder = COMPONENTS / (layer_components.CODE if layer else name)
    code = (folder / "code.py").read_text(encoding="utf-8")
    if layer:
        return layer_components.interface(layer, openapi), f"{layer_components.constants(layer, openapi)}\n\n{code}"
    metadata = json.loads((folder / "metadata.json").read_bytes())
    metadata["inputs"] = [each for port in metadata["inputs"] for each in _each(port, openapi)]
    return metadata, f"{_given(metadata['inputs'])}\n\n{code}"


def _each(port: dict[str, str], openapi: dict[str, Any]) -> list[dict[str, str]]:
    """Return an input; or in place of {"style": message} one for each attribute of style that a message has."""
    if "style" not in port:
        return [port]
    message = port["style"]
    return [
        {"name": name, "hint": "float", "setting": f"{message}.{name}"} for name in style_attributes(message, openapi)
    ]


def _given(inputs: list[dict[str, str]]) -> str:
    """Return the lines that collect, as `given`, the settings among the inputs that are not empty."""
    settings = [port for port in inputs if "setting" in port]
    if not settings:
        return ""
    imports = ["from ghpython_components.shared.canvas import filled, present"]
    if any(port.get("access") == "tree" or port["hint"] == "plane" for port in settings):
        imports.append("from ghpython_components.shared.geometry import to_plane, to_vectors")
    return "\n".join([*imports, "", given({port["setting"].split(".")[1]: _taken(port) for port in settings})])


def _taken(port: dict[str, str]) -> str:
    """Return the expression that takes a setting from its input."""
    name, access = port["name"], port.get("access")
    if access == "tree":
        return f"to_vectors({name})"
    if access == "list":
        return f"present(list({name} or []))"
    return f"to_plane({name})" if port["hint"] == "plane" else name


def _port(port: dict[str, str], openapi: dict[str, Any]) -> Port:
    """Return a port; its own description wins over that of its setting, and a term is explained behind it."""
    port = dict(port)
    setting, term = port.pop("setting", None), port.pop("term", None)
    if setting and "description" not in port:
        port["description"] = describe(setting, openapi)
    if term:
        port["description"] += f" {explain(term, openapi)}"
    return Port(**port)


def _collect(module: str, modules: dict[str, str]) -> None:
    """Add a shared module behind those that it uses itself."""
    if module in modules:
        return
    source, wanted = _without_our_imports((SHARED / f"{module}.py").read_text(encoding="utf-8"))
    for other in wanted:
        _collect(other, modules)
    modules[module] = source


def _without_our_imports(source: str) -> tuple[str, list[str]]:
    """Take the imports of shared modules out of a source; return it and the modules' names."""
    lines, wanted = source.splitlines(), []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_OURS):
            wanted.append(str(node.module).removeprefix(_OURS))
            end = node.end_lineno or node.lineno
            lines[node.lineno - 1 : end] = [""] * (end - node.lineno + 1)
    text = "\n".join(lines)
    while "\n\n\n\n" in text:
        text = text.replace("\n\n\n\n", "\n\n\n")
    return text, wanted
