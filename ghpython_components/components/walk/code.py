from ghpython_components.shared.component import Component, while_training
from ghpython_components.shared.contract import PIECES
from ghpython_components.shared.geometry import image_tree, point_tree, to_images, to_shapes
from ghpython_components.shared.network import layer_line
from ghpython_components.shared.text import plain


def walk(bridge, body, memory):
    answer = bridge.call("networks_activations", body)
    shapes = to_shapes(answer["geometry"])
    if PIECES.get(body.get("form")) == "Points":
        shapes = point_tree(shapes, range(len(shapes)))
    pixels = [layer["maps"] for layer in answer["layers"]]
    return {
        "mark": [answer["model"], answer["step"], pixels],
        "geometry": shapes,
        "lines": [
            "{0} ({1} to {2})".format(layer_line(layer), plain(layer["low"], 3), plain(layer["high"], 3))
            for layer in answer["layers"]
        ],
        "images": image_tree(to_images(maps) for maps in pixels),
        "name": answer["model"],
        "step": answer["step"],
        "training": answer.get("training"),
    }


me = Component(ghenv)
slot = me.ask("walk", given, walk, again=while_training, keep=4)

geometry = layers = images = None
message = ""
if slot.value:
    geometry, layers, images = slot.value["geometry"], slot.value["lines"], slot.value["images"]
    message = "{0} - step {1}".format(slot.value["name"], slot.value["step"])
me.show(slot, message)
