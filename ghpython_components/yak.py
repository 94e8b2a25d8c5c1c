"""Packages for Rhino's package manager, .yak files: a zip of a manifest, user objects, definitions and a README.

File names tell the Rhino that a package is for, and no other is shown it, so there is one for each.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from textwrap import indent

from ghpython_components.document.releases import Release
from ghpython_components.document.user_objects import CATEGORY
from ghpython_components.icons.icons import package_icon
from ghpython_components.shared.remedies import INSTALL

_TIME = (2026, 1, 1, 0, 0, 0)  # in every zip: the same files give the same bytes
_NAME = "ganmnist"
_ICON = "icon.png"
_ABOUT = f"""\
Train a GAN on handwritten digits and use it as a design tool: a button trains, sliders draw digits as meshes and
points. The server beside Rhino comes with the project and needs Python: {INSTALL}"""
_MANIFEST = """\
name: {name}
version: "{version}"
authors:
- ganmnist
description: >-
{about}
keywords:
- GAN
- MNIST
- machine learning
- neural network
icon: {icon}
"""
_README = """\
# ganmnist {version} for Rhino {number}

{about}

That also starts the server for the first time; from then on the button start of the Server component does it. Restart
Rhino: the components are in Grasshopper's tab {category}. Then open the first definition:

{definitions}

They lie in the folder in which Rhino keeps this package:

- Windows: `%APPDATA%\\McNeel\\Rhinoceros\\packages\\{folder}\\{name}\\{version}`
- macOS: `~/Library/Application Support/McNeel/Rhinoceros/packages/{folder}/{name}/{version}`
"""


def file_name(version: str, release: Release) -> str:
    """Return the name of a package."""
    return f"{_NAME}-{version}-rh{release.number}-any.yak"


def package(
    version: str, release: Release, user_objects: Mapping[str, bytes], definitions: Mapping[str, bytes], licence: str
) -> bytes:
    """Return a package.

    Args:
        version: Of the package.
        release: For which Rhino.
        user_objects: Contents of the .ghuser files, by file name. Grasshopper looks for them at the top.
        definitions: Contents of the .gh files, by file name.
        licence: The text of the licence.
    """
    readme = _README.format(
        about=_ABOUT,
        category=CATEGORY,
        definitions="\n".join(f"- definitions/{name}" for name in definitions),
        folder=release.folder,
        name=_NAME,
        number=release.number,
        version=version,
    )
    files = {
        "manifest.yml": _MANIFEST.format(name=_NAME, version=version, about=indent(_ABOUT, "  "), icon=_ICON).encode(),
        _ICON: package_icon(),
        **user_objects,
        **{f"definitions/{name}": content for name, content in definitions.items()},
        "misc/LICENSE": licence.encode(),
        "misc/README.md": readme.encode(),
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        for name, each in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # whatever system builds it
            package.writestr(entry, each)
    return content.getvalue()
