"""Calls the ganmnist server on this machine, with the standard library alone.

Whatever goes wrong becomes one BridgeError, whose message says what to do.
"""

import json
import os
import re
import socket
import sys
import time

from ghpython_components.shared.contract import API_VERSION, CALLS

try:
    from urllib import urlencode

    import httplib
except ImportError:  # CPython 3
    import http.client as httplib
    from urllib.parse import urlencode

CONNECT_SECONDS = 0.3
HEALTH_SECONDS = 1.0
CALL_SECONDS = 5.0
LARGEST_ANSWER = 64000000

clock = getattr(time, "monotonic", time.time)


class BridgeError(Exception):
    """Why there is no answer, and what to do about it.

    `down` is True when no server could be reached at all: then it is worth while to try again by oneself.
    """

    def __init__(self, message, code="bridge", down=False):
        Exception.__init__(self, message)
        self.message = message
        self.code = code
        self.down = down


def home():
    """Return the folder of the server's files, as the server finds it."""
    chosen = os.environ.get("GANMNIST_HOME")
    if chosen:
        return os.path.abspath(os.path.expanduser(chosen))
    user = os.path.expanduser("~")
    if os.name == "nt":
        return os.path.join(os.environ.get("LOCALAPPDATA") or os.path.join(user, "AppData", "Local"), "ganmnist")
    library = os.path.join(user, "Library", "Application Support")
    if sys.platform == "darwin" or (sys.platform == "cli" and os.path.isdir(library)):  # IronPython names no system
        return os.path.join(library, "ganmnist")
    return os.path.join(user, ".local", "share", "ganmnist")


def read_file(name):
    """Return what a JSON file of the server says, or None where there is no such file or it is damaged."""
    try:
        with open(os.path.join(home(), name), "rb") as opened:
            content = json.loads(opened.read().decode("utf-8"))
    except (EnvironmentError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def file_stamp():
    """Return what changes when a server starts or ends: age and size of its discovery file, or None."""
    try:
        found = os.stat(os.path.join(home(), "server.json"))
    except EnvironmentError:
        return None
    return found.st_mtime, found.st_size


def start_command():
    """Return the command that starts the server, as a list."""
    command = (read_file("launch.json") or {}).get("command")
    if isinstance(command, list) and command:
        return command
    return ["python", "-m", "bridge_server", "serve"]


def quoted(command):
    """Put a command into one line, quoted as Windows and .NET read it."""
    return " ".join(_quoted(part) for part in command)


def _quoted(part):
    if part and not re.search(r"[\s\"]", part):
        return part
    return '"' + re.sub(r"(\\*)$", r"\1\1", re.sub(r'(\\*)"', r'\1\1\\"', part), count=1) + '"'


class Bridge(object):
    """The server, seen from Rhino. `idle` keeps open connections: a list that all components share."""

    def __init__(self, idle=None):
        self.idle = [] if idle is None else idle

    def call(self, name, body=None, query=None, **places):
        """Make one call of the contract and return its answer, a dict. Raises BridgeError, and nothing else."""
        method, path = CALLS[name]
        path = path.format(**places)
        if query:
            path += "?" + urlencode(sorted(query.items()))
        server = _find_server()
        for instance, connection in _taken(self.idle):
            if instance == server["instance"]:
                try:
                    return self._exchange(server, connection, method, path, body)
                except _Closed:  # it lay idle for too long, so the server never saw this request: try once more
                    pass
            connection.close()
        try:
            return self._exchange(server, _connect(server), method, path, body)
        except _Closed as error:
            raise _unreachable(server, "broke off the connection ({0})".format(error.why))

    def _exchange(self, server, connection, method, path, body):
        try:
            status, answer, reusable = _send(connection, method, path, body, CALL_SECONDS, server["token"])
        except socket.timeout:
            connection.close()
            raise BridgeError(
                "The ganmnist server at {0} did not answer within {1:g} seconds. Wait, or start it again: {2}".format(
                    server["url"], CALL_SECONDS, quoted(start_command())
                ),
                "timeout",
                True,
            )
        except ValueError:
            connection.close()
            raise BridgeError(
                "The answer of the ganmnist server at {0} cannot be read. Start it again: {1}".format(
                    server["url"], quoted(start_command())
                ),
                "broken_answer",
            )
        except Exception as error:
            connection.close()
            raise _Closed(error)
        if reusable:
            self.idle.append((server["instance"], connection))
        else:
            connection.close()
        if status in (200, 201):
            return answer
        raise _refusal(status, answer)


class _Closed(Exception):
    """The connection was closed under the request."""

    def __init__(self, error):
        Exception.__init__(self)
        self.why = _why(error)


def _taken(idle):
    """Yield idle connections, taking each out of the list so that no other thread uses it."""
    while True:
        try:
            yield idle.pop()
        except IndexError:
            return


def _find_server():
    """Return the discovery file's content. It is a claim: `_connect` checks it."""
    server = read_file("server.json")
    try:
        port = int(server["url"].rstrip("/").rsplit(":", 1)[1])
        # str: text from JSON would make a unicode request of the whole thing in Python 2
        return {"url": server["url"], "port": port, "token": str(server["token"]), "instance": server["instance"]}
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise BridgeError(
            "No ganmnist server is running. Start it with the Server component, or in a terminal: {0}".format(
                quoted(start_command())
            ),
            "no_server",
            True,
        )


def _connect(server):
    """Connect and make sure that it is our server, of our version, before it is told the token."""
    connection = httplib.HTTPConnection("127.0.0.1", server["port"], timeout=CONNECT_SECONDS)
    method, path = CALLS["health"]
    try:
        connection.connect()
        connection.auto_open = 0  # a connection opened again would be unchecked
        _, health, _ = _send(connection, method, path, None, HEALTH_SECONDS)
    except ValueError:
        health = {}
    except Exception as error:
        connection.close()
        raise _unreachable(server, "does not answer ({0})".format(_why(error)))
    if health.get("instance") != server["instance"]:
        connection.close()
        raise _unreachable(server, "has gone, and another program answers in its place")
    if health.get("api") != API_VERSION:
        connection.close()
        raise _wrong_version(health.get("api"))
    return connection


def _send(connection, method, path, body, seconds, token=None):
    """Send a request over an open connection; return status, answer and whether the connection can be used again."""
    headers = {"Accept": "application/json"}
    if token:
        headers["Authorization"] = "Bearer " + token
        headers["X-Client-Api"] = str(API_VERSION)
    if body is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(body).encode("ascii")
    elif method == "POST":
        headers["Content-Length"] = "0"
    connection.sock.settimeout(seconds)
    deadline = clock() + seconds
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    content = []
    size = 0
    while True:
        chunk = response.read(65536)
        if not chunk:
            break
        content.append(chunk)
        size += len(chunk)
        if clock() > deadline:
            raise socket.timeout("timed out")
        if size > LARGEST_ANSWER:
            raise ValueError("more than {0} bytes".format(LARGEST_ANSWER))
    answer = json.loads(type(chunk)().join(content).decode("utf-8"))
    if not isinstance(answer, dict):
        raise ValueError("not an object")
    return response.status, answer, not response.will_close


def _why(error):
    """Return the reason in plain ASCII or the system's own language, never bytes that came over the wire."""
    return getattr(error, "strerror", None) or type(error).__name__


def _unreachable(server, why):
    return BridgeError(
        "The ganmnist server at {0} {1}. Start it with the Server component, or in a terminal: {2}".format(
            server["url"], why, quoted(start_command())
        ),
        "unreachable",
        True,
    )


def _wrong_version(theirs):
    try:
        newer = int(theirs) > API_VERSION
    except (TypeError, ValueError):
        newer = False
    return BridgeError(
        "The server speaks version {0} of the contract, this component version {1}: update {2}.".format(
            theirs,
            API_VERSION,
            "the components (python -m ghpython_components.build --out DIR, then place the new ones)"
            if newer
            else "the server (pip install --upgrade ganmnist) and start it again",
        ),
        "version",
    )


def _refusal(status, answer):
    problem = answer.get("error")
    if isinstance(problem, dict) and problem.get("message"):
        return BridgeError(problem["message"], problem.get("code") or "error")
    return BridgeError("The server refused the request (status {0}) and did not say why.".format(status), "error")
