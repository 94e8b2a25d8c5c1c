from ghpython_components.shared.component import Component
from ghpython_components.shared.text import decimal

MOST_NAMES = 10


def look(bridge, request, memory):
    found = bridge.call("models")["models"]
    return {
        "mark": found,
        "names": [model["name"] for model in found],
        "facts": [line(model) for model in found],
        "training": any(model.get("training") for model in found),
    }


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
    try:
        place = float(wanted)  # a slider's text may be 2.0
    except ValueError:
        return None
    return known[int(place)] if place == int(place) and 0 <= place < len(known) else None


def seconds_to_next(value):
    return 2.0 if value["training"] else 10.0


me = Component(ghenv)
slot = me.ask("models", None, look, again=seconds_to_next, now=me.pressed("refresh", refresh))

model = names = facts = None
message = ""
if slot.value:
    names, facts = slot.value["names"], slot.value["facts"]
    model = find("0" if choose is None or choose == "" else choose.strip(), names)
    message = "{0} of {1}".format(model, len(names))
    if model is None:
        message = "see the balloon"
        me.tell("choose: expected a name in names, or its place from 0 to {0}; got {1}.".format(len(names) - 1, choose))
me.show(slot, message)
