import os

from ghpython_components.shared.client import BridgeError, clock
from ghpython_components.shared.component import Component
from ghpython_components.shared.contract import DEFAULT_FORM, SOLIDS
from ghpython_components.shared.presses import PRESS_LASTS
from ghpython_components.shared.saving import save_file, trouble_with


def export(bridge, request, memory):
    wanted = memory["wanted"]
    if wanted and wanted[0]["until"] < clock():
        del wanted[:]
    if not wanted:
        if memory["failed"]:
            raise memory["failed"]
        return memory["saved"]
    order = wanted[0]
    try:
        content = bridge.fetch("export", order["body"])
        done = save_file(order["path"], content)
    except BridgeError as error:
        if not error.down and not error.wait:  # else the press waits for the server
            memory["failed"] = error
            del wanted[:]
        raise
    except EnvironmentError as error:
        sentence = "path: {0} cannot be written ({1}): close it where it is open, or choose another"
        why = error.strerror or type(error).__name__
        memory["failed"] = BridgeError(sentence.format(order["path"], why), "file")
        del wanted[:]
        raise memory["failed"]
    memory["saved"] = {"mark": [done, order["number"]], "done": done, "path": order["path"]}
    del wanted[:]
    return memory["saved"]


me = Component(ghenv)
memory = me.memory
memory.setdefault("wanted", [])  # the press that waits to be obeyed
memory.setdefault("saved", {"mark": None, "done": "", "path": None})
memory.setdefault("failed", None)  # why the last press led to nothing
memory.setdefault("number", 0)
where = os.path.expanduser(path or "")
problem = trouble_with(where) if where else None
if "z" not in given:
    problem = "Wire the z of Generate into z: it says which digits to save."
elif not where:
    problem = "Say in path where to save: a whole path whose ending says what, such as .3dm, .3mf, .stl or .png."
pressed = me.pressed("save", save)
if pressed and problem is None:
    memory["number"] += 1
    memory["failed"] = None
    body = dict(given, format=os.path.splitext(where)[1][1:].lower())
    memory["wanted"][:] = [{"body": body, "path": where, "number": memory["number"], "until": clock() + PRESS_LASTS}]

file = None
if memory["number"]:
    slot = me.ask("export", memory["number"], export, now=pressed)
    if slot.is_current():
        file = slot.value["path"]
    me.show(slot, memory["saved"]["done"])
if problem:
    me.tell(problem, "Warning" if pressed else "Remark")
else:
    ending = os.path.splitext(where)[1][1:].lower()
    form_of_file = given.get("form", DEFAULT_FORM)
    if ending in ("stl", "3mf") and form_of_file not in SOLIDS:
        me.tell(
            "form: {0} is no body, so it cannot be printed; {1} can".format(form_of_file, ", ".join(SOLIDS)), "Remark"
        )
