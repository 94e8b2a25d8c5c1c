"""Where the server is: what the environment says goes before server.json, which is read afresh each time.

GANMNIST_URL is the address in one line, https://HOST:PORT#FINGERPRINT, and GANMNIST_TOKEN the token for it. The server
on this machine writes server.json; one without an instance was put there by a person, and names a server on another
machine, as the environment does.
"""

import os
import re

from ghpython_components.shared.server_files import read_file

ADDRESS = re.compile(r"^(https?)://([A-Za-z0-9.-]+)(?::([0-9]{1,5}))?/?(?:#([0-9A-Fa-f:]+))?$")
PORTS = {"http": 80, "https": 443}
DISCOVERY_FILE = "server.json"


def find_address():
    """Return where the server is, as `address_of` does, or None where nothing says it.

    Raises ValueError, in a sentence, where the environment says half or what is no address.
    """
    line = os.environ.get("GANMNIST_URL")
    if not line:
        server = read_file(DISCOVERY_FILE) or {}
        try:
            return address_of(server["url"], server.get("fingerprint"), server["token"], server.get("instance"))
        except (AttributeError, KeyError, TypeError, ValueError):
            return None
    token = os.environ.get("GANMNIST_TOKEN")
    if not token:
        raise ValueError(
            "GANMNIST_URL names a server, so GANMNIST_TOKEN has to have your token for it: ask who runs it for one, "
            "and start Rhino anew."
        )
    return dict(address_of(line.strip(), None, token, None), source="GANMNIST_TOKEN")


def address_of(line, fingerprint, token, instance):
    """Return the parts of an address: url, host, port, authority (as Host says it), is_secure, fingerprint or None.

    And token, instance, and `source`, where the token stands. Raises ValueError if the line is none.
    """
    found = ADDRESS.match(line)
    scheme, host, port, behind = found.groups() if found else ("", "", None, None)
    fingerprint = (behind or fingerprint or "").replace(":", "").lower()
    if not found or len(fingerprint) not in (0, 64) or (fingerprint and scheme == "http"):
        sentence = "GANMNIST_URL: expected https://HOST:PORT#FINGERPRINT, the last of 64 hexadecimal digits, got {0}"
        raise ValueError(sentence.format(line))
    port = int(port or PORTS[scheme])
    return {  # str: text from JSON would make a unicode request of the whole thing in Python 2
        "url": line.partition("#")[0].rstrip("/"),
        "host": str(host),
        "port": port,
        "authority": str(host) if port == PORTS[scheme] else "{0}:{1}".format(host, port),
        "default_port": PORTS[scheme],
        "is_secure": scheme == "https",
        "fingerprint": fingerprint or None,
        "token": str(token),
        "instance": instance,
        "source": DISCOVERY_FILE,
    }


def is_elsewhere():
    """Tell whether the server that is known runs on another machine, where a path of this one means nothing."""
    try:
        server = find_address()
    except ValueError:
        return True
    return server is not None and not server["instance"]
