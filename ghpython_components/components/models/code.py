from ghpython_components.shared.client import BridgeError
from ghpython_components.shared.component import Component
from ghpython_components.shared.text import decimal

MOST_NAMES = 10
MANY = 500  # models that are listed


def look(bridge, wanted, memory):
    """List the newest models, and the one that is wanted by its name if it is older."""
    answer = bridge.call("models", query={"limit": MANY})
    found = answer["models"]
    if answer.get("next") and wanted and wanted.lower() not in [model["name"].lower() for model in found]:
        found = found[:MANY] + older(bridge, wanted) + found[MANY:]  # the bundled ones stay the last
    more = max(0, answer.get("total", 0) - len(found))
    return {
        "mark": [found, more, answer.get("remarks")],
        "names": [model["name"] for model in found],
        "facts": [line(model) for model in found],
        "more": more,
        "remarks": answer.get("remarks", []),
        "training": any(model.get("training") for model in found),
    }


def older(bridge, wanted):
    try:
        return bridge.call("models", query={"name": wanted})["models"]
    except BridgeError as error:
        if error.code != "invalid_setting":
            raise
        return []  # no model can be called so


def line(model):
    """Put a model into a line."""
    facts, classes = [model["data"]], model.get("class_names", [])
    if classes != ["{0}".format(place) for place in range(len(classes))]:
        facts.append(listed(classes))
    facts += [model["preset"] or "own networks", "epoch {0}".format(model["epoch"])]
    facts.append("step {0}".format(model["step"]))
    if model["frechet"] is not None:
        facts.append("FID " + decimal(model["frechet"], 1))
    facts.append(model["created"][:10])
    if not model["finished"]:
        facts.append("training" if model.get("training") else "cut short")
    return "{0}: {1}".format(model["name"], ", ".join(facts))


def listed(names):
    """Put names into a line, and how many more there are."""
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (" and {0} more".format(more) if more > 0 else "")


def find(wanted, known):
    """Return the name that was chosen, by itself or by its place, or None."""
    for known_name in known:
        if known_name.lower() == wanted.lower():
            return known_name
    place = number(wanted)
    return known[int(place)] if place is not None and place == int(place) and 0 <= place < len(known) else None


def number(text):
    try:
        place = float(text)  # a slider's text may be 2.0
    except ValueError:
        return None
    return place if abs(place) < 1e9 else None


def seconds_to_next(value):
    return 2.0 if value["training"] else 10.0


me = Component(ghenv)
wanted = "0" if choose is None or choose == "" else choose.strip()
# A name goes along, since it may be that of one that is not listed; a place does not, so that a slider asks nothing.
slot = me.ask(
    "models",
    None if number(wanted) is not None else wanted,
    look,
    again=seconds_to_next,
    now=me.pressed("refresh", refresh),
)

model = names = facts = None
message = ""
if slot.value:
    names, facts = slot.value["names"], slot.value["facts"]
    more = slot.value["more"]
    model = find(wanted, names)
    message = "{0} of {1}".format(model, len(names) + more)
    for remark in slot.value["remarks"]:
        me.tell(remark, "Remark")
    if more:
        me.tell("The newest are listed, and {0} more are not: choose takes their names too.".format(more), "Remark")
    if model is None:
        message = "see the balloon"
        me.tell("choose: expected a name in names, or its place from 0 to {0}; got {1}.".format(len(names) - 1, choose))
me.show(slot, message)
