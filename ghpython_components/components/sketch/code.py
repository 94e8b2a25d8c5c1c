from ghpython_components.shared.canvas import filled, present
from ghpython_components.shared.component import Component
from ghpython_components.shared.curves import to_polylines
from ghpython_components.shared.geometry import number_tree, to_images
from ghpython_components.shared.text import decimal


def find(bridge, body, memory):
    if "curves" not in body:
        bridge.call("health")
        return {"mark": None, "answer": None}
    answer = bridge.call("latents_invert", body)
    names = sorted(answer["sliders"])
    return {
        "mark": [answer["z"], answer["read"]["data"], answer["found"]["data"]],
        "answer": answer,
        "z": number_tree(answer["z"], 1),
        "names": names,
        "values": [answer["sliders"][name] for name in names],
        "images": to_images(answer["read"]) + to_images(answer["found"]),
    }


me = Component(ghenv)
drawn = to_polylines(present(list(curves or [])), plane)
slot = me.ask("invert", dict(given, **filled(curves=drawn)), find, keep=4)

z = found = sliders = values = mse = likeness = images = None
message = "draw a digit"
if slot.value and slot.value["answer"]:
    answer = slot.value["answer"]
    z, found, mse, images = slot.value["z"], answer["digit"], answer["mse"], slot.value["images"]
    sliders, values, likeness = slot.value["names"], slot.value["values"], answer["likeness"]
    message = "{0} - likeness {1}".format(answer["text"], decimal(likeness, 2))
    for remark in answer["remarks"]:
        me.tell(remark, "Remark")
me.show(slot, message)
