"""A client that floods the server is refused, and costs the polite ones next to nothing."""

import importlib
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def load(monkeypatch):
    """The load generator of the benchmark; its processes find it on the path as well."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("load")


def test_a_flood_is_refused_and_costs_the_others_next_to_nothing(start_server, load, long):
    server = start_server()
    server.call("POST", "/api/generate", {})
    seconds = 20.0 if long else 2.0
    slider = importlib.import_module("floods").SLIDER
    with load.processes() as pool:

        def measure(flooded):
            clients = load.Load("", 5, 5, slider if flooded else None)
            return load.measure(clients, seconds, server.port, server.token, pool)

        for _ in range(3):  # of a busy machine the best try counts
            without, beside = measure(False), measure(True)
            print(without, beside)
            assert beside.refused == without.refused == 0
            assert beside.flood.keys() == {"200", "429 with Retry-After"}
            # Each connection beyond the two that are let through is refused, and is not listened to for a second.
            assert 48 <= beside.flood["429 with Retry-After"] <= 50 * (seconds + 2)
            if beside.p95 <= max(200, 3 * without.p95):
                return
    pytest.fail(f"the others wait {beside.p95:.0f} ms beside a flood, and {without.p95:.0f} ms without")
