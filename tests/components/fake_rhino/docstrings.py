"""What GHPython of Rhino 7 reads out of a script's first docstring, at every solve, and shows as descriptions.

The rules are those of mcneel/ghpython, Component/DocStringUtils.cs: what is indented no deeper than a heading belongs
to what stands before, comments above are skipped, and a script without a docstring has no descriptions of its own.
"""

QUOTES = '"""'
HEADINGS = {
    "inputs": ("ARG", "ARGS", "ARGUMENT", "ARGUMENTS", "INPUT", "INPUTS"),
    "outputs": ("RETURN", "RETURNS", "OUTPUT", "OUTPUTS"),
    "help": ("HELP", "REMARK", "REMARKS"),
}


def described(source, inputs, outputs):
    """Return the descriptions of the component and of its inputs and outputs by name, as they are after a solve."""
    ports = {
        "inputs": {name: "Script input {0}.".format(name) for name in inputs},
        "outputs": {name: "Script output {0}.".format(name) for name in outputs},
    }
    lines = docstring(source)
    if lines is None:
        return None, ports["inputs"], ports["outputs"]
    description, side, name, deep = [], None, None, None
    for line in lines:
        depth = len(line) - len(line.lstrip())
        word, _, rest = line.strip().partition(":")
        named = ":" in line and not any(space in word.strip() for space in " \t")
        heading = [each for each, words in HEADINGS.items() if named and word.upper() in words]
        if depth and (deep is None or depth <= deep):
            deep = depth
            if heading:
                side, name = heading[0], None
                continue
        if side is None:
            description.append(line if not depth or depth == deep else line.strip())
        elif depth > deep and named and side in ports:
            name = word.strip()
            if name in ports[side]:
                ports[side][name] = rest.strip()
        elif name in ports.get(side, ()):
            ports[side][name] += "\n" + line.strip()
    return "\n".join(description), ports["inputs"], ports["outputs"]


def docstring(source):
    """Return the lines of the first docstring that are not empty; None if something else stands before it."""
    lines = source.splitlines()
    while lines and (not lines[0].strip() or lines[0].lstrip().startswith("#")):
        del lines[0]
    if not lines or not lines[0].lstrip().startswith(QUOTES):
        return None
    lines[0] = lines[0].split(QUOTES, 1)[1]
    found = []
    for line in lines:
        inside, end, _ = line.partition(QUOTES)
        found.append(inside)
        if end:
            break
    return [line for line in found if line.strip()]
