"""Where IronPython 2.7, of Rhino 7, differs from the CPython 2.7 that stands in for it here.

All text is what CPython calls unicode. Its json decodes text once more before it escapes it, so that
`json.dumps(u"\xfc")` raises UnicodeDecodeError. Its ssl has no SNI to ask for, and reads 2,048 bytes at a time until
one of these pieces is not full (PythonSocket.ssl.read in its _socket.cs).
"""

import __future__

import importlib
import re
import sys

IS_STAND_IN = sys.version_info[0] == 2
_LIKE_UTF8 = re.compile(r"[\x80-\xff]")


def compiled(source):
    """Compile a script as Rhino would."""
    flags = __future__.unicode_literals.compiler_flag if IS_STAND_IN else 0
    return compile(source, "script.py", "exec", flags, True)


def install():
    """Give the scripts the json and ssl of IronPython; whoever has imported json by now keeps CPython's."""
    if not IS_STAND_IN:
        return
    for name in [name for name in sys.modules if name.split(".")[0] == "json"]:
        del sys.modules[name]
    encoder = importlib.import_module("json.encoder")
    escape = encoder.encode_basestring_ascii

    def encode_basestring_ascii(text):
        if _LIKE_UTF8.search(text):
            text = text.encode("latin-1", "replace").decode("utf-8")
        return escape(text)

    encoder.encode_basestring_ascii = encode_basestring_ascii
    encoder.c_make_encoder = None
    _change_ssl()


def _change_ssl():
    ssl = importlib.import_module("ssl")
    ssl.HAS_SNI = False
    read = ssl.SSLSocket.read

    def read_in_pieces(connection, length=1024, buffer=None):
        if buffer is not None:
            return read(connection, length, buffer)
        content = b""
        while True:
            wanted = min(length - len(content), 2048)
            piece = read(connection, wanted)
            content += piece
            if len(piece) < wanted or len(content) == length:
                return content

    ssl.SSLSocket.read = read_in_pieces
