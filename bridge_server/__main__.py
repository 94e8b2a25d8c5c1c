"""The command line of the server: `python -m bridge_server serve`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from bridge_server.serving import DEFAULT_PORT, CannotServe, remember_how_to_start, serve
from ganmnist import __version__, paths

INSTALL = "install-components"


def main() -> int:
    """Run the command line. The exit status is 3 when a server is running already, 4 when the port is taken."""
    parser = argparse.ArgumentParser(prog="ganmnist-server", description="The server of the Grasshopper components.")
    parser.add_argument("--version", action="version", version=f"ganmnist {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("serve", help="serve until Ctrl-C", description="Serve on 127.0.0.1 until Ctrl-C.")
    command.add_argument("--port", type=_port, default=DEFAULT_PORT, help="0 takes a free one (default: %(default)s)")
    command.add_argument("--data-dir", type=Path, metavar="DIR", help="models, runs and data (default: one per user)")
    command.add_argument("--mock", action="store_true", help="make the answers up: for wiring and tests")
    commands.add_parser(
        INSTALL,
        add_help=False,
        help="put the components where Grasshopper looks: --list, --remove, --dry-run, --to DIR",
    )
    options, rest = parser.parse_known_args()
    if sys.argv[1:2] == [INSTALL]:
        return _install(sys.argv[2:])
    if rest:
        parser.error(f"unknown: {' '.join(rest)}")
    home = options.data_dir.expanduser().resolve() if options.data_dir else paths.home()
    try:
        serve(home, options.port, options.mock)
    except CannotServe as error:
        print(f"ganmnist: {error}", file=sys.stderr)
        return error.code
    except OSError as error:
        print(f"ganmnist: cannot use the data directory {home}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _install(arguments: list[str]) -> int:
    """Install the components by a program of their own, since server and components do not know each other."""
    if not {"--list", "--remove", "--dry-run", "--help", "-h"} & {*arguments}:
        remember_how_to_start(paths.home())  # so that the Server component's button works at once
    return subprocess.call([sys.executable, "-m", "ghpython_components.install", *arguments])


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{number} is not a port: 0 to 65535")
    return number


if __name__ == "__main__":
    sys.exit(main())
