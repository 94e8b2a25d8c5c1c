"""What a terminal, a pipe or a file can take of what is printed."""

import io
import sys
from typing import IO, Any

_KEPT = "\n\r\t"
_TURNING = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]  # letters that turn the direction of what follows
_COMMANDS = {
    code: ascii(chr(code))[1:-1] for code in [*range(0x20), *range(0x7F, 0xA0), *_TURNING] if chr(code) not in _KEPT
}


class _Output:
    """A stream that prints what a terminal would take for a command, as a file's name may hold, by its number."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        return self.stream.write(printed(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def printed(text: str) -> str:
    """Return a text with all that commands a terminal shown by its number."""
    return text.translate(_COMMANDS)


def bare(file: IO[str]) -> IO[str]:
    """Return the stream behind `show_any_letter`, for what knows which commands it sends: `ganmnist.cli.screen`."""
    return file.stream if isinstance(file, _Output) else file


def show_any_letter() -> None:
    """Have letters that the output's encoding lacks shown by their numbers, `\\u0142`: none is worth a traceback.

    A data directory, a picture or a class may be called anything, and a pipe on Windows has 256 letters. Letters that
    command a terminal are shown so too.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
            setattr(sys, name, _Output(stream))
