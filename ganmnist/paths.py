"""Where ganmnist keeps its files: one folder per user, or GANMNIST_HOME."""

import os
import sys
from pathlib import Path

DATA = "GANMNIST_DATA"  # environment variable that names a folder of images


def home() -> Path:
    """Return the folder of models, runs and cached data. It need not exist yet."""
    chosen = os.environ.get("GANMNIST_HOME")
    if chosen:
        return Path(chosen).expanduser().resolve()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "ganmnist"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "ganmnist"
    return Path.home() / ".local" / "share" / "ganmnist"
