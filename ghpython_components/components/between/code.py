from ghpython_components.shared.component import Component
from ghpython_components.shared.geometry import number_tree


def go(bridge, body, memory):
    if "z" not in body:
        bridge.call("health")
        return {"mark": "", "z": None, "text": "wire two z"}
    answer = bridge.call("latents_between", body)
    count = answer["columns"]
    return {"mark": answer["z"], "z": number_tree(answer["z"], count), "text": "{0} digits".format(count)}


me = Component(ghenv)
slot = me.ask("between", given, go, keep=4)

z = slot.value["z"] if slot.value else None
me.show(slot, slot.value["text"] if slot.value else "")
