"""Files that a component writes and reads."""

import os

from ghpython_components.shared.text import decimal

MAX_SIZE = 64 << 20  # bytes: the server reads no larger file
TEMPORARY = ".ganmnist-part"


def trouble_with(path):
    """Return why nothing can be saved under a path, in a sentence, or None."""
    folder, name = os.path.split(path)
    if not os.path.isabs(path):
        return "path: expected a whole path such as {0}, got {1}".format(os.path.join(_desktop(), "digits.3mf"), path)
    if not os.path.isdir(folder):
        return "path: there is no folder {0}: make it first, or choose another".format(folder)
    if not os.path.splitext(name)[1]:
        return "path: {0} has no ending that says what to write: .3dm, .3mf, .stl, .obj, .png ...".format(name or path)
    if os.path.isdir(path):
        return "path: {0} is a folder: name a file in it".format(path)
    return None


def save_file(path, content):
    """Write a file so that it is there whole or not at all. Return what was done, in words."""
    was_there = os.path.exists(path)
    with open(path + TEMPORARY, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    if hasattr(os, "replace"):
        os.replace(path + TEMPORARY, path)
    else:  # Python 2, whose rename is as good but for Windows
        if was_there and os.name == "nt":
            os.remove(path)
        os.rename(path + TEMPORARY, path)
    return "{0} {1} - {2}".format("replaced" if was_there else "saved", os.path.basename(path), _size(len(content)))


def load_file(path):
    """Return the bytes of a file, of one too large only so many that the server says so."""
    with open(path, "rb") as opened:
        return opened.read(MAX_SIZE + 1)


def stamp_of(path):
    """Return what changes when a file does: its age and size, or None where there is none."""
    try:
        found = os.stat(path)
    except EnvironmentError:
        return None
    return [found.st_mtime, found.st_size]


def _desktop():
    return os.path.join(os.path.expanduser("~"), "Desktop")


def _size(count):
    return decimal(count / 1e3, 0) + " kB" if count < 1e6 else decimal(count / 1e6, 1) + " MB"
