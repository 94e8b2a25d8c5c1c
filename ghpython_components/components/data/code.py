import os
import re

from ghpython_components.shared.canvas import filled
from ghpython_components.shared.client import BridgeError, clock, is_elsewhere
from ghpython_components.shared.component import PRESS_LASTS, Component, carry_out
from ghpython_components.shared.geometry import to_rhino
from ghpython_components.shared.outgoing import open_to_send
from ghpython_components.shared.text import decimal, grouped

MNIST = "MNIST"  # what a training calls the images that are there without being imported
BUSY = ("preparing", "packing", "sending")  # states of which something becomes
LEFT_OUT = "left out "  # how the server's sentences about files that it did not take begin
LONGEST_NAME = 60  # letters to which the server cuts a name that is taken, before it adds a number
SEND_PATIENCE = 3600.0  # seconds


def look(bridge, asked, memory):
    """Do what presses have asked for, then find what they have led to."""
    refused = memory["refused"].pop(key_of(asked), None)
    if refused:
        raise refused
    try:
        carry_out(bridge, memory["queue"])
    except BridgeError as error:
        if error.code != "conflict":  # else it is being imported already
            raise mended(error)
        refused = error
    data = under_way(asked, memory) or (bridge.call("data") if is_mnist(asked) else find(bridge, asked, memory))
    if refused and data["state"] not in BUSY:
        raise refused
    picture = data.pop("preview", None)
    return {
        "mark": [asked, data, picture and picture["number"]],
        "asked": asked,
        "data": data,
        "preview": picture and to_rhino(picture["mesh"]),
    }


def find(bridge, asked, memory):
    """Return the newest data set from the source, or the one of the name alone, with its preview."""
    known = bridge.call("datasets")["datasets"]
    for data in known:
        if fits(data, asked, memory):
            return bridge.call("dataset", name=data["name"]) if data["state"] == "ready" else data
    return {"state": "absent", "names": [data["name"] for data in known]}


def fits(data, asked, memory):
    """Tell whether a data set is the one that is asked for. The server calls it trees-2 where trees is taken."""
    name, wanted = data["name"].lower(), asked["name"].lower()
    if not asked["path"]:
        return name == wanted
    source = data["source"] or ""
    if is_elsewhere():
        if key_of(asked) in memory["sent"]:
            return data["name"] == memory["sent"][key_of(asked)]
        same = source.split(", sent at ")[0] in (file_name(asked["path"]), file_name(asked["path"]) + ".zip")
    else:
        same = os.path.normcase(os.path.normpath(source)) == os.path.normcase(os.path.normpath(asked["path"]))
    return same and re.match(re.escape(wanted[:LONGEST_NAME]) + "(-[0-9]+)?$" if wanted else "", name) is not None


def under_way(asked, memory):
    """Return how far a source has been sent to another machine, or None."""
    if not any(order["asked"] == asked for order in memory["outbox"]):
        return None
    going = memory["going"]
    return {"state": "sending" if going else "packing", "percent": going and going.percent()}


def send(bridge, request, memory):
    """Send what waits in the outbox to a server on another machine, one after the other."""
    outbox = memory["outbox"]
    while outbox:
        order = outbox[0]
        asked = order["asked"]
        memory["going"] = None
        try:
            if order["until"] > clock():
                memory["sent"][key_of(asked)] = send_one(bridge, asked, memory)
        except BridgeError as error:
            if error.down or error.wait:
                raise
            memory["refused"][key_of(asked)] = mended(error)
        outbox.remove(order)
        for other in outbox:
            other["until"] = clock() + PRESS_LASTS  # it had to wait for this one, not for the server
    return {"mark": None}


def send_one(bridge, asked, memory):
    """Send one source and return what the server calls its data set."""
    going = open_to_send(asked["path"])
    try:
        memory["going"] = going
        return bridge.send("dataset_upload", going, filled(file=going.name, name=asked["name"]))["name"]
    finally:
        going.close()


def mended(error):
    """Have a refusal of the server name the input as it is called here."""
    if error.message.startswith("path: "):
        error.message = "source" + error.message[4:]
    return error


def key_of(asked):
    return asked["path"], asked["name"]


def is_mnist(asked):
    return not asked["path"] and asked["name"].lower() in ("", MNIST.lower())


def file_name(path):
    return os.path.basename(os.path.normpath(path))


def whole_path(text):
    """Return the path that somebody typed, or copied from Windows, which puts it in quotes."""
    return os.path.expanduser((text or "").strip().strip("\"'").strip())


def seconds_to_next(value):
    return 0.5 if value["data"]["state"] in BUSY else None


me = Component(ghenv)
outbox = me.memory.setdefault("outbox", [])  # sources that wait to be sent, or are
me.memory.setdefault("going", None)  # the first of them, once it is packed
me.memory.setdefault("sent", {})  # what the server calls those that were
me.memory.setdefault("refused", {})  # why it takes those that it does not
asked = {"path": whole_path(source), "name": (name or "").strip()}
known = me.memory["slots"]["data"].value if "data" in me.memory["slots"] else None
pressed = me.pressed("load", load)
if pressed:
    if is_mnist(asked):
        me.queue("data_prepare")
    elif under_way(asked, me.memory) or (known and known["asked"] == asked and known["data"]["state"] in BUSY):
        me.tell("It is being imported already.", "Remark")
    elif asked["path"] and is_elsewhere():
        outbox.append({"asked": asked, "until": clock() + PRESS_LASTS})
        me.memory["presses"] += 1
    elif asked["path"]:
        me.queue("dataset_import", dict(given, path=asked["path"]))
sending = me.ask("send", None, send, now=pressed, patience=SEND_PATIENCE) if outbox else None
slot = me.ask("data", asked, look, again=seconds_to_next, now=pressed)

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
    if found.get("problem"):
        me.tell(found["problem"], "Error" if state == "failed" else "Remark")
    for sentence in report or []:
        if sentence.startswith(LEFT_OUT):
            me.tell(sentence, "Remark")
me.show(sending if sending and sending.error else slot, message)
