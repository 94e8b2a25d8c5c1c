"""A process that plays Rhino: it holds one canvas, a test tells it what to do, its main thread is the screen thread.

Commands and answers are lines of JSON on standard input and output. Between commands the canvas lives on: late answers
arrive and scheduled solutions happen, as they would before the user's eyes.
"""

from __future__ import print_function

import io
import json
import os
import sys
import threading
import traceback

import fakes
import ironpython
import shapes


class Canvas(object):
    def __init__(self, folder):
        self.folder = folder
        self.documents = {"": fakes.Document()}
        self.placed = {}  # name: (component's name, component)

    @property
    def document(self):
        return self.documents[""]

    def open(self, document, kind="shown"):
        """Open one more document: shown, in a cluster of the first, or hidden, as Rhino.Compute has them."""
        owner = fakes.ClusterObject(self.document) if kind == "cluster" else None
        self.documents[document] = fakes.Document(kind == "shown", owner)

    def close(self, document):
        """Close a document with all that was placed in it."""
        closed = self.documents.pop(document)
        closed._close()
        self.placed = {name: found for name, found in self.placed.items() if found[1]._document is not closed}

    def cycle(self, component, times):
        """Open a document, solve a component in it, close it again, so many times."""
        for _ in range(times):
            self.open("passing")
            self.place("passing", component, "passing", "guid-of-the-same")
            self.solve("passing", [{}])
            self.close("passing")

    def sticky(self):
        """Return how many things Rhino's sticky holds."""
        return len(sys.modules["scriptcontext"].sticky)

    def place(self, name, component=None, document="", guid=None):
        """Put a component on the canvas; it is solved with the next solution."""
        component = component or name
        path = os.path.join(self.folder, component)
        with io.open(path + ".json") as file:
            interface = json.load(file)
        with io.open(path + ".py", encoding="ascii") as file:
            source = file.read()
        self.placed[name] = (
            component,
            fakes.Component(self.documents[document], guid or "guid-of-" + name, source, interface),
        )

    def wire(self, source, output, target, input):
        """Lead a wire to an input, beside those that lead there already."""
        self.find(target)._wires.setdefault(input, []).append((self.find(source), output))

    def reopen(self, name, inputs):
        """Close the file and open it again: the same guids, other objects, and one has these inputs; sticky stays."""
        old = self.placed
        self.document._close()
        self.documents[""], self.placed = fakes.Document(), {}
        for each in sorted(old):
            self.place(each, old[each][0])
            self.find(each)._runs = [inputs] if each == name else old[each][1]._runs
        self.document._solve()

    def delete(self, name):
        component = self.find(name)
        component._document._components.remove(component)
        object.__setattr__(component, "_document", None)

    def undelete(self, name, document=""):
        """Undo the deletion: another object with the same guid, inputs and wires, as Grasshopper makes it anew."""
        kind, old = self.placed[name]
        self.place(name, kind, document, old._guid)
        self.find(name)._runs, self.find(name)._wires = old._runs, old._wires
        self.find(name)._document._solve()

    def solve(self, name, runs, outputs=()):
        """Set inputs and solve what hangs on them. Several runs are what a list on an item input gives."""
        component = self.find(name)
        component._runs = [{key: self.value(value) for key, value in inputs.items()} for inputs in runs]
        component._expire()
        component._document._solve()
        return self.report(name, outputs)

    def report(self, name, outputs=()):
        component = self.find(name)
        return {
            "message": component._message,
            "balloons": component._balloons,
            "times": component._times,
            "outputs": {output: shapes.plain(component._values[output]) for output in outputs},
            "threads": threading.active_count(),
            "described": component._described,
        }

    def burst(self, name, runs):
        """Solve with one input after the other, as dragging a slider does."""
        for inputs in runs:
            self.solve(name, [inputs])
            serve_screen(self, 0.0)
        return self.report(name)

    def find(self, name):
        return self.placed[name][1]

    def value(self, given):
        if isinstance(given, list):
            return [self.value(each) for each in given]
        if not isinstance(given, dict):
            return given
        if "curve" in given:
            return shapes.Curve(given["curve"])
        return shapes.plane(**given["plane"]) if "plane" in given else shapes.tree(given["tree"])


def serve_screen(canvas, seconds):
    """Do what the screen thread is asked to, for a while or until there is nothing."""
    try:
        event = fakes.EVENTS.get(timeout=seconds) if seconds else fakes.EVENTS.get_nowait()
        event()
    except fakes.queue.Empty:
        pass
    for document in list(canvas.documents.values()):
        document._solve_scheduled()


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else prints does not get between the answers
    fakes.install(shapes.CommonObject, Point3d=shapes.Point3d, PolylineCurve=shapes.PolylineCurve)
    ironpython.install()
    canvas = Canvas(sys.argv[1])
    running = [True]

    def carry_out(command):
        try:
            answer = {"answer": getattr(canvas, command.pop("do"))(**command)}
        except Exception:
            answer = {"traceback": traceback.format_exc()}
        answer["mistakes"] = fakes.MISTAKES
        print(json.dumps(answer), file=answers)
        answers.flush()

    def read():
        for line in iter(sys.stdin.readline, ""):
            command = json.loads(line)
            fakes.EVENTS.put(lambda command=command: carry_out(command))
        fakes.EVENTS.put(running.pop)

    reader = threading.Thread(target=read)
    reader.daemon = True
    reader.start()
    while running:
        try:
            serve_screen(canvas, min([document._wait() for document in canvas.documents.values()]))
        except Exception:
            fakes.MISTAKES.append(traceback.format_exc())
    os._exit(0)  # threads that wait for a server do not keep Rhino from closing


if __name__ == "__main__":
    main()
