"""What a component remembers between solves, and how it asks the server without making Rhino wait.

A request runs in a small thread, and the solve waits for it at most WAIT seconds. An answer that comes later schedules
a new solve. Threads do nothing but ask and sleep: what they find is handed to Rhino's screen thread, and only there is
anything of Grasshopper touched and any state changed, so there is nothing to lock.
"""

import threading
import time

import Grasshopper
import Rhino
import scriptcontext
import System

from ghpython_components.shared.canvas import tell
from ghpython_components.shared.client import CALL_SECONDS, Bridge, BridgeError, clock, new_shared
from ghpython_components.shared.presses import PRESS_LASTS
from ghpython_components.shared.server_files import file_stamp
from ghpython_components.shared.text import LONGEST_TAG, plain, tag

WAIT = 0.03  # seconds; Windows may add 15 ms to any wait
LONG_WAIT = 2 * CALL_SECONDS  # where there is one solution only
FRESH = 0.8  # seconds for which an answer is not asked for again
RETRY = (0.5, 1.0, 2.0, 4.0)  # seconds between tries while the server is down
PASSING = ("version", "model_not_found")  # refusals that time may mend, beside those that say when to come again
GIVE_UP = 3 * CALL_SECONDS
MEMORY = "ganmnist memory "  # and document, component and run: the name of a memory in Rhino's sticky


class Component(object):
    """One solve of a component; what must outlive it is in `memory`, in Rhino's sticky.

    A component is known by its document and its guid: a file that is open twice has components of the same guids.

    Args:
        ghenv: Of the script.
        wait: Have the solve wait for the server, as long as that may take. So it does anyhow where there will be no
            second solution: in a cluster, in Grasshopper Player, in Rhino.Compute.
    """

    def __init__(self, ghenv, wait=False):
        self.host = ghenv.Component
        document = self.host.OnPingDocument()
        name = "{0}{1} {2} ".format(MEMORY, document and document.RuntimeID, self.host.InstanceGuid)
        run = self.host.RunCount  # 1, 2, 3 ... where a list on an item input makes Grasshopper solve more than once
        memory = scriptcontext.sticky.get(name + str(run))
        if memory is None:
            _forget_what_is_gone()
            memory = {"name": name + str(run), "run": run, "slots": {}, "held": {}, "queue": [], "presses": 0}
            scriptcontext.sticky[memory["name"]] = memory
        memory["host"] = self.host  # another one after a deletion that was undone
        memory["guid"] = self.host.InstanceGuid
        memory["bridge"] = Bridge(scriptcontext.sticky.setdefault("ganmnist bridge", new_shared()))
        self.memory = memory
        first = scriptcontext.sticky.get(name + "1")
        if run == 1 or first is None:
            memory["deadline"] = clock() + WAIT
            first = memory
        memory["first"] = first
        first["runs"] = run  # so many, once the solution is over
        self.deadline = first["deadline"]  # all runs of one solution share it
        self.waits = wait or not _is_shown(document)
        if self.waits:
            self.deadline = clock() + LONG_WAIT

    def is_present(self, guid):
        """Tell whether a component is in this document, or has a memory in another."""
        document = self.host.OnPingDocument()
        if document is not None and document.FindObject(guid, False) is not None:
            return True
        return any(memory["guid"] == guid for memory in _memories())

    def pressed(self, name, value):
        """Tell whether a button went down in this solve. One that is down when the file opens did not."""
        held = self.memory["held"]
        before = held.get(name, True)
        held[name] = bool(value)
        return held[name] and not before

    def queue(self, call, body=None, **places):
        """Put a call that changes something in the queue, which `carry_out` of presses.py empties: each is made once.

        A place may be a function of the answer to the call before it in the queue; without one the call is left out.
        """
        self.memory["presses"] += 1
        queued = {"call": call, "body": body, "places": places, "until": clock() + PRESS_LASTS, "sent": False}
        self.memory["queue"].append(queued)

    def ask(self, name, request, work, again=None, now=False, keep=0, patience=GIVE_UP, about=None):
        """Have `work(bridge, request, memory)` done in the background, and return what is known: see `Slot`.

        Args:
            name: What is asked, in a word; each name has one request under way at a time.
            request: All inputs that the answer depends on. Another request is asked at once, the newest first.
            work: Asks the server and returns a dict; its "mark" differs when there is something new. It must not read
                the script's variables, since the next solve may be writing them.
            again: From that dict to the seconds after which to ask again, or None.
            now: Ask even if the server was down a moment ago.
            keep: Number of answers to keep, for requests that come back.
            about: What presses are made of, where that is more than the request: why one was refused is shown until
                this changes, or something is pressed again.
            patience: Seconds after which an answer is no longer waited for.
        """
        memory = self.memory
        slot = memory["slots"].setdefault(name, Slot())
        slot.about = [request if about is None else about, memory["presses"]]
        for call in memory["queue"]:
            call.setdefault("about", slot.about)
        if slot.refusal and slot.refusal[1] != slot.about:
            slot.refusal = None
        request = [request, memory["presses"]]
        changed = slot.request != request
        slot.request, slot.work, slot.again, slot.keep = request, work, again, keep
        job = slot.job
        if job and self.waits:
            job["done"].wait(max(0.0, self.deadline - clock()))
        if job and job["done"].is_set():
            _take(slot, job)
            changed = changed or job["request"] != request  # it was asked before a press, or another value
        elif job and clock() - job["started"] > patience:
            job["error"] = BridgeError("The server keeps sending and never ends. Start it again.", "endless", True)
            _take(slot, job)
        kept = changed and slot.recall()
        if slot.job is None and slot.needs_asking(changed, now):
            job = _start(memory, slot)
            if not kept:
                job["done"].wait(max(0.0, self.deadline - clock()))
            if job["done"].is_set():
                _take(slot, job)
            elif self.waits:
                slot.error = BridgeError(
                    "The server did not answer within {0} seconds, and nothing is solved here a second time. "
                    "Ask for less, or solve again.".format(plain(LONG_WAIT)),
                    "timeout",
                )
        _set_alarm(memory, slot)
        return slot

    def show(self, slot, text=""):
        """Put the state under the component, and errors into its balloon. What is old is called stale.

        A text that is too long for there goes into the balloon too. An answer without a mark is nothing to be stale.
        """
        error = slot.error or (slot.refusal and slot.refusal[0])
        if error is None:
            state = "" if slot.is_current() else "asking"
        elif error.wait:
            state = "server busy"  # it passes by itself
        else:
            state = "server down" if error.down else "see the balloon"
            passing = error.down or (error is slot.error and error.code == "model_not_found")
            self.tell(error.message, "Warning" if passing else "Error")
        if state and error is slot.error and slot.value is not None and slot.value["mark"] is not None:
            state = "stale - " + state
        if len(text) > LONGEST_TAG and not state:
            self.tell(text, "Remark")
        self.host.Message = state or tag(text)

    def tell(self, sentence, level="Warning"):
        """Show a sentence in the component's balloon: level Remark, Warning or Error."""
        tell(self.host, sentence, level)


class Slot(object):
    """What is known about one question.

    Attributes:
        value: The newest answer, or None. It stays when the server goes away.
        error: Why there is none newer: a BridgeError, or None.
    """

    def __init__(self):
        self.value = self.error = None
        self.refusal = None  # why a press was refused, and what it was made of
        self.about = self.request = self.answered = None
        self.work = self.again = self.job = None
        self.asked = 0.0  # when
        self.alarm = None  # when to ask again
        self.sleeping = False  # is there a thread that waits for the alarm?
        self.failures = 0
        self.stamp = None  # the discovery file's, at the last failure
        self.keep = 0
        self.kept = []  # (request, value), newest last

    def is_current(self):
        """Tell whether the value answers the newest request."""
        return self.value is not None and self.answered == self.request

    def trouble(self):
        """Return why there is no answer to the newest request that could be relied on, in a sentence, or None."""
        if self.error and not (self.holds_off() and self.is_current()):
            return self.error.message
        return None if self.is_current() else "the server has not answered yet"

    def holds_off(self):
        """Tell whether the server is down, or wants to be left alone for a while."""
        return self.error is not None and bool(self.error.down or self.error.wait)

    def needs_asking(self, changed, now):
        """Tell whether to ask now, in this solve."""
        error = self.error
        if error is not None and self.holds_off():
            return self.is_due() or (now and not error.wait)
        return now or changed or self.asked + FRESH < clock()

    def is_due(self):
        """Tell whether it is time to ask again: by the clock, or because a server has started."""
        alarm = self.alarm
        if alarm is None:
            return False
        return alarm <= clock() or (self.error is not None and file_stamp() != self.stamp)

    def recall(self):
        """Take up a kept answer to the request, if there is one."""
        for request, value in self.kept:
            if request == self.request:
                self.value, self.answered = value, request
                return True
        return False


def while_training(value):
    """Return the seconds after which to ask a model again that is learning; None for one that is not."""
    return 1.0 if value["training"] else None


def _start(memory, slot):
    job = {
        "request": slot.request,
        "work": slot.work,
        "bridge": memory["bridge"],
        "started": clock(),
        "done": threading.Event(),
        "error": None,
    }
    slot.job, slot.alarm = job, None
    thread = threading.Thread(target=_work, args=(memory, slot, job))
    thread.daemon = True
    thread.start()
    return job


def _work(memory, slot, job):
    """The thread of one request."""
    try:
        job["value"] = job["work"](job["bridge"], job["request"][0], memory)
    except Exception as error:
        # A BridgeError is known by its looks: the bridge may come from a later solve, whose classes are others.
        job["error"] = error if hasattr(error, "down") else _unusable(error)
    job["done"].set()
    _on_screen_thread(_arrived, memory, slot, job)


def _take(slot, job):
    """Note what a request found, and tell whether it is news."""
    before = slot.value, slot.answered, slot.error
    slot.job, slot.asked, slot.error = None, clock(), job["error"]
    press = getattr(slot.error, "press", None)
    if press is not None:
        slot.refusal, slot.error = (slot.error, press.get("about", slot.about)), None
        slot.alarm = clock()  # what there is beside it
        return True
    if slot.error:
        slot.failures, slot.stamp = slot.failures + 1, file_stamp()
        passing = slot.holds_off() or slot.error.code in PASSING
        seconds = max(slot.error.wait, RETRY[min(slot.failures, len(RETRY)) - 1]) if passing else None
    else:
        slot.failures, slot.value, slot.answered = 0, job["value"], job["request"]
        slot.kept = [pair for pair in slot.kept if pair[0] != slot.answered] + [(slot.answered, slot.value)]
        slot.kept = slot.kept[len(slot.kept) - slot.keep :]
        seconds = slot.again and slot.again(slot.value)
    slot.alarm = None if seconds is None else clock() + seconds
    return _marks(*before) != _marks(slot.value, slot.answered, slot.error)


def _marks(value, answered, error):
    return value and value["mark"], answered, error and error.message


def _arrived(memory, slot, job):
    """On the screen thread: an answer has come."""
    if slot.job is not job or _is_gone(memory):
        return  # the solve that asked has waited for it
    news = _take(slot, job)
    if slot.request != job["request"] and not slot.holds_off():
        _start(memory, slot)  # the slider has moved on meanwhile
    elif news:
        _solve_again(memory["host"])
    else:
        _set_alarm(memory, slot)


def _set_alarm(memory, slot):
    """See to it that somebody asks again at the time of the alarm."""
    if slot.alarm is None or slot.sleeping or slot.job:
        return
    slot.sleeping = True
    thread = threading.Thread(target=_sleep, args=(memory, slot))
    thread.daemon = True
    thread.start()


def _sleep(memory, slot):
    """The thread that waits for the alarm, which may be put off meanwhile."""
    while True:
        alarm = slot.alarm
        if alarm is None or slot.is_due():
            break
        time.sleep(max(0.0, min(alarm - clock(), 0.25)))
    _on_screen_thread(_awake, memory, slot)


def _awake(memory, slot):
    """On the screen thread: the alarm has gone off, or has been taken back."""
    slot.sleeping = False
    if slot.job is None and not _is_gone(memory):
        if slot.is_due():
            _start(memory, slot)
        else:
            _set_alarm(memory, slot)


def _is_gone(memory):
    """Tell whether nothing more is to be asked: the component or its document is gone, or solves fewer times by now."""
    sticky = scriptcontext.sticky
    if sticky.get(memory["name"]) is not memory:
        return True
    document = memory["host"].OnPingDocument()
    gone = document is None or not _is_open(document) or memory["run"] > memory["first"]["runs"]
    if gone:
        del sticky[memory["name"]]
    return gone


def _forget_what_is_gone():
    for memory in _memories():
        _is_gone(memory)


def _memories():
    sticky = scriptcontext.sticky
    return [sticky[name] for name in list(sticky.keys()) if str(name).startswith(MEMORY)]


def _is_open(document):
    """Tell whether a document is open, by itself or in a cluster of one that is."""
    while document is not None and document.Owner is not None:
        document = document.Owner.OwnerDocument()
    return _is_shown(document)


def _is_shown(document):
    """Tell whether a document is on the canvas, where a solution may follow another."""
    return document is not None and Grasshopper.Instances.DocumentServer.Contains(document)


def _solve_again(host):
    document = host.OnPingDocument()

    def expire(_):
        there = host.OnPingDocument() is not None  # it may have been deleted meanwhile
        if there and document.SolutionState != Grasshopper.Kernel.GH_ProcessStep.Process:
            host.ExpireSolution(False)

    if document is not None:
        document.ScheduleSolution(1, Grasshopper.Kernel.GH_Document.GH_ScheduleDelegate(expire))


def _on_screen_thread(function, memory, slot, *arguments):
    def act():
        try:
            function(memory, slot, *arguments)
        except Exception as error:  # it would end in Rhino's own loop, where nobody can say what is wrong
            slot.error = _unusable(error)
            _solve_again(memory["host"])

    Rhino.RhinoApp.InvokeOnUiThread(System.Action(act))


def _unusable(error):
    return BridgeError("The answer could not be used: {0}: {1}".format(type(error).__name__, error), "unusable")
