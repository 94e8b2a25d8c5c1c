"""What a script is given by Grasshopper, and how it speaks to the user."""

import Grasshopper


def filled(**inputs):
    """Return the inputs that are not empty: the defaults of the others are the server's."""
    return {name: value for name, value in inputs.items() if value is not None and value != [] and value != ""}


def present(items):
    """Return the items of a list that are there, since a list input may have gaps."""
    return [item for item in items if item is not None]


def is_wired(host, name):
    """Tell whether a wire leads to an input, though it may bring nothing."""
    return any(port.SourceCount > 0 for port in host.Params.Input if name in (port.Name, port.NickName))


def tell(host, sentence, level="Warning"):
    """Show a sentence in the component's balloon: level Remark, Warning or Error."""
    host.AddRuntimeMessage(getattr(Grasshopper.Kernel.GH_RuntimeMessageLevel, level), sentence)


def refuse(host, problem):
    """Show why there is no network, a NotReady, and return the text to pass on."""
    tell(host, problem.message, problem.level)
    host.Message = "see the balloon"
    return problem.text
