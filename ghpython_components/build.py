"""Builds the components: one self-contained file each, for both of Rhino's Pythons.

`python -m ghpython_components.build --out DIR` pastes the shared modules that a component uses above its code, and
writes beside it, as JSON, its inputs and outputs with help from the server's OpenAPI document. The same sources
give the same files.
"""

from __future__ import annotations

import argparse
import ast
import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ghpython_components import layers
from ghpython_components.descriptions import describe

FOLDER = Path(__file__).parent
SHARED = FOLDER / "shared"
COMPONENTS = FOLDER / "components"
OPENAPI = FOLDER.parent / "bridge_server" / "openapi.json"
_OURS = "ghpython_components.shared."


def names(openapi: dict) -> list[str]:
    """Return the names of all components: those with a folder of their own, and one for each layer."""
    folders = [folder.name for folder in COMPONENTS.iterdir() if (folder / "metadata.json").is_file()]
    return sorted([*folders, *layers.names(openapi)])


def contract(openapi: dict) -> str:
    """Return the text of shared/contract.py: version, and method and path of every call."""
    calls = {
        operation["operationId"]: (method.upper(), path)
        for path, operations in openapi["paths"].items()
        for method, operation in operations.items()
    }
    lines = [f'    "{name}": ("{method}", "{path}"),' for name, (method, path) in sorted(calls.items())]
    return "\n".join(
        [
            '"""The calls of the wire contract. Written by build.py from openapi.json: do not edit."""',
            "",
            f"API_VERSION = {int(openapi['info']['version'])}",
            "CALLS = {",
            *lines,
            "}",
            "",
        ]
    )


def interface(name: str, openapi: dict) -> dict:
    """Return a component's metadata, with a description for every input and output."""
    metadata, _ = _source(name, openapi)
    for port in metadata["inputs"] + metadata["outputs"]:
        setting = port.pop("setting", None)
        if setting:
            port["description"] = describe(setting, openapi)
        # The variable in the script has the nickname in Rhino 7 and the name in Rhino 8, so they are the same.
        port["nickname"] = port["name"]
    return metadata


def build(name: str, openapi: dict) -> tuple[str, dict]:
    """Return a component's source, complete in one file, and its interface."""
    metadata = interface(name, openapi)
    code, wanted = _without_our_imports(_source(name, openapi)[1])
    modules: dict[str, str] = {}
    for module in wanted:
        _collect(module, modules)
    parts = [_header(metadata)]
    for module, source in modules.items():
        parts.append(f"# ---- shared/{module}.py ----\n{source}")
    parts.append(f"# ---- {metadata['name']} ----\n{code}")
    return "\n\n".join(part.strip() + "\n" for part in parts), metadata


def main() -> None:
    """Write all components, and refresh shared/contract.py."""
    parser = argparse.ArgumentParser(description="Build the Grasshopper components.")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the files; made if need be")
    out = parser.parse_args().out
    openapi = json.loads(OPENAPI.read_bytes())
    _write(SHARED / "contract.py", contract(openapi))
    out.mkdir(parents=True, exist_ok=True)
    for name in names(openapi):
        source, metadata = build(name, openapi)
        _write(out / f"{name}.py", source)
        _write(out / f"{name}.json", json.dumps(metadata, indent=2) + "\n")
        print(f"wrote {out / name}.py and .json")


def _source(name: str, openapi: dict) -> tuple[dict, str]:
    """Return a component's metadata and code: its folder's, or made for a layer."""
    layer = layers.names(openapi).get(name)
    folder = COMPONENTS / (layers.CODE if layer else name)
    code = (folder / "code.py").read_text(encoding="utf-8")
    if layer:
        return layers.interface(layer, openapi), f"{layers.constants(layer, openapi)}\n\n{code}"
    return json.loads((folder / "metadata.json").read_bytes()), code


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="ascii", newline="\n")


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
            wanted.append(node.module.removeprefix(_OURS))
            lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    text = "\n".join(lines)
    while "\n\n\n\n" in text:
        text = text.replace("\n\n\n\n", "\n\n\n")
    return text, wanted


def _header(metadata: dict) -> str:
    lines = [
        f"{metadata['name']} {_version()}: {metadata['description']}",
        "",
        "Place a GHPython component (Rhino 7) or a Script component with Python 3 (Rhino 8), paste this text into it",
        "and give it these inputs and outputs. Type hint and access of an input are in its context menu.",
        "",
    ]
    lines += [
        f"  in   {port['name']} ({port['hint']}, {port['access']}): {port['description']}"
        for port in metadata["inputs"]
    ]
    lines += [f"  out  {port['name']}: {port['description']}" for port in metadata["outputs"]]
    return "\n".join(f"# {line}".rstrip() for line in lines)


def _version() -> str:
    try:
        return version("ganmnist")
    except PackageNotFoundError:  # built from its source, not installed
        return "0+source"


if __name__ == "__main__":
    main()
