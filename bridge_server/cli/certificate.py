"""The commands about the server's own certificate."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from bridge_server.access import certificates
from bridge_server.access.certificates import Certificate
from bridge_server.cli.exit_codes import CommandError, ExitCode
from bridge_server.process import discovery
from bridge_server.process.discovery import Address
from ganmnist.errors import counted
from ganmnist.remedies import command


def show(home: Path) -> ExitCode:
    """Print what clients have to know of the certificate, and how long it is good."""
    found = certificates.read(home)
    if found is None:
        how = command("ganmnist-server", "serve", "--lan", "ADDRESS", "--data-dir", home)
        raise CommandError(ExitCode.PROBLEM, f"There is no certificate yet; the first start makes it: {how}")
    _print(found)
    running = discovery.read_discovery(home)
    if running and running.fingerprint:
        print(f"address      {running.line}")
    return ExitCode.OK


def renew(home: Path) -> ExitCode:
    """Make another certificate. A running server goes on with the one before until it is started again."""
    _print(certificates.renew(home))
    print(
        "Start the server again, and give everybody the new address: clients that have the fingerprint of the "
        f"certificate before refuse this one. Whoever has a {discovery.DISCOVERY} changes the fingerprint in it."
    )
    return ExitCode.OK


def complete(home: Path, url: str) -> Address:
    """Return an address of this server with the fingerprint of its certificate, which is made if there is none yet."""
    if not url.startswith("https:"):
        return Address(url, None)
    return Address(url, certificates.ensure(home, (urlsplit(url).hostname or "",)).fingerprint)


def _print(found: Certificate) -> None:
    print(f"fingerprint  {certificates.in_pairs(found.fingerprint)} (SHA-256)")
    print(f"good until   {found.expires:%Y-%m-%d}, {counted(max(found.days_left(), 0), 'day')} more")
    print(f"names        {', '.join(found.names) or 'none'}")
