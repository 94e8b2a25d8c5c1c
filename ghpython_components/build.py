"""Builds all that Grasshopper takes: `python -m ghpython_components.build` writes it to `dist/`.

    rhino7/, rhino8/           user objects, .ghuser
    definitions/rhino7, 8/     the bundled definitions, .ghx and .gh
    *.yak                      packages of both for Rhino's package manager

The same sources give the same bytes.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from ghpython_components import definitions, yak
from ghpython_components.archive import to_bytes, to_xml
from ghpython_components.document import page_clipboard, user_objects
from ghpython_components.document.releases import RELEASES
from ghpython_components.document.script_component import RHINOS, Rhino
from ghpython_components.sources.component import FOLDER, SHARED, Component, all_components, document, version


def contract(openapi: dict[str, Any]) -> str:
    """Return the text of shared/contract.py: version, method and path of every call, and what forms there are."""
    found = {
        operation["operationId"]: (method.upper(), path)
        for path, operations in openapi["paths"].items()
        for method, operation in operations.items()
    }
    lines = [f'    "{name}": ("{method}", "{path}"),' for name, (method, path) in sorted(found.items())]
    forms = openapi["x-forms"]
    export = openapi["components"]["schemas"]["ExportRequest"]["properties"]
    solids = [form for form, known in forms.items() if "3mf" in known["formats"] and not known["remarks"]]
    return "\n".join(
        [
            '"""What components know of the wire contract. Written by build.py from openapi.json: do not edit."""',
            "",
            f"API_VERSION = {int(openapi['info']['version'])}",
            "CALLS = {",
            *lines,
            "}",
            "PIECES = {",
            *(f'    "{form}": "{known["pieces"]}",' for form, known in forms.items() if known["pieces"]),
            "}",
            f"SOLIDS = {json.dumps(solids)}",
            f"DEFAULT_FORM = {json.dumps(export['form']['default'])}",
            "",
        ]
    )


def user_object_files(components: list[Component], rhino: Rhino) -> dict[str, bytes]:
    """Return the user objects for one of the two Rhinos, by file name."""
    return {user_objects.file_name(each.name, rhino): user_objects.user_object(each, rhino) for each in components}


def artefacts() -> dict[str, bytes]:
    """Return everything, by its path in the folder."""
    components = all_components()
    files: dict[str, bytes] = {}
    for rhino in RHINOS:
        folder = f"rhino{rhino.number}"
        objects = user_object_files(components, rhino)
        files.update({f"{folder}/{name}": content for name, content in objects.items()})
        canvases = {}
        for name in definitions.names():
            archive = definitions.definition(name, components, rhino).archive()
            files[f"definitions/{folder}/{name}.ghx"] = to_xml(archive)
            files[f"definitions/{folder}/{name}.gh"] = canvases[f"{name}.gh"] = to_bytes(archive)
        for release in (each for each in RELEASES if each.rhino is rhino):
            package = yak.package(version(), release, objects, canvases, _licence())
            files[yak.file_name(version(), release)] = package
    return files


def main() -> None:
    """Refresh shared/contract.py and what the page copies, and write everything."""
    parser = argparse.ArgumentParser(description="Build user objects, definitions and packages for Grasshopper.")
    parser.add_argument(
        "--out", type=Path, default=Path("dist"), metavar="DIR", help="folder to write to [%(default)s]"
    )
    out = parser.parse_args().out
    (SHARED / "contract.py").write_text(contract(document()), encoding="ascii", newline="\n")
    for file, content in page_clipboard.files().items():
        file.write_bytes(content)
    files = artefacts()
    for path, content in files.items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    print(_table(files))
    print(f"written to {out.resolve()}")


def _licence() -> str:
    return (FOLDER.parent / "LICENSE").read_text(encoding="utf-8")


def _table(files: dict[str, bytes]) -> str:
    """List the definitions and packages with their sizes, and the user objects in a line for each folder."""
    counts, sizes = Counter[str](), Counter[str]()
    for path, content in files.items():
        user_object = path.endswith(".ghuser")
        row = f"{Path(path).parent.as_posix()}/*.ghuser" if user_object else path
        counts[row] += 1
        sizes[row] += len(content)
    return "\n".join(f"{row:50} {counts[row]:4} {sizes[row] / 1000:9,.1f} kB" for row in sizes)


if __name__ == "__main__":
    main()
