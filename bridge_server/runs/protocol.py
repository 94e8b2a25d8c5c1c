"""What the server and the training process agree on: names of files, and how the process ends."""

from __future__ import annotations

from enum import IntEnum

SETTINGS = "settings.json"
FAILURE = "failure.json"
LOG = "worker.log"
SIGKILL = 9  # not in `signal` on Windows


class Exit(IntEnum):
    """How the process ended, for the server."""

    FINISHED = 0
    FAILED = 1  # failure.json says why
    SAVED = 3  # ended early, with a checkpoint
    DISK_FULL = 4
    OUT_OF_MEMORY = 5
    FILES = 6  # a file could not be read or written, which may pass; failure.json says which
    DEVICE = 7  # the device that was chosen is not there, or has failed; failure.json says which
    NODE = 8  # the cluster or a node of it cannot do it, or went away; failure.json says what to do
