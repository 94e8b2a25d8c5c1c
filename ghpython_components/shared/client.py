"""Calls the ganmnist server that address.py finds, with the standard library alone.

It is told the token only once it has proved that it knows it; over TLS, it is told nothing before its certificate is
known to be the right one.

Whatever goes wrong becomes one BridgeError, whose message says what to do.
"""

import json
import socket
import threading
import time
import uuid

from ghpython_components.shared.address import find_address
from ghpython_components.shared.contract import API_VERSION, CALLS
from ghpython_components.shared.proof import CHALLENGE, PROOF, challenge
from ghpython_components.shared.remedies import INSTALL, UPDATE_COMPONENTS, UPDATE_SERVER
from ghpython_components.shared.server_files import in_terminal, install_command, start_command, typed
from ghpython_components.shared.text import plain, to_json
from ghpython_components.shared.tls import CertificateProblem, is_timeout, secured

try:
    from urllib import quote, urlencode

    import httplib
except ImportError:  # CPython 3
    import http.client as httplib
    from urllib.parse import quote, urlencode

CONNECT_SECONDS = 0.3
HEALTH_SECONDS = 1.0
CALL_SECONDS = 5.0
FILE_SECONDS = 12.0  # for what the server makes a file of
SEND_SECONDS = 60.0  # for what the server says to a file that it was sent
LARGEST_ANSWER = 64000000
AT_A_TIME = 2  # calls of one Rhino: the server refuses a third
LONGEST_WAIT = 60
ACTIVE = ("queued", "running")  # states of a run that is trained, or waits for its turn

clock = getattr(time, "monotonic", time.time)


class BridgeError(Exception):
    """Why there is no answer, and what to do about it.

    `down` is True when no server could be reached at all: then it is worth while to try again by oneself.
    `wait` is for how many seconds the server wants to be left alone.
    """

    def __init__(self, message, code="bridge", down=False, wait=0):
        Exception.__init__(self, message)
        self.message = message
        self.code = code
        self.down = down
        self.wait = wait
        self.press = None  # what is refused, where that is a press


def new_shared():
    """Return what all bridges of one Rhino share: open connections, turns to call, and a name for the server."""
    return {"idle": [], "turns": threading.Semaphore(AT_A_TIME), "client": uuid.uuid4().hex}


class Bridge(object):
    """The server, seen from Rhino. `shared` is of `new_shared`."""

    def __init__(self, shared):
        self.shared = shared
        self.idle = shared["idle"]

    def call(self, call, body=None, query=None, **places):
        """Make one call of the contract and return its answer, a dict. Raises BridgeError, and nothing else."""
        with self.shared["turns"]:
            return self._call(call, body, query, places)

    def fetch(self, call, body):
        """Make a call whose answer is a file and return its bytes, all of them. Raises BridgeError."""
        with self.shared["turns"]:
            return self._call(call, body, None, {}, True)

    def send(self, call, outgoing, query):
        """Make a call whose body is a file, as `open_to_send` gives it, and return its answer. Raises BridgeError.

        One file goes at a time, so that there is a turn left for all other calls.
        """
        with self.shared.setdefault("sending", threading.Lock()), self.shared["turns"]:
            return self._call(call, outgoing, query, {})

    def _call(self, call, body, query, places, is_file=False):
        method, path = CALLS[call]
        path = path.format(**{name: quote(_in_utf8(place)) for name, place in places.items()})
        if query:
            path += "?" + urlencode([(name, _in_utf8(value)) for name, value in sorted(query.items())])
        server = _find_server()
        for mark, connection in _taken(self.idle):
            if mark == _mark(server):
                try:
                    return self._exchange(server, connection, method, path, body, is_file)
                except _Closed:  # it lay idle for too long, so the server never saw this request: try once more
                    pass
            connection.close()
        try:
            return self._exchange(server, _connect(server), method, path, body, is_file)
        except _Closed as error:
            raise _unreachable(server, "broke off the connection ({0})".format(error.why), "broken_off")

    def _exchange(self, server, connection, method, path, body, is_file):
        seconds = SEND_SECONDS if hasattr(body, "read") else FILE_SECONDS if is_file else CALL_SECONDS
        try:
            response, answer = _send(
                connection, method, path, body, seconds, server["token"], self.shared["client"], is_file
            )
        except ValueError:
            connection.close()
            raise BridgeError(
                "The answer of the ganmnist server at {0} cannot be read: {1}".format(
                    server["url"], _remedy(server, "start it again")
                ),
                "broken_answer",
            )
        except Exception as error:
            connection.close()
            if not is_timeout(error):
                raise _Closed(error)
            raise BridgeError(
                "The ganmnist server at {0} did not answer within {1} seconds. Wait, or {2}".format(
                    server["url"], plain(seconds), _remedy(server, "start it again")
                ),
                "timeout",
                True,
            )
        if response.will_close:
            connection.close()
        else:
            self.idle.append((_mark(server), connection))
        if response.status in (200, 201):
            return answer
        raise _refusal(response, answer)


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
    """Return what says where the server is. It is a claim: `_connect` checks it."""
    try:
        found = find_address()
    except ValueError as error:
        raise BridgeError(str(error), "address")
    if found is None:
        raise BridgeError(
            "No ganmnist server is running. Start it with the Server component, or {0}".format(in_terminal())
            if start_command()
            else "No ganmnist server is running. To start one, {0}".format(INSTALL),
            "no_server",
            True,
        )
    return found


def _mark(server):
    """Return what tells the connections to one server from those to another."""
    return server["instance"] or server["url"], server["fingerprint"]


def _connect(server):
    """Connect and make sure that it is our server, of our version, before it is told the token."""
    seconds = CONNECT_SECONDS if server["instance"] else HEALTH_SECONDS
    connection = httplib.HTTPConnection(server["host"], server["port"], timeout=seconds)
    connection.default_port = server["default_port"]  # which Host leaves out
    method, path = CALLS["health"]
    try:
        connection.connect()
        connection.auto_open = 0  # a connection opened again would be unchecked
        if server["is_secure"]:
            connection.sock.settimeout(HEALTH_SECONDS)
            connection.sock = secured(connection.sock, server)
        sent, proof = challenge(server["token"], server["authority"])
        response, health = _send(connection, method, path, None, HEALTH_SECONDS, extra={CHALLENGE: sent})
    except CertificateProblem as problem:
        connection.close()
        raise BridgeError(str(problem), "certificate", True)
    except ValueError:
        health = {}
    except Exception as error:
        connection.close()
        raise _unreachable(server, "does not answer ({0})".format(_why(error)))
    if health.get("name") != "ganmnist":
        connection.close()
        if _code(health) == "https":
            raise _unreachable(server, "speaks https by now")
        raise _stranger(server)
    if health.get("api") != API_VERSION:
        connection.close()
        raise _wrong_version(health.get("api"))
    if response.getheader(PROOF) != proof:
        connection.close()
        raise _stranger(server)
    return connection


def _send(connection, method, path, body, seconds, token=None, client="", is_file=False, extra=None):
    """Send a request over an open connection; return the response and what it says, a dict or the bytes of a file.

    A body that is no dict goes as the bytes it is, or as those of a file.
    """
    headers = dict(extra or {}, Accept="*/*" if is_file else "application/json")
    if token:
        headers["Authorization"] = "Bearer " + token
        headers["X-Client-Id"] = client
        headers["X-Client-Api"] = str(API_VERSION)
    if isinstance(body, dict):
        headers["Content-Type"] = "application/json"
        body = to_json(body).encode("ascii")
    elif body is not None:
        headers["Content-Type"] = "application/octet-stream"
        if hasattr(body, "read"):
            headers["Content-Length"] = body.size
            body.rewind()
    elif method == "POST":
        headers["Content-Length"] = "0"
    connection.sock.settimeout(seconds)
    # str: with one text among bytes Python 2 makes text of the whole request
    connection.request(str(method), str(path), body, {str(name): str(value) for name, value in headers.items()})
    deadline = clock() + seconds
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
    whole = type(chunk)().join(content)
    if is_file and response.status == 200:
        if str(size) != response.getheader("Content-Length"):
            raise ValueError("a part of the file")
        return response, whole
    answer = json.loads(whole.decode("utf-8"))
    if not isinstance(answer, dict):
        raise ValueError("not an object")
    return response, answer


def _in_utf8(value):
    """Return a text as the bytes that a URL holds: Python 2 would not know how to quote its letters."""
    try:
        return value.encode("utf-8")
    except (AttributeError, UnicodeDecodeError):  # a number, or those bytes already
        return value


def _why(error):
    """Return the reason in plain ASCII or the system's own language, never bytes that came over the wire."""
    return getattr(error, "strerror", None) or type(error).__name__


def _remedy(server, start):
    """Say what to do about a server; only one on this machine can be started from here."""
    return "{0} {1}".format(start, in_terminal()) if server["instance"] else "ask who runs it"


def _unreachable(server, why, code="unreachable"):
    return BridgeError(
        "The ganmnist server at {0} {1}: {2}".format(
            server["url"], why, _remedy(server, "start it with the Server component, or")
        ),
        code,
        True,
    )


def _stranger(server):
    if server["instance"]:
        return _unreachable(server, "has gone, and another program answers in its place")
    return _unreachable(server, "does not know the token in {0}".format(server["source"]))


def _wrong_version(theirs):
    try:
        newer = int(theirs) > API_VERSION
    except (TypeError, ValueError):
        newer = False
    return BridgeError(
        "The server speaks version {0} of the contract, this component version {1}: update {2}.".format(
            theirs,
            API_VERSION,
            UPDATE_COMPONENTS.format(typed(install_command())) if newer else UPDATE_SERVER,
        ),
        "version",
    )


def _code(answer):
    """Return the code of a refusal, if it is one."""
    problem = answer.get("error")
    return problem.get("code") if isinstance(problem, dict) else None


def _refusal(response, answer):
    problem = answer.get("error")
    if isinstance(problem, dict) and problem.get("message"):
        return BridgeError(problem["message"], problem.get("code") or "error", wait=_wait(response))
    return BridgeError(
        "The server refused the request (status {0}) and did not say why.".format(response.status), "error"
    )


def _wait(response):
    try:
        return min(max(int(response.getheader("Retry-After")), 0), LONGEST_WAIT)
    except (TypeError, ValueError):
        return 0
