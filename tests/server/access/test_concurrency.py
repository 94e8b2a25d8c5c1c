"""Each client has a few requests under way at a time; more are refused at once."""

import http.client
import json
import threading
import time

import pytest

from bridge_server.access import concurrency, tokens
from bridge_server.access.concurrency import Limit
from bridge_server.access.guard import Guard
from bridge_server.access.roles import Role
from bridge_server.access.tokens import Tokens

HERE, THERE = "127.0.0.1", "192.168.1.7"


class App:
    """An application whose requests stay under way until `go` is set; it counts the bodies that were closed."""

    def __init__(self):
        self.go = threading.Event()
        self.started = threading.Semaphore(0)
        self.closed = 0

    def __call__(self, environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        app = self

        class Body:
            def __iter__(self):
                app.started.release()
                app.go.wait(10)
                yield b"o"
                yield b"k"

            def close(self):
                app.closed += 1

        return Body()


class Clients:
    """What asks an application behind guard and limit, as a server's threads would."""

    def __init__(self, home, lan=(), proxy=None):
        self.app = App()
        self.owner = tokens.new_token()
        self._guard = Guard(Limit(self.app, proxy is not None), 1, Tokens(self.owner, home), lan, proxy=proxy)
        self._host = f"{lan[0] if lan else '127.0.0.1'}:1"
        self._threads = []

    def ask(self, path="/api/models", *, token=None, client=None, peer=HERE, method="GET"):
        """Return status, headers and content of the answer."""
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "HTTP_HOST": self._host,
            "HTTP_AUTHORIZATION": f"Bearer {token or self.owner}",
            "REMOTE_ADDR": peer,
        }
        if client:
            environ["HTTP_X_CLIENT_ID"] = client
        heads = []
        body = self._guard(environ, lambda line, headers: heads.append((int(line[:3]), dict(headers))))
        return *heads[0], b"".join(body)

    def begin(self, *arguments, at_once=True, **keywords):
        """Have a request under way in a thread, or waiting for its turn."""
        self._threads.append(threading.Thread(target=self.ask, args=arguments, kwargs=keywords, daemon=True))
        self._threads[-1].start()
        assert self.app.started.acquire(timeout=5 if at_once else 0.2) == at_once

    def end(self):
        self.app.go.set()
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()


@pytest.fixture
def clients(tmp_path):
    """Clients of an application on this machine."""
    made = Clients(tmp_path)
    yield made
    made.end()


@pytest.fixture
def class_room(tmp_path):
    """Clients of an application on a network, and the tokens of two of them."""
    each = [tokens.add(tmp_path, name, Role.STUDENT) for name in ("anna", "ben")]
    made = Clients(tmp_path, ("192.168.1.2",))
    yield made, *each
    made.end()


def test_a_third_request_of_a_client_is_refused_at_once_in_the_one_shape(clients, check_problem):
    clients.begin(client="a")
    clients.begin(client="a")
    started = time.monotonic()
    answer = clients.ask(client="a")
    assert time.monotonic() - started < 0.5
    error = check_problem(answer, 429, "too_many_requests")
    assert "2 requests of this client are under way" in error["message"]
    assert answer[1]["Retry-After"] == "1"


def test_another_client_of_this_machine_is_let_through(clients):
    clients.begin(client="a")
    clients.begin(client="a")
    clients.begin(client="b")


def test_clients_of_this_machine_without_a_name_count_as_one(clients, check_problem):
    clients.begin()
    clients.begin()
    check_problem(clients.ask(), 429)
    clients.begin(client="a")


def test_from_elsewhere_a_token_is_a_client_whatever_it_calls_itself(class_room, check_problem):
    clients, anna, ben = class_room
    clients.begin(token=anna, peer=THERE, client="a")
    clients.begin(token=anna, peer="192.168.1.8", client="b")
    check_problem(clients.ask(token=anna, peer=THERE, client="c"), 429)
    clients.begin(token=ben, peer=THERE)


def test_behind_a_proxy_where_all_come_from_here_a_token_is_a_client_too(tmp_path, check_problem):
    proxied = Clients(tmp_path, proxy="https://studio.example")
    proxied.begin(client="rhino-1")
    proxied.begin(client="rhino-2")
    check_problem(proxied.ask(client="rhino-3"), 429, "too_many_requests")
    proxied.end()


def test_a_client_may_ask_again_when_an_answer_has_been_given_and_its_body_closed(clients):
    for _ in range(5):
        clients.begin()
        clients.begin()
        clients.end()
        assert clients.ask()[2] == b"ok"
        clients.app.go.clear()
        clients.app.started.acquire()
    assert clients.app.closed == 15


def test_an_application_that_fails_gives_its_place_back(tmp_path, check_problem):
    def fail(environ, start_response):
        raise OSError

    guard = Guard(Limit(fail), 1, Tokens("t", tmp_path))
    for _ in range(concurrency.MAX_IN_FLIGHT + 1):
        heads = []
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/api/models",
            "HTTP_HOST": "127.0.0.1:1",
            "HTTP_AUTHORIZATION": "Bearer t",
            "REMOTE_ADDR": HERE,
        }
        body = guard(environ, lambda line, headers, heads=heads: heads.append((int(line[:3]), dict(headers))))
        check_problem((*heads[0], b"".join(body)), 500)


@pytest.mark.parametrize("path", ["/api/health", "/", "/openapi.json", "/static/page.css"])
def test_what_is_open_to_all_is_not_counted(clients, path):
    for _ in range(5):
        clients.begin(path)


def test_hops_may_have_as_many_requests_under_way_as_it_sends_two_of_which_are_answered(clients, check_problem):
    for at_once in (True, True, False, False):
        clients.begin("/solve", method="POST", at_once=at_once)
    check_problem(clients.ask("/solve", method="POST"), 429, "too_many_requests")
    clients.begin()


def test_a_request_that_follows_an_answer_at_once_is_never_refused(start_server):
    """Not even while the server's thread has yet to learn that the answer before it was sent."""
    server = start_server(mock=True)
    refused = []

    def keep_asking():
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"}
        for _ in range(100):
            connection.request("POST", "/api/generate", json.dumps({"form": "images"}), headers)
            response = connection.getresponse()
            response.read()
            refused.append(response.status != 200)

    threads = [threading.Thread(target=keep_asking) for _ in range(concurrency.MAX_IN_FLIGHT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == [False] * 200
