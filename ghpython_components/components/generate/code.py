from ghpython_components.shared.component import Component, while_training
from ghpython_components.shared.contract import PIECES
from ghpython_components.shared.geometry import (
    number_tree,
    point_tree,
    remember,
    to_images,
    to_shapes,
    tree_of,
)


def draw(bridge, body, memory):
    answer = bridge.call("generate", body)
    pixels, owners = answer["images"], answer["owners"]
    count, _, columns = pixels["shape"]
    shapes = to_shapes(answer["geometry"])
    pieces = PIECES.get(body.get("form", "relief"))
    if pieces != "Points":  # of which only the places are left
        remember(shapes, owners, answer["provenance"], answer["z"], count)
    if pieces == "Points":
        shapes = point_tree(shapes, owners, None if "threshold" in body else columns)
    elif pieces == "Curves":
        shapes = tree_of(shapes, owners)
    elif pieces == "Mesh":
        shapes = [shapes[owners.index(digit)] if digit in owners else None for digit in range(count)]
    return {
        "remarks": answer.get("remarks", []),
        "empty": count - len(set(owners)) if pieces else 0,
        "mark": [answer["model"], answer["step"], pixels["data"], answer["digits"]],
        "geometry": shapes,
        "images": to_images(pixels),
        "z": number_tree(answer["z"], count),
        "digits": answer["digits"],
        "name": answer["model"],
        "step": answer["step"],
        "training": answer.get("training"),
    }


me = Component(ghenv, bool(wait))
few = max(count or 1, len(given.get("z", ()))) <= 16
slot = me.ask("generate", given, draw, again=while_training, keep=8 if few else 1)

geometry = images = z = digits = name = step = None
message = ""
if slot.value:
    geometry, images, z = slot.value["geometry"], slot.value["images"], slot.value["z"]
    digits, name, step = slot.value["digits"], slot.value["name"], slot.value["step"]
    message = "{0} - step {1}".format(name, step)
    for remark in slot.value["remarks"]:
        me.tell(remark, "Remark")
    if slot.value["empty"]:
        me.tell("Nothing is left of {0} of the digits: lower threshold.".format(slot.value["empty"]), "Remark")
me.show(slot, message)
