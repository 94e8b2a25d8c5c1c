"""The server's own certificate: made once, kept in the data directory, known to its clients by its fingerprint.

Nobody vouches for it: a client has its fingerprint, the SHA-256 of the whole certificate, from whoever runs the server,
and believes no other. So no name in it matters to ours; browsers show it with a warning all the same.
"""

from __future__ import annotations

import hashlib
import re
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bridge_server.errors import CertificateError
from ganmnist.remedies import command
from ganmnist.storage.atomic import write_atomic

if TYPE_CHECKING:
    from cryptography.x509 import GeneralName

FILE = "certificate.pem"  # and its private key
DAYS = 825  # the most that Apple's systems take for a server's (support.apple.com/103769)
RENEW_DAYS = 60  # before its end `doctor` says that it is time
_EARLIER = timedelta(days=1)  # since clocks of other machines are behind


class Certificate(NamedTuple):
    """A server's certificate.

    Attributes:
        fingerprint: SHA-256 of the certificate, 64 hexadecimal digits.
        expires: When clients refuse it.
        names: Addresses and names of the server that stand in it.
    """

    fingerprint: str
    expires: datetime
    names: tuple[str, ...]

    def days_left(self) -> int:
        """Return for how many whole days it is good, negative once it has expired."""
        return (self.expires - datetime.now(UTC)).days


def ensure(home: Path, names: tuple[str, ...]) -> Certificate:
    """Return the certificate of a data directory, made for these names if there is none yet.

    Raises:
        CertificateError: The file is damaged.
        OSError: It cannot be read or written.
    """
    return read(home) or _make(home, names)


def renew(home: Path) -> Certificate:
    """Make another certificate, with a new key, for the names of the one before. Clients need its fingerprint.

    Raises:
        CertificateError: There is none yet.
        OSError: The file cannot be written.
    """
    try:
        before = read(home)
    except CertificateError:
        return _make(home, ())
    if before is None:
        raise CertificateError(f"There is no {home / FILE} to renew: serve --lan makes one.")
    return _make(home, before.names)


def read(home: Path) -> Certificate | None:
    """Return the certificate of a data directory, or None where there is none.

    Raises:
        CertificateError: The file is damaged.
        OSError: It cannot be read.
    """
    try:
        content = (home / FILE).read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return None
    found = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", content, re.DOTALL)
    try:
        return describe(ssl.PEM_cert_to_DER_cert(found[0])) if found else _damaged(home)
    except ValueError:
        return _damaged(home)


def server_context(home: Path) -> ssl.SSLContext:
    """Return what speaks TLS with the certificate of a data directory.

    Raises:
        CertificateError: The file is damaged, or was put together from two.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # IronPython knows no newer one
    context.options |= ssl.OP_NO_RENEGOTIATION  # by which a client could have the server reckon again and again
    context.num_tickets = 0  # of no use to clients that look at the certificate each time
    try:
        context.load_cert_chain(home / FILE)
    except ssl.SSLError:
        _damaged(home)
    return context


def describe(der: bytes) -> Certificate:
    """Return what a certificate says of itself.

    Raises:
        ValueError: It is none.
    """
    from cryptography import x509

    found = x509.load_der_x509_certificate(der)
    try:
        written = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        written = x509.SubjectAlternativeName([])
    return Certificate(fingerprint(der), found.not_valid_after_utc, tuple(str(name.value) for name in written))


def fingerprint(der: bytes) -> str:
    """Return the SHA-256 of a certificate, as 64 hexadecimal digits."""
    return hashlib.sha256(der).hexdigest()


def in_pairs(fingerprint: str) -> str:
    """Return a fingerprint as browsers show it: AA:BB:CC..."""
    return ":".join(fingerprint[start : start + 2] for start in range(0, len(fingerprint), 2)).upper()


def how_to_renew(home: Path) -> str:
    """Return the command that makes another certificate."""
    return command("ganmnist-server", "certificate", "renew", "--data-dir", home)


def _damaged(home: Path) -> Certificate:
    raise CertificateError(f"{home / FILE} is damaged. To have it made anew: {how_to_renew(home)}")


def _make(home: Path, names: tuple[str, ...]) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    now = datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())  # which Schannel and Secure Transport, of old Rhinos, know too
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ganmnist server")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + timedelta(days=DAYS) - _EARLIER)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    if names:
        written = x509.SubjectAlternativeName([_general_name(name) for name in names])
        builder = builder.add_extension(written, critical=False)
    made = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # One file, so that key and certificate are always of each other.
    write_atomic(home / FILE, private + made.public_bytes(serialization.Encoding.PEM), private=True)
    return describe(made.public_bytes(serialization.Encoding.DER))


def _general_name(name: str) -> GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
