import os
import re

from ghpython_components.shared.client import BridgeError
from ghpython_components.shared.component import Component
from ghpython_components.shared.geometry import number_tree
from ghpython_components.shared.saving import load_file, stamp_of
from ghpython_components.shared.text import to_json


def restore(bridge, request, memory):
    content = request["text"].encode("utf-8")
    if not content:
        try:
            content = load_file(request["path"])
        except EnvironmentError as error:
            sentence = "path: {0} cannot be read ({1}): check the path"
            raise BridgeError(sentence.format(request["path"], error.strerror or type(error).__name__), "file")
    try:
        answer = bridge.call("restore", content)
    except BridgeError as error:
        if request["path"] and not request["text"]:  # whose name the server is not told
            error.message = re.sub("^the file(?=:)", lambda found: os.path.basename(request["path"]), error.message)
        raise
    return {
        "mark": answer,
        "z": number_tree(answer["z"], answer["count"]),
        "count": answer["count"],
        "model": answer["model"],
        "record": to_json(answer["record"], sort_keys=True),
        "remarks": answer["remarks"],
    }


me = Component(ghenv)
z = model = record = remarks = None
if path or text:
    where = os.path.expanduser(path or "")
    request = {"path": where, "text": text or "", "stamp": None if text else stamp_of(where)}
    slot = me.ask("restore", request, restore)
    message = ""
    if slot.value and slot.is_current():
        z, model, record = slot.value["z"], slot.value["model"], slot.value["record"]
        remarks = slot.value["remarks"]
        message = "{0} of {1}".format(slot.value["count"], model)
        for remark in remarks:
            me.tell(remark)
    me.show(slot, message)
else:
    me.tell("Say in path which file, or put the user text of an object into text.", "Remark")
