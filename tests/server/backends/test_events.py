"""What is new in a run as a stream: prompt, whole, bounded in time and number, and gone with the server."""

import http.client
import json
import time
from itertools import pairwise

import pytest

from bridge_server.access import concurrency


@pytest.fixture(scope="module")
def server(start_shared_server):
    return start_shared_server(mock=True)


def open_stream(server, id, since=0):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    connection.request(
        "GET", f"/api/runs/{id}/events?since={since}", headers={"Authorization": f"Bearer {server.token}"}
    )
    return connection, connection.getresponse()


def events(response):
    """The events of a stream as they come, each as JSON."""
    for line in response:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


def test_a_stream_brings_every_loss_once_and_ends_with_the_run(server):
    id = server.start_run(model="streamed")["id"]
    connection, response = open_stream(server, id)
    assert (response.status, response.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    seen = list(events(response))
    connection.close()
    assert [seen[0]["run"]["state"], seen[-1]["run"]["state"]] == ["running", "succeeded"]
    losses = [loss for event in seen for loss in event["loss_d"]]
    assert losses == server.call("GET", f"/api/runs/{id}/progress")[1]["loss_d"]
    assert len(seen) > 5, "it came piece by piece"
    assert all(event["preview"] is None for event in seen)


def test_an_event_is_sent_when_it_happens_and_not_when_the_buffer_is_full(server):
    id = server.start_run(model="prompt")["id"]
    connection, response = open_stream(server, id)
    came = [time.monotonic() for _ in events(response)]
    connection.close()
    assert sorted(later - earlier for earlier, later in pairwise(came))[len(came) // 2] < 0.6


def test_more_streams_than_there_may_be_are_refused_and_count_for_nobody(server, check_problem):
    id = server.start_run(model="watched")["id"]
    opened = [open_stream(server, id) for _ in range(concurrency.STREAMS)]
    answer = server.raw("GET", f"/api/runs/{id}/events")
    check_problem(answer, 503, "too_many_streams")
    assert answer[1]["Retry-After"] == "5"
    assert server.call("GET", f"/api/runs/{id}/progress")[0] == 200
    for connection, response in opened:
        response.read()
        connection.close()
    connection, response = open_stream(server, id)
    assert response.status == 200, "the places are free again"
    connection.close()


def test_a_stream_of_no_run_is_refused_and_gives_its_place_back(server, check_problem):
    for _ in range(concurrency.STREAMS + 1):
        check_problem(server.raw("GET", f"/api/runs/{'0' * 16}/events"), 404, "run_not_found")


def test_a_listener_that_goes_away_gives_its_place_back(start_server, endless):
    server = start_server()
    id = server.start_run(**endless)["id"]
    for _ in range(concurrency.STREAMS):
        connection, response = open_stream(server, id)
        next(events(response))
        response.close()
        connection.close()
    deadline = time.monotonic() + 15
    while (found := open_stream(server, id))[1].status == 503:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert found[1].status == 200


def test_a_server_that_ends_does_not_wait_for_its_streams(start_server):
    server = start_server(mock=True)
    for name in ("a", "b", "c", "d"):
        id = server.start_run(model=name)["id"]  # one after the other: the last waits for six seconds
    connection, response = open_stream(server, id)
    next(events(response))
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 2.5
    connection.close()
