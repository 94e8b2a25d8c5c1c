from ghpython_components.shared.address import find_address
from ghpython_components.shared.client import BridgeError, clock
from ghpython_components.shared.component import Component
from ghpython_components.shared.remedies import INSTALL
from ghpython_components.shared.server_files import (
    file_stamp,
    home,
    in_terminal,
    quoted,
    read_file,
    start_command,
    writable_by_others,
)
from ghpython_components.shared.text import plain


def add_reference(name):
    """Load an assembly of .NET, and tell whether there is one of that name."""
    try:
        import clr

        clr.AddReference(name)
    except Exception:
        return False
    return True


add_reference("System.Diagnostics.Process")  # .NET Core has one, which may not be loaded yet
from System.Diagnostics import Process, ProcessStartInfo  # noqa: E402

PATIENCE = 30.0  # seconds that a server may take to come up
AT_ONCE = 3.0  # seconds
LAUNCH = "launch.json"
NOT_STARTED = "not_started.json"  # in which a server that cannot start says why, if it can
# Exit statuses that are as good as a sentence, where there is none: its data directory may be what is wrong.
MEANINGS = {
    3: "a server is running already, and does not answer",
    7: "{0} cannot be used",
    8: "the disk of {0} is full",
}


def launch(command):
    """Start the server without a window; it goes on when Rhino ends. Return its process."""
    how = ProcessStartInfo(command[0], quoted(command[1:]))
    how.UseShellExecute = False
    how.CreateNoWindow = True
    how.EnvironmentVariables.Remove("PYTHONHOME")  # set for Rhino's own Python, and fatal to any other
    return Process.Start(how)


def try_to_start(attempt):
    command, open_path = start_command(), writable_by_others(LAUNCH)
    if open_path:
        sentence = "Other users of this machine can write to {0}, so what it names is not started. In a terminal: {1}"
        attempt["problem"] = sentence.format(open_path, quoted(["chmod", "go-w", open_path]))
        return
    if command is None:
        attempt["problem"] = "It is not known yet how the server is started. To begin with, {0}".format(INSTALL)
        return
    attempt["stamp"] = file_stamp(NOT_STARTED)
    try:
        attempt["process"] = launch(command)
    except Exception:
        sentence = "{0} cannot be run. If the project was moved: {1}"
        attempt["problem"] = sentence.format(command[0], INSTALL)


def exit_status(process):
    """Return how a process has ended, or None while it runs."""
    return process.ExitCode if process.HasExited else None


def why_it_ended(attempt, status):
    """Return why a process has ended that should have served: its own sentence, or else what its exit status means."""
    said = read_file(NOT_STARTED) if file_stamp(NOT_STARTED) != attempt["stamp"] else None
    if said and said.get("problem"):
        return "The server did not start: {0}".format(said["problem"])
    ended = "it ended at once" if clock() < attempt["pressed"] + AT_ONCE else "it ended"
    meaning = MEANINGS.get(status, ended).format(home())
    sentence = "The server did not start: {0} (exit status {1}). To see why, start it {2}"
    return sentence.format(meaning, status, in_terminal())


def how_it_gets_on(attempt):
    """Return why there is no server yet, in a sentence, or None while that is no wonder."""
    if attempt["process"] is None and not attempt["problem"]:
        try_to_start(attempt)
    status = attempt["process"] and exit_status(attempt["process"])
    if status is not None:
        attempt["process"], attempt["problem"] = None, why_it_ended(attempt, status)
    if attempt["problem"]:
        return attempt["problem"]
    if clock() < attempt["pressed"] + PATIENCE:
        return None
    sentence = "The server has not come up within {0} seconds. Wait, or see what it does {1}"
    return sentence.format(plain(PATIENCE), in_terminal())


def look(bridge, request, memory):
    """Find the server, or see how the start gets on that was asked for."""
    attempt = memory["attempt"]
    try:
        health = bridge.call("health")
    except BridgeError as error:
        if attempt["over"] or not error.down:
            raise
        problem = how_it_gets_on(attempt)
        return {"mark": problem, "url": None, "problem": problem}
    attempt["over"] = True
    found = find_address()
    return {"mark": health["instance"], "url": found and found["url"], "health": health}


def seconds_to_next(value):
    return 3.0 if value["url"] else 1.0 if value["problem"] else 0.3


me = Component(ghenv)
memory = me.memory
attempt = memory.setdefault("attempt", {"pressed": None, "over": True})  # to start the server; over once it is there
pressed = me.pressed("start", start)
if pressed and (attempt["over"] or attempt["problem"] or clock() > attempt["pressed"] + PATIENCE):
    attempt = {"pressed": clock(), "over": False, "process": None, "problem": None}
    memory["attempt"] = attempt
slot = me.ask("server", attempt["pressed"], look, again=seconds_to_next, now=pressed)

url = status = None
value = slot.value if slot.is_current() and not slot.error else None
if value and value["url"]:
    url = value["url"]
    status = "ganmnist {version} at {0}".format(url, **value["health"])
    me.show(slot, "running (mock)" if value["health"]["mock"] else "running")
elif value and value["problem"]:
    status = value["problem"]
    me.host.Message = "see the balloon"
    me.tell(status, "Error")
elif not attempt["over"] and (value or not slot.error or slot.error.down):
    status = me.host.Message = "starting"
else:
    me.show(slot)
    if slot.error:
        status = slot.error.message
