"""Packages for Rhino's package manager, .yak files: a zip of a manifest, an icon and the user objects.

File names tell the Rhino that a package is for, and no other is shown it: there is one for each.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from ghpython_components.document.releases import Release
from ghpython_components.icons.icons import package_icon

_TIME = (2026, 1, 1, 0, 0, 0)  # in every zip: the same files give the same bytes
_NAME = "ganmnist"
_ICON = "icon.png"
_MANIFEST = """\
name: {name}
version: "{version}"
authors:
- ganmnist
description: >-
  Train a GAN on handwritten digits and use it as a design tool: a button trains, sliders draw digits as meshes and
  points. The server beside Rhino comes from Python: pip install ganmnist.
keywords:
- GAN
- MNIST
- machine learning
- neural network
icon: {icon}
"""


def file_name(version: str, release: Release) -> str:
    """Return the name of a package."""
    return f"{_NAME}-{version}-rh{release.number}-any.yak"


def package(version: str, user_objects: Mapping[str, bytes], licence: str) -> bytes:
    """Return a package.

    Args:
        version: Of the package.
        user_objects: Contents of the .ghuser files, by file name.
        licence: The text of the licence.
    """
    files = {
        "manifest.yml": _MANIFEST.format(name=_NAME, version=version, icon=_ICON).encode(),
        _ICON: package_icon(),
        **user_objects,
        "misc/LICENSE": licence.encode(),
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
