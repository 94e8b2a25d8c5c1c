"""What presses of buttons have asked for: calls that change something, each made once, in their order."""

import uuid

from ghpython_components.shared.client import BridgeError, clock

PRESS_LASTS = 60.0  # seconds for which a press waits for a server that is down


def carry_out(bridge, queue):
    """Make the calls in the queue, in order; return the last answer, or None.

    An answer or a refusal takes a call out of the queue. While the server is down or busy it stays, until it is old.
    """
    answer = None
    while queue:
        call = queue[0]
        waits = [place for place in call["places"].values() if callable(place)]
        if call["until"] < clock() or (waits and answer is None):
            _done(queue, call)
            continue
        places = {name: place(answer) if callable(place) else place for name, place in call["places"].items()}
        call["sent"] = True
        try:
            answer = bridge.call(call["call"], call["body"], **places)
        except BridgeError as error:
            call["sent"] = error.code not in ("no_server", "unreachable")  # else it may have been made
            if not error.down and not error.wait:
                _done(queue, call)
                error.press = call
            raise
        _done(queue, call)
    return answer


def _done(queue, call):
    if queue and queue[0] is call:  # another thread may have emptied the queue
        del queue[0]


def new_key():
    """Return a key by which the server knows one press of a button from another."""
    return uuid.uuid4().hex
