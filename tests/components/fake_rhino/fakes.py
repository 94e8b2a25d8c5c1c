"""As much of Rhino and Grasshopper as the components use, for Python 2.7 and 3.9, and stricter than the real ones.

What the real ones forgive is noted in MISTAKES here: an unknown attribute, the component or its document touched from a
thread that is not the screen thread, a component expired while its document is solving.
"""

from __future__ import print_function

import itertools
import os
import shlex
import subprocess
import sys
import threading
import time
import types

import docstrings
import ironpython

try:
    import queue
except ImportError:  # Python 2
    import Queue as queue

MISTAKES = []
DOCUMENT_IDS = itertools.count(1)
EVENTS = queue.Queue()  # what the screen thread has to do: functions
SCREEN_THREAD = threading.current_thread()
clock = getattr(time, "monotonic", time.time)


def kept_waiting():
    """Return the seconds for which the screen thread was ready and other programs had the machine, as Linux tells."""
    try:
        with open("/proc/self/schedstat") as file:
            return int(file.read().split()[1]) / 1e9
    except EnvironmentError:
        return 0.0


def mistake(sentence):
    MISTAKES.append(sentence)
    raise AssertionError(sentence)


def on_screen_thread(what):
    if threading.current_thread() is not SCREEN_THREAD:
        mistake("{0} was touched from another thread".format(what))


class Strict(object):
    """An object of .NET: attributes that it does not have can be neither read nor set."""

    _settable = ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        mistake("{0} has no {1}".format(type(self).__name__, name))

    def __setattr__(self, name, value):
        if not name.startswith("_") and name not in self._settable:
            mistake("{0} has no {1} that can be set".format(type(self).__name__, name))
        object.__setattr__(self, name, value)


class Generic(Strict):
    """A generic type: DataTree[object], Array[int]."""

    def __init__(self, make):
        self._make = make

    def __getitem__(self, kind):
        return self._make


class Delegate(Strict):
    def __init__(self, function):
        self._function = function


class Action(Delegate):
    pass


class ScheduleDelegate(Delegate):
    pass


class Level(object):
    Blank, Warning, Error, Remark = "Blank", "Warning", "Error", "Remark"


class Step(object):
    PreProcess, Process, PostProcess = "PreProcess", "Process", "PostProcess"


class Path(Strict):
    def __init__(self, places):
        self._places = tuple(places)


class Tree(Strict):
    def __init__(self):
        self._branches = {}

    def Add(self, item, path):
        self._branches.setdefault(path._places, []).append(item)

    @property
    def Branches(self):
        return [self._branches[path] for path in sorted(self._branches)]


class DocumentServer(Strict):
    """The documents that are open on the canvas; those in clusters, and those that a server solves, are not."""

    def __init__(self):
        self._documents = []

    def Contains(self, document):
        on_screen_thread("the document server")
        return document in self._documents


class ClusterObject(Strict):
    """A cluster on the canvas, seen from the document in it."""

    def __init__(self, document):
        self._document = document

    def OwnerDocument(self):
        return self._document


class Instances(object):
    DocumentServer = DocumentServer()


class Document(Strict):
    """A Grasshopper document: components in the order of their wires. One in a cluster has an owner."""

    def __init__(self, shown=True, owner=None):
        self._id = next(DOCUMENT_IDS)
        self._owner = owner
        self._components = []
        self._schedule = []  # (when, delegate)
        self._state = Step.PostProcess
        if shown:
            Instances.DocumentServer._documents.append(self)

    def _close(self):
        if self in Instances.DocumentServer._documents:
            Instances.DocumentServer._documents.remove(self)

    @property
    def RuntimeID(self):
        on_screen_thread("the document")
        return self._id

    @property
    def Owner(self):
        on_screen_thread("the document")
        return self._owner

    def FindObject(self, guid, top_level_only):
        on_screen_thread("the document")
        return next((component for component in self._components if component._guid == guid), None)

    @property
    def SolutionState(self):
        on_screen_thread("the document")
        return self._state

    def ScheduleSolution(self, delay, delegate):
        on_screen_thread("the document")
        if not isinstance(delegate, ScheduleDelegate):
            mistake("ScheduleSolution wants a GH_ScheduleDelegate")
        self._schedule.append((clock() + delay / 1000.0, delegate))

    def _wait(self):
        """Return the seconds until the next scheduled solution."""
        return max(0.0, min([when for when, _ in self._schedule]) - clock()) if self._schedule else 0.05

    def _solve_scheduled(self):
        due = [entry for entry in self._schedule if entry[0] <= clock()]
        if due:
            self._schedule = [entry for entry in self._schedule if entry not in due]
            self._state = Step.PreProcess
            for _, delegate in due:
                delegate._function(self)
            self._solve()

    def _solve(self):
        self._state = Step.Process
        for component in self._components:
            if component._expired:
                component._solve()
        self._state = Step.PostProcess


class Port(Strict):
    """An input of a component."""

    def __init__(self, component, name):
        self._component = component
        self._name = name

    Name = NickName = property(lambda self: self._name)

    @property
    def SourceCount(self):
        on_screen_thread("the component")
        return len(self._component._wires.get(self._name, ()))


class Ports(Strict):
    def __init__(self, component):
        self._component = component

    @property
    def Input(self):
        return [Port(self._component, port["name"]) for port in self._component._inputs]


class Component(Strict):
    """A script component on the canvas."""

    _settable = ("Message",)

    def __init__(self, document, guid, source, interface):
        self._document = document
        self._guid = guid
        self._source = source
        self._code = ironpython.compiled(source)
        self._described = None
        self._inputs = interface["inputs"]
        self._outputs = [port["name"] for port in interface["outputs"]]
        self._wires = {}  # input: [(component, output)]
        self._runs = [{}]  # inputs of each run of a solve
        self._run = -1
        self._scope = {}
        self._balloons = []
        self._values = {}
        self._times = []  # ms of each solve
        self._expired = True
        self._message = None
        document._components.append(self)

    @property
    def InstanceGuid(self):
        on_screen_thread("the component")
        return self._guid

    @property
    def RunCount(self):
        on_screen_thread("the component")
        return self._run

    @property
    def Message(self):
        on_screen_thread("the component")
        return self._message

    @Message.setter
    def Message(self, text):
        on_screen_thread("the component")
        self._message = text

    @property
    def Params(self):
        on_screen_thread("the component")
        return Ports(self)

    def OnPingDocument(self):
        on_screen_thread("the component")
        return self._document

    def AddRuntimeMessage(self, level, text):
        on_screen_thread("the component")
        if self._document._state != Step.Process:
            mistake("a runtime message outside of a solve is lost")
        self._balloons.append([level, text])

    def ExpireSolution(self, recompute):
        on_screen_thread("the component")
        if self._document._state == Step.Process:
            mistake("the component was expired while its document was solving")
        if recompute:
            mistake("the component recomputes its document by itself")
        self._expire()

    def _expire(self):
        self._expired = True
        for other in self._document._components:
            before = [source for wires in other._wires.values() for source, _ in wires]
            if any(source is self for source in before) and not other._expired:
                other._expire()

    def _solve(self):
        self._expired = False
        del self._balloons[:]
        started, waited = clock(), kept_waiting()
        for number, inputs in enumerate(self._runs):
            self._run = number + 1
            self._solve_once(inputs)
        waited = kept_waiting() - waited  # told before the clock, so that it never says too much
        self._times.append((clock() - started - waited) * 1000)

    def _solve_once(self, inputs):
        # GHPython runs a script again in the scope of the solve before, Rhino 8 in a fresh one: each Python gets one.
        scope = self._scope if sys.version_info[0] == 2 else {}
        for port in self._inputs:
            empty = {"item": None, "list": [], "tree": Tree()}[port["access"]]
            scope[port["name"]] = inputs.get(port["name"], empty)
        for name, wires in self._wires.items():
            brought = [source._values[output] for source, output in wires]
            scope[name] = brought[0] if len(brought) == 1 else merged(brought)
        scope["ghenv"] = Environment(self)
        scope["__name__"] = "__main__"
        if sys.version_info[0] == 2:
            names = [port["name"] for port in self._inputs]
            self._described = docstrings.described(self._source, names, self._outputs)
        exec(self._code, scope)
        self._values = {name: scope[name] for name in self._outputs}


def merged(trees):
    """Return what several wires bring to an input that takes a tree: branches of the same path become one."""
    whole = Tree()
    for tree in trees:
        for path, branch in tree._branches.items() if tree else ():
            whole._branches.setdefault(path, []).extend(branch)
    return whole


class Environment(Strict):
    def __init__(self, component):
        self._component = component

    @property
    def Component(self):
        return self._component


def invoke_on_ui_thread(action):
    if not isinstance(action, Action):
        mistake("InvokeOnUiThread wants a System.Action")
    EVENTS.put(action._function)


class Variables(Strict):
    def __init__(self):
        self._values = dict(os.environ)

    def Remove(self, name):
        self._values.pop(name, None)


class ProcessStartInfo(Strict):
    _settable = ("UseShellExecute", "CreateNoWindow", "EnvironmentVariables")

    def __init__(self, program, arguments):
        self._command = [program] + shlex.split(str(arguments))
        self.UseShellExecute = True
        self.CreateNoWindow = False
        self.EnvironmentVariables = Variables()


class Process(Strict):
    def __init__(self, started):
        self._started = started

    @property
    def HasExited(self):
        return self._started.poll() is not None

    @property
    def ExitCode(self):
        if self._started.poll() is None:
            mistake("a process that runs has no exit status")
        return self._started.returncode

    @staticmethod
    def Start(how):
        if how.UseShellExecute or not how.CreateNoWindow:
            mistake("the process would open a window")
        env = how.EnvironmentVariables._values
        with open(os.devnull, "r+b") as null:
            command, streams = how._command, {"stdin": null, "stdout": null, "stderr": null}
            return Process(subprocess.Popen(command, env=env, preexec_fn=os.setsid, **streams))


def add_reference(name):
    """Load an assembly. Process has its own in .NET Core, of Rhino 8; in .NET Framework it is there always."""
    if name != "System.Diagnostics.Process":
        mistake("there is no assembly {0}".format(name))
    if sys.version_info[0] == 2:
        raise IOError("Could not add reference to assembly " + name)
    module("System.Diagnostics", Process=Process, ProcessStartInfo=ProcessStartInfo)


def module(name, **content):
    made = types.ModuleType(name)
    made.__dict__.update(content)
    sys.modules[name] = made
    if "." in name:
        parent, child = name.rsplit(".", 1)
        setattr(sys.modules[parent], child, made)


class RhinoApp(object):
    InvokeOnUiThread = staticmethod(invoke_on_ui_thread)


class GH_Document(object):
    GH_ScheduleDelegate = ScheduleDelegate


def install(common_object, **geometry):
    module("Rhino", RhinoApp=RhinoApp)
    module("Rhino.Geometry", **geometry)
    module("Rhino.Runtime", CommonObject=common_object)
    module("Grasshopper", DataTree=Generic(Tree), Instances=Instances)
    module("Grasshopper.Kernel", GH_Document=GH_Document, GH_RuntimeMessageLevel=Level, GH_ProcessStep=Step)
    module("Grasshopper.Kernel.Data", GH_Path=Path)
    module("System", Action=Action, Array=Generic(list), Object=object)
    module("System.Diagnostics")
    if sys.version_info[0] == 2:
        module("System.Diagnostics", Process=Process, ProcessStartInfo=ProcessStartInfo)
    module("clr", AddReference=add_reference)
    module("scriptcontext", sticky={})
