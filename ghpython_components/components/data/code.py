from ghpython_components.shared.component import Component, carry_out
from ghpython_components.shared.geometry import to_rhino
from ghpython_components.shared.text import decimal


def look(bridge, request, memory):
    data = carry_out(bridge, memory["queue"]) or bridge.call("data")
    picture = data.pop("preview", None)
    return {
        "mark": [data, picture and picture["number"]],
        "data": data,
        "preview": picture and to_rhino(picture["mesh"]),
    }


def seconds_to_next(value):
    return 0.5 if value["data"]["state"] == "preparing" else None


me = Component(ghenv)
pressed = me.pressed("load", load)
if pressed:
    me.queue("data_prepare")
slot = me.ask("data", None, look, again=seconds_to_next, now=pressed)

name = train = test = preview = None
message = ""
if slot.value:
    data = slot.value["data"]
    name, train, test, preview = data["name"], data["train"], data["test"], slot.value["preview"]
    message = {
        "absent": "press load",
        "preparing": "importing - " + decimal(data["percent"], 0) + " %",
        "ready": name,
        "failed": "failed",
    }.get(data["state"], data["state"])
    if data["problem"]:
        me.tell(data["problem"], "Error" if data["state"] == "failed" else "Remark")
me.show(slot, message)
