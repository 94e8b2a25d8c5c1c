"""What is sent to a server on another machine: a file as it is, or a folder as a zip, packed in memory."""

import hashlib
import io
import os
import socket
import sys
import zipfile

from ghpython_components.shared.client import BridgeError
from ghpython_components.shared.text import decimal, to_json

LARGEST = 512 << 20  # bytes: the server takes no larger file
MOST_FILES = 200000  # of a folder: the server takes no more in a zip
LONGEST_FILE_NAME = 200  # letters of it that are sent


class Outgoing(object):
    """An open file on its way: httplib reads it piece by piece.

    Attributes:
        name: What to call it.
        size: Its bytes.

    Args:
        name: The same.
        opened: The file.
        is_wanted: Tells whether to send any more of it.
    """

    def __init__(self, name, opened, is_wanted):
        self.name, self._opened, self._is_wanted = name, opened, is_wanted
        opened.seek(0, 2)
        self.size = opened.tell()
        self.rewind()

    def rewind(self):
        """Begin anew, for another connection."""
        self._opened.seek(0)
        self._gone = 0

    def read(self, count):
        """Return the next bytes. Raises BridgeError once nobody wants them any more."""
        if not self._is_wanted():
            raise BridgeError("Nobody waits for this any more.", "unwanted", True)
        piece = self._opened.read(count)
        self._gone += len(piece)
        return piece

    def percent(self):
        """Return how much has gone."""
        return 100.0 * self._gone / max(self.size, 1)

    def close(self):
        self._opened.close()


def open_to_send(path, is_wanted):
    """Open a file, or pack a folder, as Outgoing, of which no more is sent than is wanted. Raises BridgeError."""
    name = as_text(os.path.basename(os.path.normpath(path)))[-LONGEST_FILE_NAME:] or "pictures"
    try:
        if os.path.isdir(path):
            return Outgoing(name + ".zip", _packed(path), is_wanted)
        _check_size(path, os.path.getsize(path))
        return Outgoing(name, open(path, "rb"), is_wanted)
    except EnvironmentError as error:
        raise _unreadable(getattr(error, "filename", None) or path, error)
    except (MemoryError, ValueError) as error:  # a path that is none is a ValueError
        raise _unreadable(path, error)


def sent_from(path):
    """Return what tells a source from those of other machines, users and folders, without saying what these are."""
    machine = socket.gethostname().split(".")[0]  # a network may append its own name
    place = [as_text(each) for each in (machine, os.path.expanduser("~"), os.path.normcase(os.path.normpath(path)))]
    return hashlib.sha256(to_json(place).encode("ascii")).hexdigest()[:16]


def as_text(name):
    """Return a name as text that can be sent; what is none in it becomes a replacement letter."""
    try:
        return name.encode("utf-8", "replace").decode("utf-8", "replace")
    except UnicodeDecodeError:  # Python 2 lists what is not in the system's encoding as bytes
        return name.decode("utf-8", "replace")


def _packed(folder):
    """Return a zip of all that lies in a folder and the folders in it, without what is hidden."""
    files, empty = _listed(folder)
    _check_size(folder, sum(os.path.getsize(path) for _, path in files))
    packed = io.BytesIO()
    # Pictures are compressed already. The zip of a folder is the same whenever it is made.
    archive = zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED, True)
    for name, path in files:
        try:
            with open(path, "rb") as opened:
                archive.writestr(zipfile.ZipInfo(name), opened.read())
        except (MemoryError, ValueError) as error:
            raise _unreadable(path, error)
    for name in empty:  # it may be a class
        archive.writestr(zipfile.ZipInfo(name + "/"), b"")
    archive.close()
    _check_size(folder, packed.tell())
    return packed


def _listed(folder):
    """Return each file below a folder, its name in the zip and its path; and the names of folders without any."""
    files, empty, seen = [], [], set()
    waiting = [("", folder)]
    while waiting:
        name, path = waiting.pop(0)
        real = os.path.realpath(path)
        if real in seen:  # a link leads there
            continue
        seen.add(real)
        inside = sorted((as_text(each), each) for each in os.listdir(path))
        inside = [(name + each, _in(path, raw)) for each, raw in inside if not each.startswith(".")]
        if name and not inside:
            empty.append(name[:-1])
        waiting += [(each + "/", place) for each, place in inside if os.path.isdir(place)]
        files += [(each, place) for each, place in inside if os.path.isfile(place)]
        if len(files) > MOST_FILES:
            sentence = "source: {0} has more than {1} files: name the folder in it that has the pictures"
            raise BridgeError(sentence.format(as_text(folder), MOST_FILES), "file")
    return sorted(files), empty


def _in(folder, name):
    """Return the path of what lies in a folder."""
    try:
        return os.path.join(folder, name)
    except UnicodeDecodeError:  # Python 2 joins bytes with bytes only
        return os.path.join(folder.encode(sys.getfilesystemencoding() or "utf-8"), name)


def _unreadable(path, error):
    """Return why something cannot be sent, in a sentence."""
    if isinstance(error, MemoryError):
        sentence = "source: {0} does not fit into the memory that Rhino has left: make a .zip of it, and name that"
        return BridgeError(sentence.format(as_text(path)), "file")
    sentence = "source: {0} cannot be read ({1}): name a folder or a file on this machine"
    return BridgeError(sentence.format(as_text(path), getattr(error, "strerror", None) or type(error).__name__), "file")


def _check_size(path, size):
    if size > LARGEST:
        raise BridgeError(
            "source: {0} has {1} MB, and a server on another machine takes {2} MB at most: leave some out, or make the "
            "pictures smaller, since they are learned from at 28 x 28 pixels".format(
                as_text(path), decimal(size / 1e6, 0), LARGEST // 1000000
            ),
            "file",
        )
