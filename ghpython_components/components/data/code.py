import copy
import os
import re
import time

from scriptcontext import sticky

from ghpython_components.shared.address import is_elsewhere
from ghpython_components.shared.canvas import filled
from ghpython_components.shared.client import BridgeError, clock
from ghpython_components.shared.component import LONG_WAIT, Component
from ghpython_components.shared.geometry import to_rhino
from ghpython_components.shared.outgoing import as_text, open_to_send, sent_from
from ghpython_components.shared.presses import PRESS_LASTS, carry_out
from ghpython_components.shared.text import decimal, grouped, plain

MNIST = "MNIST"  # what a training calls the images that are there without being imported
BUSY = ("preparing", "packing", "sending")  # states of which something becomes
LEFT_OUT = "left out "  # how the server's sentences about files that it did not take begin
CUT_NAME = 60  # letters to which the server cuts a name that is taken, before it adds a number
SENT = re.compile(", sent (?:by [^ ]+ )?from ([A-Za-z0-9]+)$")  # what the server puts after the name of a file
SEND_PATIENCE = 3600.0  # seconds
PAUSE = 0.1  # seconds between two questions of one solution


def look(bridge, asked, memory):
    """Do what presses have asked for, then find what they have led to."""
    carry_out_presses(bridge, memory)
    data = under_way(asked, memory) or (bridge.call("data") if is_mnist(asked) else find(bridge, asked))
    if data["state"] in BUSY:
        memory["refused"].pop(key_of(asked), None)  # since it is being imported already
    refused = memory["refused"].get(key_of(asked))
    picture = data.pop("preview", None)
    return {
        "mark": [asked, data, picture and picture["number"], refused],
        "asked": asked,
        "data": data,
        "refused": refused,
        "preview": picture and to_rhino(picture["mesh"]),
    }


def carry_out_presses(bridge, memory):
    """Make the calls that wait. Why one is refused is kept for the source that it was made for."""
    queue = memory["queue"]
    while queue:
        before = list(queue)
        try:
            carry_out(bridge, queue)
        except Exception as error:
            made = [call for call in before if not any(call is each for each in queue)]
            if is_passing(error) or not made:
                raise
            body = made[-1]["body"]
            asked = {"path": body["path"], "name": body.get("name", "")} if body else {"path": "", "name": ""}
            memory["refused"][key_of(asked)] = sentence_of(error, asked)


def find(bridge, asked):
    """Return the newest data set from the source, or the one of the name alone, with its preview."""
    known = bridge.call("datasets")["datasets"]
    for path in readings(asked["path"]):
        for data in known:
            if fits(data, path, asked["name"]):
                if data["state"] == "ready":
                    return bridge.call("dataset", name=data["name"])
                return dict(data, problem=with_path(data["problem"], data["source"], path))
    return {"state": "absent", "names": [data["name"] for data in known]}


def fits(data, path, wanted):
    """Tell whether a data set is the one that is asked for. The server calls it trees-2 where trees is taken."""
    name, wanted = data["name"].lower(), wanted.lower()
    if not path:
        return name == wanted
    source = data["source"] or ""
    if is_elsewhere():
        sent = SENT.search(source)
        same = sent is not None and sent.group(1) == sent_from(path)
    else:
        same = os.path.normcase(os.path.normpath(source)) == os.path.normcase(os.path.normpath(path))
    numbered = re.escape(wanted[:CUT_NAME]) + "-[0-9]+$"
    return same and (not wanted or name == wanted or re.match(numbered, name) is not None)


def with_path(problem, source, path):
    """Have a sentence about a file that was sent name what the user has: that file, or the folder it was packed of."""
    sent = SENT.search(source or "")
    file = source[: sent.start()] if sent else None
    return path + problem[len(file) :] if file and problem and problem.startswith(file) else problem


def under_way(asked, memory):
    """Return how far a source has been sent to another machine, or None."""
    if not any(order["asked"] == asked for order in memory["outbox"]):
        return None
    going = memory["going"]
    return {"state": "sending" if going else "packing", "percent": going and going.percent()}


def send(bridge, request, memory):
    """Send what waits in the outbox to a server on another machine, one after the other."""
    outbox = memory["outbox"]
    while outbox and is_wanted(memory):
        order = outbox[0]
        asked = order["asked"]
        memory["going"] = None
        try:
            if order["until"] > clock():
                send_one(bridge, asked, memory)
        except Exception as error:
            if is_passing(error):
                raise
            memory["refused"][key_of(asked)] = sentence_of(error, asked)
        outbox.remove(order)
        for other in outbox:
            other["until"] = clock() + PRESS_LASTS  # it had to wait for this one, not for the server
    return {"mark": None}


def send_one(bridge, asked, memory):
    """Send one source."""
    path = ([path for path in readings(asked["path"]) if os.path.exists(path)] or [readings(asked["path"])[-1]])[0]
    going = open_to_send(path, lambda: is_wanted(memory))
    try:
        memory["going"] = going
        query = filled(file=going.name, name=asked["name"], sent_from=sent_from(path))
        bridge.send("dataset_upload", going, query)
    finally:
        going.close()


def is_wanted(memory):
    """Tell whether the component is there still. Where there is one solution only nobody remembers it after that."""
    return memory["alone"] or sticky.get(memory["name"]) is memory


def is_passing(error):
    return bool(getattr(error, "down", False) or getattr(error, "wait", 0))


def sentence_of(error, asked):
    """Return what is wrong, with the input as it is called here. A BridgeError is known by its looks."""
    if not hasattr(error, "down"):
        return "source: {0} cannot be sent ({1}): make a .zip of it, and name that".format(
            as_text(asked["path"]), type(error).__name__
        )
    return "source" + error.message[4:] if error.message.startswith("path: ") else error.message


def key_of(asked):
    return MNIST if is_mnist(asked) else (asked["path"], asked["name"])


def is_mnist(asked):
    return not asked["path"] and asked["name"].lower() in ("", MNIST.lower())


def path_in(text):
    """Return the path that somebody typed; all of it, since a name may end in a space or a quote."""
    text = (text or "").strip("\r\n")
    return os.path.expanduser(text) if text.strip() else ""


def readings(path):
    """Return what a path may mean: what it says, and what is meant if it was copied from Windows, in quotes."""
    bare = path.strip()
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'":
        bare = bare[1:-1]
    bare = os.path.expanduser(bare)
    return [bare] if bare == path or os.name == "nt" else [path, bare]


def order_of(asked, memory):
    """Return the press of load for this that has not been answered yet, or None."""
    for order in list(memory["outbox"]):
        if order["asked"] == asked:
            return order
    for call in list(memory["queue"]):
        if call["body"] == body_of(asked):
            return call
    return None


def body_of(asked):
    return filled(path=asked["path"], name=asked["name"])


def is_being_imported(slot, asked):
    """Tell whether an import was under way when the server was last asked, and it was there to be asked."""
    return slot is not None and not slot.error and is_busy(slot.value, asked)


def is_busy(value, asked):
    return value is not None and value["asked"] == asked and value["data"]["state"] in BUSY


def seconds_to_next(value):
    return 0.5 if value["data"]["state"] in BUSY else None


me = Component(ghenv)
outbox = me.memory.setdefault("outbox", [])  # sources that wait to be sent, or are
me.memory.setdefault("going", None)  # the first of them, once it is packed
me.memory.setdefault("refused", {})  # by source and name: why the press before was refused
me.memory["alone"] = me.waits
asked = {"path": path_in(source), "name": (name or "").strip()}
pressed = me.pressed("load", load)
if pressed:
    me.memory["refused"].pop(key_of(asked), None)
    before, order = me.memory["slots"].get("data"), order_of(asked, me.memory)
    is_down = before is not None and before.holds_off()
    if is_mnist(asked):
        me.queue("data_prepare")
    elif order and is_down:
        order["until"] = clock() + PRESS_LASTS
        me.memory["presses"] += 1
    elif order or is_being_imported(before, asked):
        me.tell("It is being imported already.", "Remark")
    elif asked["path"] and is_elsewhere():
        outbox.append({"asked": asked, "until": clock() + PRESS_LASTS})
        me.memory["presses"] += 1
    elif asked["path"]:
        me.queue("dataset_import", body_of(asked))
sending = me.ask("send", None, send, now=pressed, patience=SEND_PATIENCE) if outbox else None
slot = me.ask("data", asked, look, again=seconds_to_next, now=pressed)
while me.waits and is_being_imported(slot, asked) and clock() + 2 * PAUSE < me.deadline:
    time.sleep(PAUSE)
    slot = me.ask("data", asked, look, again=seconds_to_next, now=True)

data = MNIST if is_mnist(asked) else None  # which a training finds by itself
train = test = classes = report = preview = None
message = ""
if slot.value and slot.value["asked"] == asked:
    found, preview = slot.value["data"], slot.value["preview"]
    state = found["state"]
    if state == "ready":
        data, train, test, report = found["name"], found["train"], found["test"], found.get("report", [])
        classes = [
            "{0}: {1}".format(each["name"], grouped(each["train"] + each["test"])) for each in found.get("classes", [])
        ]
        message = " - ".join([data] + report[:1])
    elif state in ("preparing", "sending"):
        message = "{0} - {1} %".format("sending" if state == "sending" else "importing", decimal(found["percent"], 0))
    else:
        message = "press load" if state == "absent" else state
    if state == "absent" and not asked["path"] and not is_mnist(asked):
        message = "see the balloon"
        me.tell(
            "name: no data set {0} on the server; there are {1}. Say in source where its pictures are, and press "
            "load.".format(asked["name"], ", ".join([MNIST] + found["names"]))
        )
    if slot.value["refused"]:
        message = "see the balloon"
        me.tell(slot.value["refused"], "Error")
    if found.get("problem"):
        me.tell(found["problem"], "Error" if state == "failed" else "Remark")
    for sentence in report or []:
        if sentence.startswith(LEFT_OUT):
            me.tell(sentence, "Remark")
shown = copy.copy(sending if sending and sending.error else slot)
if shown.value and train is None:
    shown.value = dict(shown.value, mark=None)  # no output says anything that could be stale
if me.waits and not slot.holds_off() and (under_way(asked, me.memory) or is_busy(slot.value, asked)):
    shown.error = BridgeError(
        "The images are still being imported after {0} seconds, and nothing is solved here a second time: solve "
        "again.".format(plain(LONG_WAIT)),
        "timeout",
    )
me.show(shown, message)
