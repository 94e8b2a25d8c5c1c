"""Networks as they travel on the canvas: JSON text with a line per layer.

Where there is no network to pass on, a text goes in its place that says why. Whatever it reaches refuses it and passes
it on, so that nothing is trained by mistake: an empty input would mean "the preset's network".
"""

import json
from collections import OrderedDict

from ghpython_components.shared.text import decimal, grouped, to_json

NOT_READY = "not ready: "
NETWORK = 'a network such as {"layers": [{"layer": "Dense", "units": 128}]}'
LONGEST = 60  # letters of anything that came


class NotReady(Exception):
    """Why there is no network: `message` for the balloon, `level` of the balloon, `text` to pass on."""

    def __init__(self, message):
        Exception.__init__(self, message)
        self.message = message
        self.text = not_ready(message)
        self.level = "Warning" if message == self.text else "Error"  # red is where the mistake is, orange what follows


def not_ready(sentence):
    """Return the text to pass on in place of a network."""
    return sentence if sentence.startswith(NOT_READY) else NOT_READY + sentence


def read_network(name, text, wired):
    """Return the layers of the network at an input, a list of dicts in the order of their text; None if there is none.

    Args:
        name: Of the input.
        text: What came.
        wired: Whether a wire leads to the input: then it should have brought something.

    Raises:
        NotReady: It is no network.
    """
    content = _read(name, text, wired, NETWORK)
    if content is None:
        return None
    layers = content.get("layers")
    if list(content) != ["layers"] or not isinstance(layers, list):
        raise _unexpected(name, text, NETWORK)
    return layers


def read_gan(name, text, wired):
    """Return the settings and networks in the text from Model, a dict, or None if there is none. Raises NotReady."""
    content = _read(name, text, wired, "the text from Model")
    if content is not None and "layers" in content:
        raise _unexpected(name, text, "the text from Model, which takes networks like this one")
    return content


def write_network(layers):
    """Return layers as text: a line for each."""
    return '{"layers": [\n  ' + ",\n  ".join(to_json(layer) for layer in layers) + "\n]}"


def new_layer(name, parameters, given):
    """Return a layer: its name, then the values given, in the order of the parameters."""
    return OrderedDict([("layer", name)] + [(each, given[each]) for each in parameters if each in given])


def whole(value):
    """Turn 2.0 from a slider into 2 and leave everything else as it is."""
    return int(value) if isinstance(value, float) and value % 1 == 0 else value


def wholes(values):
    """Do so for each value of a list."""
    return [whole(value) for value in values]


def layer_lines(network):
    """Return the server's layer table as lines for a Panel."""
    lines = []
    for row in network["rows"]:
        trained = " ({0} parameters)".format(grouped(row["parameters"])) if row["parameters"] else ""
        lines.append(layer_line(row) + trained)
    return lines


def layer_line(row):
    """Return place, name and output of a layer: `4 Reshape -> 256 x 7 x 7`."""
    shape = " x ".join("{0}".format(number) for number in row["output_shape"])
    return "{0} {1} -> {2}".format(row["place"], row["layer"], shape)


def short(number):
    """Return a number as a few letters: 850, 81 k, 1.7 M."""
    if number < 1000:
        return "{0}".format(number)
    return decimal(number / 1e3, 0) + " k" if number < 999500 else decimal(number / 1e6, 1) + " M"


def _read(name, text, wired, expected):
    if text is None or text == "":
        if wired:
            raise NotReady("{0}: its wire brings nothing: look at the component that it comes from".format(name))
        return None
    if not hasattr(text, "startswith"):  # a number or a truth value
        text = repr(text)
    if text.startswith(NOT_READY):
        raise NotReady(text)
    try:
        content = json.loads(text, object_pairs_hook=OrderedDict)
    except (ValueError, RuntimeError):  # the latter where it is nested too deep
        content = None
    if not isinstance(content, dict):
        raise _unexpected(name, text, expected)
    return content


def _unexpected(name, text, expected):
    words = " ".join(text.split())
    came = words if len(words) <= LONGEST else words[:LONGEST] + "..."
    return NotReady("{0}: expected {1}, got ".format(name, expected) + came)  # + since Python 2 formats ASCII only
