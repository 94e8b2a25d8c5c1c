"""Who is let in, and how the others are turned away: always in the one shape, on every route and method."""

import json
import re
import socket

import pytest
from werkzeug.test import Client

from bridge_server.access.guard import Guard
from bridge_server.access.tokens import Tokens
from bridge_server.backends.mock.backend import Mock
from bridge_server.contract.calls import CALLS
from bridge_server.web.app import create_app


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server(mock=True)


def send(server, content: bytes):
    """Send raw bytes and return status, headers and body, as `Server.raw` does."""
    import http.client

    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(content)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response.status, response.headers, response.read()


def request(server, *lines: str, method="GET", path="/api/health", body=""):
    head = [f"{method} {path} HTTP/1.1", f"Authorization: Bearer {server.token}", *lines, "Connection: close"]
    return send(server, "\r\n".join([*head, "", body]).encode("latin-1"))


ROUTES = [
    ("GET", "/"),
    ("GET", "/nowhere"),
    ("OPTIONS", "/api/runs"),
    ("PUT", "/api/health"),
    ("GET", "/static/page.css"),
]
ROUTES += [(call.method, call.path) for call in CALLS]
HOPS = [("GET", "/hops/digit"), ("POST", "/solve")]
ROUTES += HOPS


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_foreign_host_is_refused_on_every_route(server, check_problem, method, path):
    check_problem(request(server, f"Host: evil.example:{server.port}", method=method, path=path), 403, "host")


@pytest.mark.parametrize("path", sorted({path for _, path in ROUTES}))
def test_a_host_that_is_foreign_empty_missing_or_doubled_is_refused_whatever_the_method(server, check_problem, path):
    ours = f"Host: 127.0.0.1:{server.port}"
    for method in METHODS:
        for lines in ([], ["Host:"], [f"Host: evil.example:{server.port}"], [ours, ours], [ours, "Host: evil.example"]):
            check_problem(request(server, *lines, method=method, path=path), 403, "host")


@pytest.mark.parametrize("path", sorted({path for _, path in ROUTES}))
def test_another_site_is_refused_whatever_the_route_and_the_method(server, check_problem, path):
    for method in METHODS:
        for header in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil"}):
            check_problem(server.raw(method, path, headers=header), 403, "origin")


def test_no_answer_opens_the_server_to_other_sites_or_sets_a_cookie(server):
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for method, path in ROUTES:
        if path in ("/api/server/stop", "/api/server/token"):
            continue  # which the server that this module shares would not survive as it is
        for sent in ("GET", "OPTIONS", method):
            for headers in (asks, {**asks, "Origin": server.url}, {**asks, "Authorization": ""}):
                _, found, _ = server.raw(sent, path, headers=headers)
                names = {name.lower() for name in found}
                assert "set-cookie" not in names
                assert not [name for name in names if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["Host:"],
        ["Host: 127.0.0.1"],
        ["Host: 127.0.0.1:1"],
        ["Host: 127.0.0.1.evil.example:{port}"],
        ["Host: evil@127.0.0.1:{port}"],
        ["Host: 0.0.0.0:{port}"],
        ["Host: 127.0.0.1:{port}", "Host: 127.0.0.1:{port}"],
        ["Host: evil.example", "Host: 127.0.0.1:{port}"],
        ["Host: evil.example", "X-Forwarded-Host: 127.0.0.1:{port}"],
    ],
)
def test_a_host_that_is_not_exactly_ours_is_refused(server, check_problem, lines):
    check_problem(request(server, *[line.format(port=server.port) for line in lines]), 403, "host")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LocalHost", "[::1]"])
def test_our_own_names_are_let_in(server, host):
    assert request(server, f"Host: {host}:{server.port}")[0] == 200


@pytest.mark.parametrize(
    "header",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_are_refused_even_with_the_token(server, check_problem, header):
    header = {name: value.format(port=server.port) for name, value in header.items()}
    check_problem(server.raw("GET", "/api/health", headers=header), 403, "origin")
    check_problem(server.raw("POST", "/api/runs", {}, headers=header), 403, "origin")
    for method, path in HOPS:
        check_problem(server.raw(method, path, headers={"Authorization": "", **header}), 403, "origin")


def test_our_own_page_may_ask(server):
    own = {"Origin": server.url, "Sec-Fetch-Site": "same-origin"}
    assert server.call("GET", "/api/runs", headers=own)[0] == 200


def test_a_link_on_another_site_may_open_the_page_and_nothing_else(server, check_problem):
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert server.raw("GET", "/", headers=link)[0] == 200
    check_problem(server.raw("GET", "/api/health", headers=link), 403, "origin")
    check_problem(server.raw("GET", "/", headers={**link, "Sec-Fetch-Dest": "iframe"}), 403, "origin")


NO_TOKENS = [
    "",
    "Bearer",
    "Bearer ",
    "Bearer wrong",
    "Basic {token}",
    "bearer {token}",
    "Bearer {token}x",
    "Bearer \xe9",
]


@pytest.mark.parametrize("sent", NO_TOKENS)
def test_without_the_token_nothing_is_done(server, check_problem, sent):
    headers = {"Authorization": sent.format(token=server.token)}
    for call in CALLS:
        if not call.public:
            answer = server.raw(call.method, call.path, headers=headers)
            error = check_problem(answer, 401, "token")
            assert "send the header Authorization: Bearer TOKEN; it stands in server.json" in error["message"]
            assert answer[1]["WWW-Authenticate"] == "Bearer"
    check_problem(server.raw("GET", "/nowhere", headers=headers), 401, "token")
    check_problem(server.raw("OPTIONS", "/api/health", headers=headers), 401, "token")


def test_hops_needs_no_token(server):
    solve = {"pointer": "hops/digit", "values": []}
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer wrong"}):
        for path in ("/hops/digit", "/hops/digit/", "//hops/digit", "/HOPS//digit"):
            assert server.raw("GET", path, headers=headers)[0] == 200
        assert server.raw("POST", "/solve", solve, headers=headers)[0] == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/hops/digit"),
        ("DELETE", "/hops/digit"),
        ("OPTIONS", "/hops/digit"),
        ("GET", "/hopscotch"),
        ("GET", "/solve"),
        ("OPTIONS", "/solve"),
        ("POST", "/solve/"),
    ],
)
def test_beside_what_hops_asks_for_nothing_is_open(server, check_problem, method, path):
    check_problem(server.raw(method, path, headers={"Authorization": ""}), 401, "token")


@pytest.mark.parametrize(
    "path", ["/hops/../api/runs", "/hops//api/runs", "//hops/../api/runs", "/hops/%2e%2e/api/runs", "/hops/", "/hops"]
)
def test_no_way_leads_past_hops_to_anything_else(server, path):
    assert server.raw("GET", path, headers={"Authorization": ""})[0] == 404


@pytest.mark.parametrize(("lan", "status"), [((), 200), (("192.168.1.5",), 401)])
def test_hops_needs_the_token_where_others_than_this_machine_can_ask(tmp_path, lan, status):
    client = Client(Guard(create_app(Mock("test")), 28280, Tokens("secret", tmp_path), lan))
    host = {"Host": f"{lan[0] if lan else '127.0.0.1'}:28280"}
    solve = {"pointer": "hops/digit", "values": []}
    assert client.get("/hops/digit", headers=host).status_code == status
    assert client.post("/solve", json=solve, headers=host).status_code == status
    own = {**host, "Authorization": "Bearer secret"}
    assert client.get("/hops/digit", headers=own).status_code == 200
    assert client.post("/solve", json=solve, headers=own).status_code == 200


def test_the_client_version_is_checked_for_hops_too(server, check_problem):
    check_problem(server.raw("GET", "/hops/digit", headers={"X-Client-Api": "0"}), 426, "client_api")


@pytest.mark.parametrize("path", ["/", "/api/health", "/openapi.json", "/static/page.css"])
def test_the_harmless_pages_need_no_token(server, path):
    status, headers, _ = server.raw("GET", path, headers={"Authorization": ""})
    assert status == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in headers


def test_the_page_has_no_script_and_no_style_of_its_own(server):
    page = server.raw("GET", "/")[2].decode()
    assert re.findall("<script[^>]*>[^<]*", page) == ['<script type="module" src="/static/main.js">']
    assert "style=" not in page
    assert "made up" in page


def test_the_published_document_is_the_served_one(server):
    from bridge_server.contract import openapi

    assert json.loads(server.raw("GET", "/openapi.json")[2]) == openapi.document()


@pytest.mark.parametrize(
    ("sent", "word"), [("0", "components"), ("2", "server"), ("x", "components"), ("", "components")]
)
def test_a_client_of_another_version_learns_what_to_update(server, check_problem, sent, word):
    error = check_problem(server.raw("GET", "/api/health", headers={"X-Client-Api": sent}), 426, "client_api")
    assert word in error["message"].split("update")[1]


def test_a_client_of_our_version_is_served(server):
    assert server.call("GET", "/api/health", headers={"X-Client-Api": "1"})[0] == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_a_body_that_is_not_json_by_its_type_is_refused(server, check_problem, kind):
    check_problem(server.raw("POST", "/api/runs", b"{}", headers={"Content-Type": kind}), 415, "media_type")


HOSTILE = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[]",
    b"null",
    b"[" * 100_000,
    b'{"count":' * 50_000,
    b'{"count": 1' + b"0" * 5_000 + b"}",
    b'{"count": 1e999}',
    b'{"count": NaN}',
    b'{"count": -Infinity}',
    b'{"count": true}',
    b'{"seed": 1e400}',
    b'{"latent": ["\\ud800"]}',
    b'{"model": "\\u0000"}',
    b'{"model": "a\\n"}',
    b'{"z": [[]]}',
    b'{"count": 1, "\\ud800": 2}',
    b'{"plane": {"origin": [1e308, 1e308, 1e308]}, "cell": 1e6, "count": 1e300}',
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_body_is_refused_and_never_an_error_of_ours(server, check_problem, body):
    check_problem(server.raw("POST", "/api/generate", body), 422)
    check_problem(server.raw("POST", "/api/networks/check", body), 422)


def test_a_body_over_two_megabytes_is_refused(server, check_problem):
    lines = (f"Host: 127.0.0.1:{server.port}", "Content-Type: application/json", "Content-Length: 2000001")
    check_problem(request(server, *lines, method="POST", path="/api/runs"), 413, "too_large")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", 431),
    ],
)
def test_what_is_not_http_is_refused_in_the_same_shape(server, check_problem, content, status):
    check_problem(send(server, content), status)


def test_a_wrong_method_names_the_right_ones(server, check_problem):
    answer = server.raw("PUT", "/api/runs", {})
    check_problem(answer, 405, "method")
    assert {"GET", "POST"} <= set(answer[1]["Allow"].replace(" ", "").split(","))


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/api/runs/",
        "/api//runs",
        "/api/models/a/b",
        "/static/../web/app.py",
        "/static/index.html",
        "/api/%00",
    ],
)
def test_an_unknown_path_is_not_found_in_the_same_shape(server, check_problem, path):
    check_problem(server.raw("GET", path), 404, "not_found")


def test_head_is_answered_without_a_body(server):
    for path, headers in (("/api/health", {}), ("/api/runs", {"Authorization": ""})):
        status, _, content = server.raw("HEAD", path, headers=headers)
        assert (status, content) == ((200, b"") if not headers else (401, b""))


def test_the_log_has_one_line_per_request_and_no_secrets(server):
    server.raw("POST", "/api/generate?token=in-the-query", {"model": "secret-name"}, headers={"X-Secret": "hidden"})
    lines = [json.loads(line) for line in (server.home / "server.log").read_text().splitlines()]
    last = lines[-1]
    assert (last["method"], last["path"], last["status"]) == ("POST", "/api/generate", 404)
    assert last["request"]
    text = (server.home / "server.log").read_text()
    assert not [word for word in (server.token, "in-the-query", "hidden", "secret-name") if word in text]
