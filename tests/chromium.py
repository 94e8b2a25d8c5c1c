"""The Chromium that tests look at the page with; it is installed where a fresh Debian machine lacks it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock

# The shell first: with no window to keep, it draws the same page for two thirds of the work.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """Where it is; a test is skipped, and says so, where there is none and none can be installed."""
    with FileLock(Path(tempfile.gettempdir()) / "ganmnist-chromium.lock"):
        return _find() or _install()


def _find() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)


def _install() -> str:
    """Install Debian's, which root can."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        pytest.skip(f"no Chromium on PATH: install it, on Debian with apt-get install {_NAMES[0]}")
    for command in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", _NAMES[0]]):
        done = subprocess.run(
            ["apt-get", *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
    found = _find()
    if not found:
        pytest.skip(f"no Chromium on PATH, and apt-get install {_NAMES[0]} failed: {done.stderr[-300:]}")
    return found
