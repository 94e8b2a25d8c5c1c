"""Whose turn it is: large work waits for large work, and never so much of it that nothing else has a thread."""

import gc
import threading

import pytest

from bridge_server.backends.samplers import Samplers
from bridge_server.backends.service import Service
from bridge_server.errors import ApiError
from bridge_server.web.server import THREADS


@pytest.mark.parametrize("turn", [lambda samplers: samplers.turn(256), lambda samplers: samplers.search_turn()])
def test_a_fourth_that_wants_a_slow_turn_is_told_to_come_again(turn):
    samplers = Samplers()
    begun, end = threading.Semaphore(0), threading.Event()

    def work():
        with turn(samplers):
            begun.release()
            end.wait(10)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert begun.acquire(timeout=5)
    while samplers_waiting(samplers) < 3:
        pass
    with pytest.raises(ApiError) as refused, turn(samplers):
        pass
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})
    with samplers.turn(1):
        assert THREADS > 3 + 3, "a digit has a thread while all places are taken"
    end.set()
    for thread in threads:
        thread.join()
    with turn(samplers):
        assert True


def samplers_waiting(samplers: Samplers) -> int:
    return max(3 - queue._places._value for queue in (samplers._many, samplers._search))


def test_a_digit_of_a_heavy_network_waits_with_what_is_large():
    samplers = Samplers()
    assert samplers.turn(16) is samplers.turn(1)
    assert samplers.turn(16 * 1.5) is samplers.turn(256) is not samplers.turn(16)


@pytest.mark.slow
def test_no_answer_waits_while_garbage_is_looked_for_among_what_was_loaded(tmp_path):
    gc.unfreeze()
    service = Service(tmp_path, "0" * 32)
    service.start()
    try:
        for thread in threading.enumerate():
            if thread.name == "warm":
                thread.join(60)
        assert gc.get_freeze_count() > 100_000, "torch and all"
    finally:
        service.close()
        gc.unfreeze()
