from ghpython_components.shared.component import Component
from ghpython_components.shared.text import decimal, grouped

UNDER_WAY = ("waiting", "running")
KEPT = 8  # evaluations, of models and counts that come back


def look(bridge, asked, memory):
    """Begin the evaluation that a press has asked for, or see how far it is."""
    if asked["press"] is None:
        bridge.call("health")
        return {"mark": None, "found": None}
    body, seen = dict(asked["body"]), memory["seen"]
    found = seen.get(asked["press"])
    if found is None or found["state"] in UNDER_WAY:
        if found:
            body["step"] = found["step"]  # a model that learns is at another one by now
        found = bridge.call("evaluate", body)
        if asked["press"] in memory["stops"] and found["state"] in UNDER_WAY:
            found = bridge.call("evaluate_stop", dict(asked["body"], step=found["step"]))
        seen[asked["press"]] = found
    return {"mark": [asked["press"], found["state"], found["percent"]], "found": found}


def seconds_to_next(value):
    return 0.5 if value["found"] and value["found"]["state"] in UNDER_WAY else None


def percent(share):
    return decimal(100 * share, 1) + " %"


def lines(found):
    """Put each figure into a line."""
    ours, real = found["samples"], found["real_baseline"]
    told = ["{0} digits of {1} at step {2}".format(grouped(found["count"]), found["model"], found["step"])]
    for name, title, written in (
        ("frechet", "FID", lambda number: decimal(number, 1)),
        ("inception", "inception score", lambda number: decimal(number, 2)),
        ("confident", "confident", percent),
        ("precision", "precision", percent),
        ("recall", "recall", percent),
    ):
        told.append(line(found, name, title, written(ours[name]), written(real[name])))
    digits = ["{0}: {1}".format(digit, percent(share)) for digit, share in enumerate(ours["classes"])]
    told.append(line(found, "classes", "classes", ", ".join(digits), ", ".join(map(percent, real["classes"]))))
    return told


def line(found, name, title, ours, real):
    return "{0} {1} (real images {2}): {3}".format(title, ours, real, found["explanations"][name])


me = Component(ghenv)
asked = me.memory.setdefault("asked", [])  # what was asked for, each with the number of the press
seen = me.memory.setdefault("seen", {})  # what is known of each
stops = me.memory.setdefault("stops", set())  # presses whose evaluations are to end
pressed = me.pressed("evaluate", evaluate)
if pressed:
    number = me.memory["number"] = me.memory.get("number", 0) + 1
    asked[:] = [one for one in asked if one["body"] != given][1 - KEPT :] + [{"body": given, "press": number}]
    for press in list(seen):
        if press not in [one["press"] for one in asked]:
            del seen[press]
    stops.intersection_update(one["press"] for one in asked)
if me.pressed("stop", stop):
    stops.update(one["press"] for one in asked if one["body"] == given)
    pressed = True
request = ([one for one in asked if one["body"] == given] or [{"press": None}])[0]
slot = me.ask("evaluate", request, look, again=seconds_to_next, now=pressed)

figures = fid = precision = recall = confident = classes = None
message = "press evaluate"
if slot.value and slot.value["found"] and slot.is_current():
    found = slot.value["found"]
    message = {
        "waiting": "waiting for its turn",
        "running": "evaluating - " + decimal(found["percent"], 0) + " %",
    }.get(found["state"]) or found["state"]
    if found["problem"]:
        me.tell(found["problem"], "Error")
    if found["samples"]:
        samples = found["samples"]
        figures, fid, precision, recall = lines(found), samples["frechet"], samples["precision"], samples["recall"]
        confident, classes = samples["confident"], samples["classes"]
        message = "{0} - FID {1}".format(found["model"], decimal(fid, 1))
me.show(slot, message)
