"""TLS to a server whose certificate is known by its fingerprint: it is looked at before anything is said.

Where an address has no fingerprint, the system vouches for the certificate, as it does for web sites.

The server's own command line has the same in bridge_server/access/pinning.py. IronPython's ssl is .NET's SslStream: it
takes any certificate where none is required, as CPython's does, and gives it as getpeercert(True); there is nothing in
this file that one of the two does not have. It is imported only where it is needed: an IronPython may lack it.
"""

import hashlib
import socket
import time


class CertificateProblem(Exception):
    """The other side is not known to be the server, so it was told nothing; the message says what to do."""


def secured(connection, server):
    """Speak TLS over an open socket, and return it once the server has shown its certificate.

    Raises CertificateProblem, or whatever the socket raises where the connection breaks off.
    """
    try:
        import ssl
    except ImportError:
        raise CertificateProblem("This Python has no ssl, and {0} wants it: open Rhino 8".format(server["url"]))
    try:
        secure = _context(ssl, server["fingerprint"]).wrap_socket(connection, **_named(ssl, server))
    except ssl.CertificateError as error:  # in CPython 2.7 only where the name in it is another
        raise _not_trusted(server, getattr(error, "verify_message", None) or error)
    except ssl.SSLError as error:
        reason = getattr(error, "reason", None) or str(error)
        if reason == "CERTIFICATE_VERIFY_FAILED":
            raise _not_trusted(server, reason)
        if is_timeout(error):
            raise socket.timeout("timed out")
        if isinstance(error, getattr(ssl, "SSLEOFError", ())):
            raise socket.error("closed in the handshake")
        raise CertificateProblem(
            "{0} speaks no TLS that is understood here ({1}): ask who runs it for its address.".format(
                server["url"], reason
            )
        )
    if server["fingerprint"]:
        try:
            _check(secure.getpeercert(True), server)
        except Exception:
            secure.close()
            raise
    return secure


def is_timeout(error):
    """Tell whether an error is that there was no answer in time: CPython 2.7's ssl says so in words."""
    return isinstance(error, socket.timeout) or "timed out" in repr(error)


def _context(ssl, fingerprint):
    if not fingerprint:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_SSLv23)  # the newest that both sides know
    for old in ("SSLv2", "SSLv3", "TLSv1", "TLSv1_1"):
        context.options |= getattr(ssl, "OP_NO_" + old, 0)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # `_check` is stricter
    return context


def _named(ssl, server):
    """Return the name that the handshake mentions: a proxy may go by it. IronPython's mentions the host by itself."""
    if server["fingerprint"] and not getattr(ssl, "HAS_SNI", False):
        return {}
    return {"server_hostname": server["host"]}


def _check(der, server):
    shown = hashlib.sha256(der or b"").hexdigest()
    if shown != server["fingerprint"]:
        raise CertificateProblem(
            "{0} shows another certificate, {1}... in place of {2}..., so it was told nothing: ask who runs it whether "
            "it was renewed, and for the new address; if not, somebody is in between.".format(
                server["url"], shown[:16], server["fingerprint"][:16]
            )
        )
    end = not_after(der)
    if end < time.strftime("%Y%m%d%H%M%S", time.gmtime()):
        raise CertificateProblem(
            "The certificate of {0} has expired on {1}-{2}-{3}, so it was told nothing: who runs it has to type "
            "ganmnist-server certificate renew, start it again, and give everybody the new address.".format(
                server["url"], end[:4], end[4:6], end[6:8]
            )
        )


def _not_trusted(server, reason):
    return CertificateProblem(
        "The certificate of {0} is not trusted here ({1}): if the server has made it itself, its fingerprint belongs "
        "to the address, as ganmnist-server certificate show prints it there; if not, ask who runs it.".format(
            server["url"], reason
        )
    )


def not_after(der):
    """Return when a certificate expires, as YYYYMMDDHHMMSS in UTC: RFC 5280, section 4.1. It is one that is known."""
    octets = bytearray(der)
    place = _content(octets, _content(octets, 0)[0])[0]  # of the certificate, of what is signed in it
    if octets[place] == 0xA0:  # its version, which may be left out
        place = sum(_content(octets, place))
    for _ in range(3):  # serial number, algorithm, issuer
        place = sum(_content(octets, place))
    place = _content(octets, place)[0]  # of the validity
    place = sum(_content(octets, place))  # behind its beginning
    start, length = _content(octets, place)
    text = "".join(chr(octet) for octet in octets[start : start + length - 1])  # without the Z
    if octets[place] == 0x17:  # UTCTime, of two digits for the year
        text = ("20" if text < "50" else "19") + text
    return text


def _content(octets, place):
    """Return where the content of an element of DER begins, and its length: X.690, section 8.1.3."""
    length = octets[place + 1]
    if length < 0x80:
        return place + 2, length
    count = length & 0x7F
    length = 0
    for octet in octets[place + 2 : place + 2 + count]:
        length = length << 8 | octet
    return place + 2 + count, length
