from ghpython_components.shared.canvas import is_wired, refuse
from ghpython_components.shared.component import Component
from ghpython_components.shared.network import NotReady, layer_lines, not_ready, read_network, short
from ghpython_components.shared.text import counted

PARTS = ("generator", "discriminator")


def fetch_network(bridge, request, memory):
    side, body = request
    found = bridge.call("networks_check", body)[side]
    return {"mark": found, "network": found, "lines": layer_lines(found)}


me = Component(ghenv)
network = table = parameters = multiply_adds = None
try:
    side = (part or PARTS[0]).strip().lower()
    if side not in PARTS:
        raise NotReady("part: expected generator or discriminator, got " + part)
    body = dict(given)
    own = read_network("layers", layers, is_wired(me.host, "layers"))
    if own is not None:
        body[side] = {"layers": own}
except NotReady as problem:
    network = refuse(me.host, problem)
else:
    slot = me.ask("check", [side, body], fetch_network, keep=8)
    message = ""
    if slot.value:
        checked, table = slot.value["network"], slot.value["lines"]
        parameters, multiply_adds = checked["parameters"], checked["multiply_adds"]
        message = "{0} - {1}".format(counted(len(table), "layer"), short(parameters))
    network = not_ready(slot.trouble()) if slot.trouble() else checked["text"]
    me.show(slot, message)
