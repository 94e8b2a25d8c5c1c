"""The command line of the server: `python -m bridge_server serve`, or `ganmnist-server serve`."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import Any, NamedTuple

from bridge_server.access.roles import Role
from bridge_server.access.tokens import MAX_PEOPLE
from bridge_server.cli import certificate, commands, people, sweep
from bridge_server.cli.doctor import doctor
from bridge_server.cli.exit_codes import MEANINGS, CommandError, ExitCode
from bridge_server.cli.serve import DEFAULT_PORT, Lan, note_failure, remember_how_to_start, serve
from bridge_server.errors import AddressError, CertificateError, TokenError, is_full
from bridge_server.process import discovery
from bridge_server.runs import quotas
from ganmnist import __version__, paths
from ganmnist.cli.options import whole_number
from ganmnist.cli.terminal import show_any_letter
from ganmnist.remedies import UNUSABLE, file_problem, load_problem

INSTALL = "install-components"
_EPILOG = "exit status:\n" + "\n".join(f"  {code:d}  {meaning}" for code, meaning in MEANINGS.items())


class _Failure(NamedTuple):
    sentence: str
    code: ExitCode


def main() -> int:
    """Run the command line and return the exit status, which is one of ExitCode."""
    show_any_letter()
    parser = _parser()
    options, rest = parser.parse_known_args()
    installs = sys.argv[1:2] == [INSTALL]
    if rest and not installs:
        options.parser.error(f"unknown: {' '.join(rest)}")
    home = options.data_dir.expanduser().resolve() if options.data_dir else paths.home()
    try:
        if installs:
            return _install(sys.argv[2:])
        return int(options.command(home, options))
    except (CommandError, CertificateError, TokenError, OSError, ImportError) as error:
        if isinstance(error, ImportError) and not load_problem(error):
            raise  # a mistake of ours
        failure = _failure(error, home)
        print(f"ganmnist: {failure.sentence}", file=sys.stderr)
        return failure.code


def _failure(error: Exception, home: Path) -> _Failure:
    """Say what went wrong in a sentence."""
    if problem := load_problem(error):
        return _Failure(problem, ExitCode.PROBLEM)
    if is_full(error):
        return _Failure(f"The disk of {home} is full: make room on it, then try again.", ExitCode.DISK_FULL)
    match error:
        case CommandError():
            return _Failure(str(error), error.code)
        case TokenError() | CertificateError():
            return _Failure(str(error), ExitCode.PROBLEM)
        case OSError():
            if (named := file_problem(error)) and not _is_around(home, Path(error.filename)):
                return _Failure(named, ExitCode.PROBLEM)  # what an option names
            where = error.filename or f"the data directory {home}"
            return _Failure(f"cannot use {where}: {error.strerror or error}: {UNUSABLE}", ExitCode.PROBLEM)
    return _Failure(f"The server made a mistake as it started: {type(error).__name__}: {error}", ExitCode.PROBLEM)


def _is_around(home: Path, path: Path) -> bool:
    """Tell whether a path is the data directory, or lies above it or in it."""
    path = path.absolute()
    return home.is_relative_to(path) or path.is_relative_to(home)


def _parser() -> argparse.ArgumentParser:
    look: dict[str, Any] = {"epilog": _EPILOG, "formatter_class": argparse.RawDescriptionHelpFormatter}
    parser = argparse.ArgumentParser(
        prog="ganmnist-server", description="The server of the Grasshopper components.", **look
    )
    parser.add_argument("--version", action="version", version=f"ganmnist {__version__}")
    groups = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        group: Any, name: str, help: str, work: Callable[[Path, argparse.Namespace], ExitCode]
    ) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = group.add_parser(name, help=help, description=help, **look)
        made.add_argument("--data-dir", type=Path, metavar="DIR", help="models, runs and data (default: one per user)")
        made.set_defaults(command=work, parser=made)
        return made

    one = command(groups, "serve", "serve this machine until Ctrl-C", _serve)
    one.add_argument("--port", type=_port, help=f"0 takes a free one (default: {DEFAULT_PORT}, or a free one)")
    one.add_argument("--mock", action="store_true", help="make the answers up: for wiring and tests")
    one.add_argument(
        "--lan",
        type=_address,
        metavar="ADDRESS",
        help="serve a class or a studio over TLS: the IPv4 address of this machine on its network",
    )
    one.add_argument(
        "--name", type=_name, action="append", default=[], help="with --lan: another name of this machine there"
    )
    one.add_argument(
        "--slots",
        type=_slots,
        default=quotas.SLOTS,
        metavar="N",
        help=f"how many trainings may be under way at a time (default: {quotas.SLOTS})",
    )
    one.add_argument(
        "--ray",
        type=_cluster,
        metavar="HOST:PORT",
        help="have trainings carried out on a Ray cluster: docs/scale.md",
    )
    one.add_argument(
        "--insecure-http", action="store_true", help="with --lan: plain HTTP, which the whole network can read"
    )
    one.add_argument(
        "--proxy", type=_proxy, metavar="URL", help="serve whom a proxy on this machine passes on too: https://HOST"
    )
    one = command(
        groups, "status", "is a server running, and how does it fare?", lambda home, o: commands.status(home, o.json)
    )
    one.add_argument("--json", action="store_true", help="for programs")
    command(groups, "stop", "end the server; a training is kept for later", lambda home, _: commands.stop(home))
    command(groups, "open", "open the server's page in the browser", lambda home, _: commands.open_page(home))
    command(groups, "doctor", "look for what is wrong, and say how to mend it", lambda home, _: doctor(home))

    command(groups, "mcp", "lend an assistant tools, over the Model Context Protocol", lambda home, _: _mcp(home))

    token = groups.add_parser("token", help="the owner's token, and those of a class").add_subparsers(
        required=True, metavar="COMMAND"
    )
    command(token, "rotate", "give the owner a new token at once", lambda home, _: people.rotate(home))
    command(token, "list", "list who was given a token", lambda home, _: people.show(home))
    one = command(token, "add", "give people a token each, and write their invitations", _add_tokens)
    one.add_argument("people", nargs="*", metavar="NAME", help="letters, digits, _ and -")
    one.add_argument("--count", type=_count, metavar="N", help="so many people, called student-01, student-02 ...")
    one.add_argument("--names", type=Path, metavar="FILE", help="people by the names in a text file, one on each line")
    one.add_argument(
        "--role", type=Role, choices=list(Role), default=Role.STUDENT, help="what it allows (default: student)"
    )
    _say_where(one)
    one = command(token, "renew", "give somebody another token in place of a lost one", _renew_token)
    one.add_argument("person", metavar="NAME")
    _say_where(one)
    one = command(token, "remove", "take tokens away, and stop the trainings of whose they were", _remove_tokens)
    one.add_argument("people", nargs="*", metavar="NAME")
    one.add_argument("--all", action="store_true", help="everybody's but the owner's")

    sweeps = groups.add_parser("sweep", help="the same training over seeds and values of settings").add_subparsers(
        required=True, metavar="COMMAND"
    )
    sweep.add_start(command(sweeps, "start", "train every combination of the values given, and watch", sweep.start))
    command(sweeps, "list", "list the newest sweeps", lambda home, _: sweep.list_sweeps(home))
    for name, help, work in (
        ("watch", "show a sweep as a table, renewed until it has ended", sweep.watch),
        ("stop", "stop all trainings of a sweep; the best model so far gets its name", sweep.stop),
        ("resume", "go on with those trainings of a sweep that were interrupted", sweep.resume),
    ):
        one = command(sweeps, name, help, partial(_of_sweep, work))
        one.add_argument("name", metavar="NAME", nargs="?", help="name or id of the sweep; the newest unless given")

    own = groups.add_parser("certificate", help="the server's own, for TLS").add_subparsers(
        required=True, metavar="COMMAND"
    )
    command(own, "show", "print its fingerprint, and how long it is good", lambda home, _: certificate.show(home))
    command(own, "renew", "make another; clients need its fingerprint", lambda home, _: certificate.renew(home))

    groups.add_parser(
        INSTALL,
        add_help=False,
        help="put the components where Grasshopper looks: --list, --remove, --dry-run, --to DIR",
    ).set_defaults(data_dir=None)
    return parser


def _serve(home: Path, options: argparse.Namespace) -> ExitCode:
    for option, given in (("--name", options.name), ("--insecure-http", options.insecure_http)):
        if given and not options.lan:
            raise CommandError(ExitCode.USAGE, f"{option} is of use with --lan only.")
    if options.proxy and options.lan:
        raise CommandError(ExitCode.USAGE, "--proxy and --lan exclude each other: a proxy asks on 127.0.0.1.")
    if options.ray and options.mock:
        raise CommandError(ExitCode.USAGE, "--ray and --mock exclude each other: a mock trains nothing.")
    lan = Lan(options.lan, tuple(options.name), options.insecure_http) if options.lan else None
    try:
        serve(home, options.port, options.mock, lan, options.proxy, options.slots, options.ray)
    except Exception as error:  # whatever it is: who pressed a button in Rhino sees no terminal
        failure = _failure(error, home)
        note_failure(home, failure.sentence)
        if failure.code is ExitCode.DISK_FULL:
            raise CommandError(failure.code, failure.sentence) from error
        if isinstance(error, OSError) and not load_problem(error):
            raise CommandError(ExitCode.DATA_DIRECTORY, failure.sentence) from error
        raise
    return ExitCode.OK


def _mcp(home: Path) -> ExitCode:
    from bridge_server.cli.mcp import stdio  # which other commands need not wait for

    return stdio.serve(home)


def _of_sweep(work: Callable[[Path, str | None], ExitCode], home: Path, options: argparse.Namespace) -> ExitCode:
    return work(home, options.name)


def _say_where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write a file for Grasshopper for each, and a sheet of cards to print"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--url", type=_url, help="where the server is, https://ADDRESS:PORT (default: as it runs)")
    where.add_argument("--proxy", type=_proxy, metavar="URL", help="where its proxy is, https://HOST")


def _where(home: Path, options: argparse.Namespace) -> discovery.Address | None:
    if options.proxy:
        return discovery.Address(options.proxy, None)
    if options.url:
        return options.url if options.url.fingerprint else certificate.complete(home, options.url.url)
    return None


def _add_tokens(home: Path, options: argparse.Namespace) -> ExitCode:
    if bool(options.people) + bool(options.count) + bool(options.names) != 1:
        raise CommandError(ExitCode.USAGE, "expected who is meant, by one of NAME ..., --names FILE and --count N.")
    names = people.read_names(options.names) if options.names else options.people or options.count
    return people.add(home, names, options.role, _where(home, options), options.out)


def _renew_token(home: Path, options: argparse.Namespace) -> ExitCode:
    return people.renew(home, options.person, _where(home, options), options.out)


def _remove_tokens(home: Path, options: argparse.Namespace) -> ExitCode:
    if bool(options.people) == options.all:
        raise CommandError(ExitCode.USAGE, "expected whose tokens are meant, by NAME ... or by --all.")
    return people.remove(home, options.people or people.everybody(home))


def _install(arguments: list[str]) -> int:
    """Install the components by a program of their own, since server and components do not know each other."""
    if not {"--list", "--remove", "--dry-run", "--help", "-h"} & {*arguments}:
        remember_how_to_start(paths.home())  # so that the Server component's button works at once
    return subprocess.call([sys.executable, "-m", "ghpython_components.install", *arguments])


def _port(text: str) -> int:
    number = whole_number(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{number} is not a port: 0 to 65535")
    return number


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if not 1 <= number <= MAX_PEOPLE:
        raise argparse.ArgumentTypeError(f"expected 1 to {MAX_PEOPLE} people, got {text}")
    return number


def _slots(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if not 1 <= number <= quotas.MAX_SLOTS:
        raise argparse.ArgumentTypeError(
            f"expected 1 to {quotas.MAX_SLOTS} trainings at a time, got {text}: one for each accelerator of the "
            "machine, and one where it has none"
        )
    return number


def _cluster(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", host) or not port.isascii() or not port.isdigit():
        raise argparse.ArgumentTypeError(
            f"expected HOST:PORT of a Ray cluster's head, as 192.168.1.5:6379, got {text}: ray start --head says it"
        )
    return text


def _address(text: str) -> str:
    try:
        address = IPv4Address(text)
    except AddressValueError:
        address = IPv4Address(0)
    if address.is_unspecified or address.is_loopback or address.is_multicast:
        raise argparse.ArgumentTypeError(f"{text} is no IPv4 address of this machine on a network, as 192.168.1.5 is")
    return str(address)


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", text):
        raise argparse.ArgumentTypeError(f"{text} is no name of a machine, as teacher.local is")
    return text


def _url(text: str) -> discovery.Address:
    try:
        return discovery.parse_address(text)
    except AddressError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _proxy(text: str) -> str:
    found = _url(text)
    if found.fingerprint or not found.url.startswith("https:"):
        raise argparse.ArgumentTypeError(f"{text} is not https://HOST, whose certificate machines trust by themselves")
    return found.url.removesuffix(":443")  # as browsers say it
