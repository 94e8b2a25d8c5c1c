"""Where IronPython 2.7, of Rhino 7, differs from the CPython 2.7 that stands in for it here.

All text is what CPython calls unicode. Its json decodes text once more before it escapes it, so that
`json.dumps(u"\xfc")` raises UnicodeDecodeError.
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
    """Give the scripts the json of IronPython; whoever has imported json by now keeps CPython's."""
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
