# The code of every layer component. layer_components.py writes above it what differs: LAYER, its name; MAX_LAYERS of a
# network; PARAMETERS; NEEDED, those without a default; and `given`, those that are filled in.
from ghpython_components.shared.canvas import is_wired, refuse
from ghpython_components.shared.network import NotReady, new_layer, read_network, write_network

host = ghenv.Component
try:
    chain = read_network("layers", layers, is_wired(host, "layers")) or []
    if len(chain) >= MAX_LAYERS:
        raise NotReady("a network has at most {0} layers: is it wired in a circle?".format(MAX_LAYERS))
    chain = chain + [new_layer(LAYER, PARAMETERS, given)]
    network = write_network(chain)
    missing = [parameter for parameter in NEEDED if parameter not in given]
    host.Message = "layer {0}".format(len(chain)) + (" - {0}?".format(", ".join(missing)) if missing else "")
except NotReady as problem:
    network = refuse(host, problem)
