from ghpython_components.shared.canvas import is_wired, refuse
from ghpython_components.shared.component import Component
from ghpython_components.shared.network import NotReady, layer_lines, not_ready, read_network, short
from ghpython_components.shared.text import counted


def fetch_networks(bridge, request, memory):
    answer = bridge.call("networks_check", request)
    lines = []
    for part in ("generator", "discriminator"):
        found = answer[part]
        lines.append(
            "{0}: {1}, {2}".format(
                part, counted(len(found["rows"]), "layer"), counted(found["parameters"], "parameter")
            )
        )
        lines += layer_lines(found)
    return {"mark": answer, "answer": answer, "lines": lines}


me = Component(ghenv)
gan = table = parameters = memory = None
try:
    parts = {}
    for part, text in (("generator", generator), ("discriminator", discriminator)):
        own = read_network(part, text, is_wired(me.host, part))
        if own is not None:
            parts[part] = {"layers": own}
except NotReady as problem:
    gan = refuse(me.host, problem)
else:
    slot = me.ask("check", dict(given, **parts), fetch_networks, keep=8)
    message = ""
    if slot.value:
        answer, table = slot.value["answer"], slot.value["lines"]
        parameters = answer["generator"]["parameters"] + answer["discriminator"]["parameters"]
        memory = answer["memory"] // 1000000
        message = "ready - {0}".format(short(parameters))
    if slot.trouble():
        gan = not_ready(slot.trouble())
    else:
        gan = answer["gan"]
        for remark in answer["remarks"]:
            me.tell(remark, "Remark")
    me.show(slot, message)
