"""What a client of the server makes sure of before it says anything over TLS: that the certificate is the one meant.

The components have the same in ghpython_components/shared/tls.py.
"""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime

from bridge_server.access import certificates
from bridge_server.errors import CertificateError


def wrap(connection: socket.socket, url: str, host: str, fingerprint: str | None) -> ssl.SSLSocket:
    """Speak TLS over a connection, and return it once its other side has shown the right certificate.

    Args:
        connection: An open one, with a timeout.
        url: Of the server, for what is said of it.
        host: Its name in there.
        fingerprint: SHA-256 of its certificate. None: one that this machine trusts by itself, as browsers do.

    Raises:
        CertificateError: It shows another, or one that has expired or is not trusted; or speaks no TLS.
        OSError: The connection broke off.
    """
    if fingerprint:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # what follows is stricter
    else:
        context = ssl.create_default_context()
    try:
        secure = context.wrap_socket(connection, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise CertificateError(
            f"The certificate of {url} is not trusted here ({error.verify_message}): if the server has made it itself, "
            "its fingerprint belongs to the address, as ganmnist-server certificate show prints it there; if not, ask "
            "who runs it."
        ) from None
    except ssl.SSLEOFError:
        raise ConnectionResetError("closed in the handshake") from None
    except ssl.SSLError as error:
        raise CertificateError(
            f"{url} speaks no TLS that is understood here ({error.reason}): ask who runs it for its address."
        ) from None
    if fingerprint:
        try:
            _check(secure.getpeercert(binary_form=True) or b"", url, fingerprint)
        except CertificateError:
            secure.close()
            raise
    return secure


def _check(der: bytes, url: str, fingerprint: str) -> None:
    shown = certificates.fingerprint(der)
    if shown != fingerprint:
        raise CertificateError(
            f"{url} shows another certificate, {shown[:16]}... in place of {fingerprint[:16]}..., so it was told "
            "nothing: ask who runs it whether it was renewed, and for the new address; if not, somebody is in between."
        )
    expires = certificates.describe(der).expires
    if expires < datetime.now(UTC):
        raise CertificateError(
            f"The certificate of {url} has expired on {expires:%Y-%m-%d}, so it was told nothing: who runs it has to "
            "type ganmnist-server certificate renew, start it again, and give everybody the new address."
        )
