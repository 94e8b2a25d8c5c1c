from ghpython_components.shared.component import Component
from ghpython_components.shared.geometry import number_tree


def lay(bridge, body, memory):
    answer = bridge.call("latents_sheet", body)
    rows, columns = answer["rows"], answer["columns"]
    return {
        "mark": [answer["z"], rows],
        "z": number_tree(answer["z"], rows * columns, columns),
        "columns": columns,
        "text": "{0} x {1}".format(rows, columns),
        "remarks": answer.get("remarks", []),
    }


me = Component(ghenv)
slot = me.ask("sheet", given, lay, keep=4)

z = columns = None
message = ""
if slot.value:
    z, columns, message = slot.value["z"], slot.value["columns"], slot.value["text"]
    for remark in slot.value["remarks"]:
        me.tell(remark, "Remark")
me.show(slot, message)
