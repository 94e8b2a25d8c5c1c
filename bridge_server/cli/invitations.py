"""Invitations: for each person a file for Grasshopper and a card whose code opens the page; and a sheet of all cards.

Cards are of HTML that needs nothing from elsewhere, in `invitations.html` beside this file, six on a sheet of A4.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bridge_server.access import certificates
from bridge_server.access.roles import Role
from bridge_server.cli.exit_codes import CommandError, ExitCode
from bridge_server.process import discovery
from bridge_server.process.discovery import Discovery
from ganmnist.storage.atomic import write_atomic
from ganmnist.storage.private import make_private

SHEET = "invitations.html"
_ON_A_PAGE = 6  # cards
_QUIET = 4  # modules of white around a code, as ISO/IEC 18004 wants them


class Invitation(NamedTuple):
    """What somebody needs to come in.

    Attributes:
        name: Whose it is.
        role: What they are.
        server: Where the server is, with their token.
    """

    name: str
    role: Role
    server: Discovery


@contextmanager
def folder(out: Path) -> Iterator[Callable[[Sequence[Invitation]], None]]:
    """Give what writes invitations into a folder, readable by this user alone. Where the block raises, they go again.

    Raises:
        CommandError: Something is in the folder already.
        OSError: It cannot be written.
    """
    _check_empty(out)
    if out.exists() and not out.is_dir():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(out))
    is_new = not out.exists()
    written: list[Path] = []

    def write(invitations: Sequence[Invitation]) -> None:
        _check_empty(out)  # again: another command may have been first
        make_private(out)
        for each in invitations:
            written.append(out / f"{each.name}.json")
            discovery.write_discovery(written[-1], each.server)
        written.append(out / SHEET)
        write_atomic(written[-1], sheet(invitations).encode(), private=True)

    try:
        yield write
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        if is_new and out.is_dir():
            out.rmdir()
        raise


def _check_empty(out: Path) -> None:
    if out.is_dir() and any(out.iterdir()):
        raise CommandError(ExitCode.PROBLEM, f"{out} has files already: name a folder that is new or empty.")


def sheet(invitations: Sequence[Invitation]) -> str:
    """Return the sheet of cards as HTML."""
    import jinja2
    import segno

    cards = [
        {
            "name": each.name,
            "role": each.role,
            "link": each.server.link,
            "code": segno.make_qr(each.server.link, error="m").svg_inline(border=_QUIET, omitsize=True),
        }
        for each in invitations
    ]
    server = invitations[0].server
    text = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(text)
    return template.render(
        pages=[cards[start : start + _ON_A_PAGE] for start in range(0, len(cards), _ON_A_PAGE)],
        count=len(cards),
        url=server.url,
        fingerprint=server.fingerprint and certificates.in_pairs(server.fingerprint),
        discovery=discovery.DISCOVERY,
    )
