import scriptcontext

from ghpython_components.shared.canvas import is_wired
from ghpython_components.shared.client import ACTIVE, BridgeError
from ghpython_components.shared.component import Component
from ghpython_components.shared.geometry import to_rhino
from ghpython_components.shared.network import NotReady, read_gan
from ghpython_components.shared.presses import carry_out, new_key

STAND_IN = "synthetic-mnist"  # the data that are taken where MNIST cannot be had


def follow(bridge, wanted, memory):
    """Do what the buttons ask for, then fetch what is new in this component's run."""
    seen = memory["seen"]
    run = carry_out(bridge, memory["queue"]) or (not seen["id"] and find_run(bridge, wanted, memory))
    if run and run["id"] != seen["id"]:
        seen.update(id=run["id"], next=0, number=0, loss_d=[], loss_g=[], preview=None)
        scriptcontext.sticky["ganmnist runs"][run["id"]] = memory["guid"]
    if not seen["id"]:
        return {"mark": None, "run": None}
    try:
        new = bridge.call("run_progress", id=seen["id"], query={"since": seen["next"], "preview": seen["number"]})
    except BridgeError as error:
        if error.code != "run_not_found":
            raise
        seen["id"] = None  # another data directory: what was trained there is not here
        return {"mark": None, "run": None}
    seen["next"] = new["next"]
    seen["loss_d"] += new["loss_d"]
    seen["loss_g"] += new["loss_g"]
    if new["preview"]:
        seen["number"] = new["preview"]["number"]
        seen["preview"] = to_rhino(new["preview"]["mesh"])
    return {
        "mark": [seen["id"], seen["next"], seen["number"], new["run"]],
        "run": new["run"],
        "loss_d": thinned(seen["loss_d"]),
        "loss_g": thinned(seen["loss_g"]),
        "preview": seen["preview"],
    }


def find_run(bridge, wanted, memory):
    """Find the run to show when a file was opened: that of the model's name, else one under way or interrupted."""
    try:
        found = bridge.call("runs", query={"model": wanted} if wanted else {"only": "unfinished"})["runs"]
    except BridgeError as error:
        if error.code != "invalid_setting":
            raise
        return None  # there is no run of a model that cannot be called so, as a press says
    for run in found:
        if run["id"] in memory["taken"]:
            continue  # another Train component shows it
        if run["model"].lower() == wanted.lower() if wanted else run["state"] in ACTIVE + ("interrupted",):
            return run
    return None


def id_of(run):
    return run["id"]


def own_data(run):
    """Tell whether a data set was named to a run, and it is not MNIST."""
    named = run.get("settings", {}).get("data")
    return bool(run.get("data") and named and named.lower() != "mnist")


def thinned(numbers):
    """Return at most 1,000 of the numbers, evenly spread, the newest among them."""
    return numbers[:: -(1 + len(numbers) // 1000)][::-1]


def seconds_to_next(value):
    state = value["run"] and value["run"]["state"]
    return 0.7 if state in ACTIVE else 3.0 if state in ("interrupted", "stopped") else None


me = Component(ghenv)
owners = scriptcontext.sticky.setdefault("ganmnist runs", {})  # the guids of the components that show them
if len(owners) > 1000:
    owners.clear()
seen = me.memory.setdefault("seen", {"id": None})
others = [] if seen["id"] else [pair for pair in owners.items() if pair[1] != me.memory["guid"]]
me.memory["taken"] = [id for id, guid in others if me.is_present(guid)]  # what `find_run` leaves to them
waiting = me.memory["queue"]
before = me.memory["slots"].get("run")
known = before and before.value and before.value["run"]
active = bool(known and known["state"] in ACTIVE and not (before.error and before.error.down))
presses = me.memory["presses"]
plan, refused = {}, False
pressed = me.pressed("train", train)
try:
    plan = read_gan("gan", gan, is_wired(me.host, "gan")) or {}
    if not data and is_wired(me.host, "data"):  # else it would be MNIST that is learned from
        raise NotReady("data: its wire brings nothing: press load of Data, and see what it says")
except NotReady as problem:  # said before the button is pressed too
    refused = True
    me.tell(problem.message, "Error" if pressed else "Warning")

if pressed and not refused:
    if active or waiting:
        me.tell("It is training already: press stop first.", "Remark")
    else:
        me.queue("run_start", dict(plan, key=new_key(), **given))
if me.pressed("stop", stop):
    started = [call for call in waiting if call["sent"] and call["call"] == "run_start"]
    waiting[:] = started
    if started:  # its answer says which run that is
        me.queue("run_stop", id=id_of)
    elif seen["id"]:
        me.queue("run_stop", id=seen["id"])
if me.pressed("resume", resume) and seen["id"]:
    me.queue("run_resume", id=seen["id"])
pressed = presses != me.memory["presses"]
slot = me.ask("run", name or "", follow, again=seconds_to_next, now=pressed, about=[plan, given])

run = progress = losses_d = losses_g = preview = model = None
message = "not ready" if refused else "press train"
if slot.value and slot.value["run"]:
    about = slot.value["run"]
    run, progress, model = about["id"], about["text"], about["model"]
    losses_d, losses_g, preview = slot.value["loss_d"], slot.value["loss_g"], slot.value["preview"]
    message = progress
    if about["state"] == "interrupted":
        me.tell("{0} Press resume to go on.".format(about["problem"] or "The training was interrupted."))
    elif about["state"] == "failed":
        me.tell(about["problem"] or progress, "Error")
    if about.get("data") == STAND_IN and about["state"] not in ACTIVE:
        me.tell(
            "The model learned from {0}, digits drawn from the bundled model since MNIST could not be had: not MNIST "
            "itself. Put the four files of MNIST into a folder and name it in GANMNIST_DATA, or train again once "
            "there is a connection.".format(STAND_IN),
            "Remark",
        )
    elif own_data(about) and about["state"] in ("succeeded", "stopped"):
        me.tell("The model learned from {0}.".format(about["data"]), "Remark")
    for sentence in about.get("warnings", []):
        me.tell(sentence)
me.show(slot, message)
if waiting and slot.error:
    me.tell("The press is remembered for a minute, until the server is there.", "Remark")
