"""What a terminal, a pipe or a file can take of what is printed."""

import io
import sys


def show_any_letter() -> None:
    """Have letters that the output's encoding lacks shown by their numbers, `\\u0142`: none is worth a traceback.

    A data directory, a picture or a class may be called anything, and a pipe on Windows has 256 letters.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
