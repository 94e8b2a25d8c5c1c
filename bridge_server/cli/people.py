"""The commands about who may ask: the owner's token, and those of a class."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from bridge_server.access import tokens
from bridge_server.access.roles import Role
from bridge_server.access.tokens import Given
from bridge_server.cli import client, invitations
from bridge_server.cli.exit_codes import CommandError, ExitCode
from bridge_server.cli.invitations import Invitation
from bridge_server.contract.runs import RunState
from bridge_server.process import discovery
from bridge_server.process.discovery import Address
from bridge_server.runs.store import RunStore
from ganmnist.errors import counted, shown
from ganmnist.names import nearest_name
from ganmnist.remedies import command, file_problem
from ganmnist.storage.locks import Held, hold

_PAGE = 100  # runs that are asked for at a time


def rotate(home: Path) -> ExitCode:
    """Have the running server give its owner another token."""
    try:
        found = client.find(home)
    except CommandError as error:
        if error.code is ExitCode.NOT_RUNNING:
            (home / discovery.OWNER_FILE).unlink(missing_ok=True)
            print("no server is running; the next one that starts has a new token")
            return ExitCode.OK
        raise
    try:
        client.call(found, "server_token")
    except CommandError as error:
        by_now = discovery.read_discovery(home)
        if error.code is not ExitCode.NO_ANSWER or by_now is None or by_now.token == found.token:
            raise  # else it was done, and only the answer was long in coming
    print(f"the owner has a new token, in {home / discovery.DISCOVERY}; the one before is refused")
    return ExitCode.OK


def add(home: Path, names: Sequence[str] | int, role: Role, there: Address | None, out: Path | None) -> ExitCode:
    """Give people a token each, and print them or write invitations; a number of people is given names as well."""
    return _give(home, tokens.adding(home, names, role), there, out)


def renew(home: Path, name: str, there: Address | None, out: Path | None) -> ExitCode:
    """Give somebody another token in place of one that was lost, or taken away."""
    return _give(home, tokens.renewing(home, name), there, out)


def show(home: Path) -> ExitCode:
    """Print who has a token."""
    principals = tokens.read_principals(home)
    for principal in principals:
        print(f"{principal.name:20} {principal.role:8} since {principal.created[:10]}")
    if not principals:
        print(f"nobody but the owner has a token: {how_to_invite(home)}")
    return ExitCode.OK


def remove(home: Path, names: Sequence[str]) -> ExitCode:
    """Take people's tokens away, and stop their trainings that wait or are under way."""
    gone = tokens.remove(home, *names)
    whose = f"the token{'s' * (len(gone) > 1)} of {', '.join(gone)} {'is' if len(gone) == 1 else 'are'}"
    print(f"{whose} refused from now on; their models and data sets stay, and are a teacher's to change")
    if stopped := _stop_trainings(home, frozenset(gone)):
        print(f"{counted(stopped, 'training')} of theirs {'is' if stopped == 1 else 'are'} stopped")
    return ExitCode.OK


def everybody(home: Path) -> list[str]:
    """Return the names of all who have a token.

    Raises:
        CommandError: Nobody has one.
    """
    names = [principal.name for principal in tokens.read_principals(home)]
    if not names:
        raise CommandError(ExitCode.PROBLEM, "nobody but the owner has a token: there is none to take away.")
    return names


def read_names(file: Path) -> list[str]:
    """Read the names of a class out of a text file, one on each line, as the nearest that a token may have.

    Raises:
        CommandError: It is no text in UTF-8, is a table, has no names, or one without a letter that may stay; or it
            cannot be read.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise CommandError(ExitCode.PROBLEM, f"{file} is no text in UTF-8: save it as one.") from None
    except OSError as error:
        raise CommandError(ExitCode.PROBLEM, f"--names {file_problem(error) or error}.") from None
    names = []
    for number, line in enumerate(lines, start=1):
        if len(re.findall(r"[,;\t]", line.strip())) > 1:  # one may stand between a surname and a first name
            problem = (
                f"line {number}, {shown(line.strip())}, has several columns, or people: write one name on each line"
            )
            raise CommandError(ExitCode.PROBLEM, f"{file}: {problem}, and nothing else.")
        if line.strip() and not (name := nearest_name(line.strip(), "")):
            problem = f"line {number}, {shown(line.strip())}, has no letter from a to z: write the name in those"
            raise CommandError(ExitCode.PROBLEM, f"{file}: {problem}.")
        if line.strip():
            names.append(name)
    if not names:
        raise CommandError(ExitCode.PROBLEM, f"{file} has no names: write one on each line.")
    return names


def how_to_invite(home: Path, *options: str) -> str:
    """Return the command that gives a class its tokens."""
    words = ("token", "add", "--count", "30", *options, "--out", "class", "--data-dir", home)
    return command("ganmnist-server", *words)


def _give(home: Path, giving: AbstractContextManager[list[Given]], there: Address | None, out: Path | None) -> ExitCode:
    """Hand out tokens, which count once all that says them is written."""
    running = discovery.read_discovery(home)
    if running and not running.is_here:
        there = there or Address(running.url, running.fingerprint)
    if out and there is None:
        raise CommandError(
            ExitCode.USAGE,
            f"{out} has to say where the server is: start it with --lan first, or add --url https://ADDRESS:PORT.",
        )
    with invitations.folder(out) if out else nullcontext() as write, giving as given:
        if write and there:
            write([Invitation(who.name, who.role, there.with_token(who.token)) for who in given])
    for who in given if out is None else ():
        print(f"{who.name} is a {who.role}; the token, which is shown this once: {who.token}")
    if out:
        print(
            f"{counted(len(given), 'invitation')} in {out}: print {invitations.SHEET}, give each card to its person.\n"
            f"The file of that name goes into the data directory there, as {discovery.DISCOVERY}. Whoever has the\n"
            "folder can do what all of them may: delete it once all is handed out."
        )
    elif there:
        line = there.with_token("").line
        print(f"In place of a file there, two environment variables do: {discovery.URL}={line}")
        print(f"and {discovery.TOKEN}, the token")
    return ExitCode.OK


def _stop_trainings(home: Path, owners: frozenset[str]) -> int:
    """Stop what people have running or waiting, and return how many trainings that were."""
    runs = home / "runs.sqlite"
    try:
        with hold(home / discovery.LOCK):  # so that no server begins meanwhile
            return _stop_in(runs, owners) if runs.exists() else 0
    except Held:
        return _ask_to_stop(home, owners)


def _stop_in(path: Path, owners: frozenset[str]) -> int:
    runs = RunStore(path)
    try:
        active = [record for record in runs.active() if record.owner in owners]
        return sum(runs.move(record.id, record.state, RunState.STOPPED) for record in active)
    finally:
        runs.close()


def _ask_to_stop(home: Path, owners: frozenset[str]) -> int:
    found = client.find(home)
    ids: list[str] = []
    after = 0
    while True:
        page = client.call(found, "runs", f"only=active&limit={_PAGE}&after={after}")
        ids += [run["id"] for run in page["runs"] if run["owner"] in owners]
        if not (after := page["next"]):
            break
    for id in ids:
        client.call(found, "run_stop", id=id)
    return len(ids)
