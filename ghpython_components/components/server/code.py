try:
    import clr

    clr.AddReference("System.Diagnostics.Process")  # where .NET has an assembly for it, which may not be loaded yet
except Exception:
    pass  # it is in one that is there always
from System.Diagnostics import Process, ProcessStartInfo

from ghpython_components.shared.client import BridgeError, clock, quoted, read_file, start_command
from ghpython_components.shared.component import Component

PATIENCE = 30.0  # seconds that a server may take to come up


def launch(command):
    """Start the server without a window; it goes on when Rhino ends."""
    how = ProcessStartInfo(command[0], quoted(command[1:]))
    how.UseShellExecute = False
    how.CreateNoWindow = True
    how.EnvironmentVariables.Remove("PYTHONHOME")  # set for Rhino's own Python, and fatal to any other
    Process.Start(how)


def look(bridge, request, memory):
    try:
        health = bridge.call("health")
    except BridgeError as error:
        if memory["launch"] and error.down:
            del memory["launch"][:]
            command = start_command()
            try:
                launch(command)
                memory["trouble"] = None
            except Exception:
                sentence = "{0} cannot be run. Install ganmnist (pip install ganmnist), then type in a terminal: {1}"
                memory["trouble"] = BridgeError(sentence.format(command[0], quoted(command)), "no_program", True)
        raise memory["trouble"] or error
    found = read_file("server.json") or {}
    return {"mark": health["instance"], "url": found.get("url"), "health": health}


me = Component(ghenv)
memory = me.memory
memory.setdefault("launch", [])  # presses that wait to be obeyed
memory.setdefault("trouble", None)  # why the server cannot be started
pressed = me.pressed("start", start)
if pressed:
    memory["launch"].append("wanted")
    memory["started"] = clock()
slot = me.ask("server", memory.get("started"), look, again=lambda _: 3.0, now=pressed)

url = status = None
if slot.value and not slot.error:
    url = slot.value["url"]
    status = "ganmnist {version} at {0}".format(url, **slot.value["health"])
    me.show(slot, "running (mock)" if slot.value["health"]["mock"] else "running")
elif (
    slot.error
    and slot.error.down
    and slot.error.code != "no_program"
    and clock() < memory.get("started", -PATIENCE) + PATIENCE
):
    status = me.host.Message = "starting"
else:
    me.show(slot)
    if slot.error:
        status = slot.error.message
