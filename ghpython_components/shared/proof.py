"""Has a server prove that it knows our token before it is told it: whoever took the port of one that ended cannot.

HMAC-SHA256 (RFC 2104), as in bridge_server/access/tokens.py.
"""

import hashlib
import hmac
import uuid

CHALLENGE, PROOF = "X-Challenge", "X-Proof"  # headers of /api/health and of its answer


def challenge(token):
    """Return what is sent, and the proof that it has to bring."""
    secret = _digest(token)
    sent = "{0} {1}".format(_digest("id " + secret)[:16], uuid.uuid4().hex)
    return sent, hmac.new(secret.encode("ascii"), sent.encode("ascii"), hashlib.sha256).hexdigest()


def _digest(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
