"""What is sent to a server on another machine: a file as it is, or a folder as a zip, packed in memory."""

import io
import os
import zipfile

from ghpython_components.shared.client import BridgeError
from ghpython_components.shared.text import decimal

LARGEST = 512 << 20  # bytes: the server takes no larger file


class Outgoing(object):
    """An open file on its way: httplib reads it piece by piece.

    Attributes:
        name: What to call it.
        size: Its bytes.
    """

    def __init__(self, name, opened):
        self.name, self._opened = name, opened
        opened.seek(0, 2)
        self.size = opened.tell()
        self.rewind()

    def rewind(self):
        """Begin anew, for another connection."""
        self._opened.seek(0)
        self._gone = 0

    def read(self, count):
        """Return the next bytes."""
        piece = self._opened.read(count)
        self._gone += len(piece)
        return piece

    def percent(self):
        """Return how much has gone."""
        return 100.0 * self._gone / max(self.size, 1)

    def close(self):
        self._opened.close()


def open_to_send(path):
    """Open a file, or pack a folder, as Outgoing. Raises BridgeError."""
    name = os.path.basename(os.path.normpath(path)) or "pictures"
    try:
        if os.path.isdir(path):
            return Outgoing(name + ".zip", _packed(path))
        _check_size(path, os.path.getsize(path))
        return Outgoing(name, open(path, "rb"))
    except EnvironmentError as error:
        sentence = "source: {0} cannot be read ({1}): name a folder or a file on this machine"
        why = error.strerror or type(error).__name__
        raise BridgeError(sentence.format(getattr(error, "filename", None) or path, why), "file")


def _packed(folder):
    """Return a zip of what lies in a folder and in its sub-folders, without what is hidden."""
    files = [(name, os.path.join(folder, name)) for name in _visible(folder)]
    inner = [(name, path) for name, path in files if os.path.isdir(path)]
    files += [
        ("{0}/{1}".format(name, each), os.path.join(path, each)) for name, path in inner for each in _visible(path)
    ]
    files = [(name, path) for name, path in files if os.path.isfile(path)]
    _check_size(folder, sum(os.path.getsize(path) for _, path in files))
    packed = io.BytesIO()
    # Pictures are compressed already. The zip of a folder is the same whenever it is made.
    archive = zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED, True)
    for name, path in files:
        with open(path, "rb") as opened:
            archive.writestr(zipfile.ZipInfo(name), opened.read())
    archive.close()
    _check_size(folder, packed.tell())
    return packed


def _visible(folder):
    return sorted(name for name in os.listdir(folder) if not name.startswith("."))


def _check_size(path, size):
    if size > LARGEST:
        raise BridgeError(
            "source: {0} has {1} MB, and a server on another machine takes {2} MB at most: leave some out, or make the "
            "pictures smaller, since they are learned from at 28 x 28 pixels".format(
                path, decimal(size / 1e6, 0), LARGEST // 1000000
            ),
            "file",
        )
