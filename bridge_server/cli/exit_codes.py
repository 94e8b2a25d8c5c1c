"""How a command ends: a number for each way, and the exception that carries it."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit status of `ganmnist-server`."""

    OK = 0
    PROBLEM = 1
    USAGE = 2  # argparse's own
    ALREADY_RUNNING = 3
    PORT_TAKEN = 4
    NOT_RUNNING = 5
    NO_ANSWER = 6
    DATA_DIRECTORY = 7
    DISK_FULL = 8


MEANINGS = {
    ExitCode.OK: "done",
    ExitCode.PROBLEM: "a problem, which is said",
    ExitCode.USAGE: "the command or an option is unknown or misspelt",
    ExitCode.ALREADY_RUNNING: "serve: a server is running on this data directory already",
    ExitCode.PORT_TAKEN: "serve: the port cannot be used",
    ExitCode.NOT_RUNNING: "no server is running on this data directory",
    ExitCode.NO_ANSWER: "a server is there, but does not answer, or does not end",
    ExitCode.DATA_DIRECTORY: "serve: the data directory cannot be used",
    ExitCode.DISK_FULL: "serve: the disk is full",
}


class CommandError(Exception):
    """A command cannot be carried out; the message says why, `code` is the exit status of the process."""

    def __init__(self, code: ExitCode, message: str) -> None:
        super().__init__(message)
        self.code = code
