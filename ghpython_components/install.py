"""`ganmnist-server install-components`: user objects to where Grasshopper looks, definitions to the data directory.

A file that is not ours, as its content tells, is never touched.
"""

from __future__ import annotations

import argparse
import io
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from ghpython_components import build, definitions
from ghpython_components.archive import to_bytes
from ghpython_components.document import user_objects
from ghpython_components.document.releases import RELEASES, Release
from ghpython_components.document.script_component import Rhino
from ghpython_components.shared.server_files import home
from ghpython_components.sources.component import Component, all_components, version

_GRASSHOPPER_MAC = "Grasshopper (b45a29b1-4343-4035-989e-044e8580d9cf)"
_MAX_SIZE = 4_000_000  # bytes of a file that may be ours
_WINDOWS_BUSY = {5, 32, 33}  # access denied, sharing violation, lock violation
_PATIENCE = 2.5  # seconds
HELD = "in use"
STORE = (
    "this is Python from the Microsoft Store, which hides from Rhino the files that it has to find: install "
    "Python from https://www.python.org/downloads, and then type in the project's folder: py start.py"
)
T = TypeVar("T")
Version = Callable[[str, bytes], str | None]  # of a file by its name and content, None where it is not ours


@dataclass(frozen=True)
class Place:
    """A folder, and what belongs there.

    Attributes:
        folder: May be missing.
        what: The files are, and for which Rhino.
        ending: Of the files.
        version: How to tell what is ours.
        make: The files for it, by name.
    """

    folder: Path
    what: str
    ending: str
    version: Version
    make: Callable[[], Mapping[str, bytes]]

    def ours(self) -> Iterator[tuple[Path, str]]:
        """Yield the files in the folder that are ours, each with its version; and those that cannot be read."""
        for path in sorted(self.folder.glob(f"*{self.ending}")):
            found = self.version_of(path)
            if found:
                yield path, found

    def version_of(self, path: Path) -> str | None:
        """Return the version of a file, None if it is not ours, or HELD if another program keeps us from reading it."""
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _MAX_SIZE:
            return None
        try:
            return self.version(path.name, patiently(path.read_bytes))
        except PermissionError:
            return HELD


class NoRhino(Exception):
    """Rhino was not found; the message says what to do."""


def user_object_folders(platform: str, environment: Mapping[str, str], user: Path) -> list[tuple[Release, Path]]:
    """Return where each Rhino on this machine looks for user objects.

    Args:
        platform: As `sys.platform`.
        environment: As `os.environ`.
        user: The user's own folder.

    Raises:
        NoRhino: There is none, or no such system.
    """
    if platform == "win32":
        roaming = Path(environment.get("APPDATA") or user / "AppData" / "Roaming")
        rhinos = roaming / "McNeel" / "Rhinoceros"
        folders = [roaming / "Grasshopper" / "UserObjects"] * len(RELEASES)  # one for all
    elif platform == "darwin":
        rhinos = user / "Library" / "Application Support" / "McNeel" / "Rhinoceros"
        folders = [rhinos / each.folder / "Plug-ins" / _GRASSHOPPER_MAC / "UserObjects" for each in RELEASES]
    else:
        raise NoRhino("Rhino runs on Windows and macOS. Name a folder to write the user objects to: --to DIR")
    pairs = zip(RELEASES, folders, strict=True)
    found = [(release, folder) for release, folder in pairs if (rhinos / release.folder).is_dir()]
    if not found:
        known = ", ".join(str(release.number) for release in RELEASES)
        raise NoRhino(
            f"No Rhino ({known}) has left a folder in {rhinos}. Start Rhino and Grasshopper once, "
            "or name Grasshopper's user object folder (File, Special Folders): --to DIR --rhino 8"
        )
    return found


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    made = argparse.ArgumentParser(
        prog="ganmnist-server install-components",
        description="Install the Grasshopper components, and the definitions to begin with.",
    )
    made.add_argument("--rhino", type=int, choices=[each.number for each in RELEASES], help="only for this Rhino")
    made.add_argument("--to", type=Path, metavar="DIR", help="put the user objects there, not where Grasshopper looks")
    does = made.add_mutually_exclusive_group()
    does.add_argument("--list", action="store_true", help="say what is installed, and change nothing")
    does.add_argument("--remove", action="store_true", help="remove what is installed")
    made.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run the command line. The exit status is 1 when something was left undone."""
    for stream in (sys.stdout, sys.stderr):  # no letter of a path is worth a traceback
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = parser().parse_args(arguments)
    undone, held = 0, False
    try:
        if "WindowsApps" in sys.base_prefix and not (options.list or options.remove):
            raise NoRhino(STORE)
        places = list(_places(options.rhino, options.to))
        # What lies in the data directory is not in the folder that was named.
        own = [place for place in places if options.to is None or place.ending != ".gh"]
        steps = _listed(places) if options.list else _removed(own) if options.remove else _installed(places)
        for step in steps:
            if options.dry_run or not step.is_quiet:
                print(step.words)
            undone += step.undone
            held = held or step.is_held
            if step.act and not options.dry_run:
                try:
                    patiently(step.act, 0.0 if held else _PATIENCE)  # who holds one for long holds the others too
                except PermissionError as error:
                    print(f"ganmnist: {error.filename}: {error.strerror}", file=sys.stderr)
                    undone, held, step.failed = undone + 1, True, True
    except NoRhino as error:
        print(f"ganmnist: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"ganmnist: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    if held:
        print("Another program holds what is named above: close Rhino, and type the same again.", file=sys.stderr)
    if options.dry_run:
        print("nothing was changed")
    elif not options.list and not options.remove:
        print(f"Restart Rhino: the components are in Grasshopper's tab {user_objects.CATEGORY}.")
        print(f"Then open {definitions.names()[0]}.gh in Grasshopper. This shows the folder that it is in:")
        print(f"    {_how_to_show(places[-1].folder)}")
    return 1 if undone else 0


@dataclass
class _Step:
    """Something to be done or said. Attributes: is_quiet: Not said if it is done; failed: Set once it was in vain."""

    words: str
    act: Callable[[], object] | None = None
    undone: bool = False
    is_held: bool = False
    is_quiet: bool = False
    failed: bool = False


def _how_to_show(folder: Path) -> str:
    """Return the command that shows a folder, as the terminals of this system read it."""
    if sys.platform == "win32":
        return f'explorer "{folder}"'  # to cmd and PowerShell alike
    return shlex.join(["open" if sys.platform == "darwin" else "xdg-open", str(folder)])


def patiently(act: Callable[[], T], seconds: float = _PATIENCE) -> T:
    """Do something with a file; on Windows again for some seconds, where a virus scanner holds it to look at it.

    Raises:
        PermissionError: It is held for longer, or for good.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return act()
        except PermissionError as error:
            if getattr(error, "winerror", None) not in _WINDOWS_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _places(number: int | None, folder: Path | None) -> Iterator[Place]:
    if folder is None:
        found = user_object_folders(sys.platform, os.environ, Path.home())
    else:
        found = [(release, folder.expanduser().resolve()) for release in RELEASES]
    # What two Rhinos take from one folder is installed once.
    chosen = dict.fromkeys((release.rhino, each) for release, each in found if number in (None, release.number))
    if not chosen:
        raise NoRhino(f"Rhino {number} was not found on this machine. Name a folder: --to DIR")
    components = all_components()
    for rhino, each in chosen:
        make = partial(build.user_object_files, components, rhino)
        yield Place(
            each, f"components for Rhino {rhino.number}", f"_rh{rhino.number}.ghuser", user_objects.our_version, make
        )
    for rhino in dict.fromkeys(rhino for rhino, _ in chosen):
        yield Place(
            Path(home()) / "definitions" / f"rhino{rhino.number}",
            f"definitions for Rhino {rhino.number}",
            ".gh",
            lambda _, content: definitions.our_version(content),
            partial(_definitions, components, rhino),
        )


def _definitions(components: list[Component], rhino: Rhino) -> Mapping[str, bytes]:
    return {
        f"{name}.gh": to_bytes(definitions.definition(name, components, rhino).archive())
        for name in definitions.names()
    }


def _listed(places: list[Place]) -> Iterator[_Step]:
    for place in places:
        found = list(place.ours())
        yield _Step(f"{place.folder}: {len(found) or 'nothing'} of ganmnist ({place.what})")
        for path, installed in found:
            yield _Step(f"  {path.name:44} {installed}{'' if installed in (version(), HELD) else f', now {version()}'}")


def _removed(places: list[Place]) -> Iterator[_Step]:
    for place in places:
        for path, installed in place.ours():
            yield _left(path) if installed == HELD else _Step(f"remove {path} ({installed})", path.unlink)


def _installed(places: list[Place]) -> Iterator[_Step]:
    for place in places:
        files = place.make()
        for path, installed in place.ours():
            if path.name not in files and installed != HELD:
                yield _Step(f"remove {path} ({installed}, no longer there)", path.unlink)
        changed = 0
        for name, content in files.items():
            path = place.folder / name
            there = path.is_symlink() or path.exists()
            installed_before = place.version_of(path) if there else None
            if installed_before == HELD:
                yield _left(path)
            elif there and installed_before is None:
                yield _Step(f"leave {path}: it is not ours, or was changed; move it away first", undone=True)
            elif not there or path.read_bytes() != content:
                words = f"replace {path} ({installed_before})" if there else f"write {path}"
                step = _Step(words, partial(_write, path, content), is_quiet=not there)
                yield step
                changed += not step.failed
        yield _Step(f"{place.folder}: {changed} of {len(files)} changed ({place.what})")


def _left(path: Path) -> _Step:
    return _Step(f"leave {path}: it cannot be read", undone=True, is_held=True)


def _write(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all; Grasshopper overlooks the ending of an unfinished one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.part")
    try:
        unfinished.write_bytes(content)
        os.replace(unfinished, path)
    except OSError as error:
        error.filename = str(path)  # nobody knows the other by its name
        raise
    finally:
        unfinished.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
