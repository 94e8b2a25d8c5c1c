"""Has a server prove that it knows our token before it is told it: whoever took the port of one that ended cannot.

The proof holds for the address that we ask, so nobody can have the server at another one give it.

HMAC-SHA256 (RFC 2104), as in bridge_server/access/tokens.py.
"""

import hashlib
import hmac
import uuid

CHALLENGE, PROOF = "X-Challenge", "X-Proof"  # headers of /api/health and of its answer


def challenge(token, address):
    """Return what is sent to an address, as the header Host says it, and the proof that it has to bring."""
    secret = _digest(token)
    sent = "{0} {1}".format(_digest("id " + secret)[:16], uuid.uuid4().hex)
    proven = "{0} {1}".format(sent, address.lower())
    return sent, hmac.new(secret.encode("ascii"), proven.encode("ascii"), hashlib.sha256).hexdigest()


def _digest(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
