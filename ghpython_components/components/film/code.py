from ghpython_components.shared.component import Component
from ghpython_components.shared.contract import PIECES
from ghpython_components.shared.geometry import (
    image_tree,
    point_tree,
    to_images,
    to_shapes,
    tree_of,
)
from ghpython_components.shared.text import counted


def unroll(bridge, body, memory):
    answer = bridge.call("film", body)
    pixels, count = answer["images"], answer["count"]
    shapes = to_shapes(answer["geometry"])
    images = to_images(pixels)
    branches = [owner // count for owner in answer["owners"]]
    return {
        "remarks": answer.get("remarks", []),
        "mark": [answer["model"], answer["frames"], pixels["data"], answer["training"]],
        "geometry": (point_tree if PIECES.get(body.get("form")) == "Points" else tree_of)(shapes, branches),
        "images": image_tree(images[at : at + count] for at in range(0, len(images), count)),
        "steps": ["step {0} - {1}".format(frame["step"], minutes(frame["seconds"])) for frame in answer["frames"]],
        "name": answer["model"],
        "training": answer["training"],
        "seconds": answer["frames"][-1]["seconds"],
    }


def minutes(seconds):
    """Write a time as minutes and seconds: 0:52."""
    return "{0}:{1:02d}".format(int(seconds) // 60, int(seconds) % 60)


def while_growing(value):
    """Return the seconds after which to ask again: the frames of a training come ever more slowly."""
    return min(max(1.0, value["seconds"] / 10), 30.0) if value["training"] else None


me = Component(ghenv)
slot = me.ask("film", given, unroll, again=while_growing, keep=4)

geometry = images = steps = None
message = ""
if slot.value:
    geometry, images, steps = slot.value["geometry"], slot.value["images"], slot.value["steps"]
    message = "{0} - {1}".format(slot.value["name"], counted(len(steps), "frame"))
    for remark in slot.value["remarks"]:
        me.tell(remark, "Remark")
me.show(slot, message)
