"""Geometry: rhino3dm where there is one, else openNURBS text that the test decodes."""

import base64
from collections import OrderedDict

from fakes import Path, Strict, Tree, mistake

try:
    import rhino3dm
except ImportError:  # Python 2
    rhino3dm = None

POINT_CLOUD = base64.b16decode("47F38824FAF8D311BFEC0010830122F0")  # class id in openNURBS text


class Point(Strict):
    """One point of a cloud that only rhino3dm could read."""

    def __init__(self, number):
        self._number = number


class Geometry(Strict):
    """Geometry, where rhino3dm is not at hand."""

    def __init__(self, archive3dm, opennurbs, data):
        self._text = {"archive3dm": archive3dm, "opennurbs": opennurbs, "data": data}

    def SetUserString(self, key, value):
        self._remembers = {str(key): str(value)}
        return True


class Cloud(Geometry):
    def GetPoints(self):
        return [Point(number) for number in range(784)]


class Vector(Strict):
    def __init__(self, numbers):
        self._numbers = numbers

    X = property(lambda self: self._numbers[0])
    Y = property(lambda self: self._numbers[1])
    Z = property(lambda self: self._numbers[2])


class Plane(Strict):
    def __init__(self, origin, xaxis, yaxis):
        self._axes = Vector(origin), Vector(xaxis), Vector(yaxis)

    Origin = property(lambda self: self._axes[0])
    XAxis = property(lambda self: self._axes[1])
    YAxis = property(lambda self: self._axes[2])


class Point3d(Vector):
    def __init__(self, x, y, z):
        Vector.__init__(self, [x, y, z])


if rhino3dm:
    Point3d = rhino3dm.Point3d


class PolylineCurve(Strict):
    """A curve that a component makes of points."""

    def __init__(self, points):
        if len(points) < 2 or not all(isinstance(point, Point3d) for point in points):
            mistake("a PolylineCurve wants two points or more")
        self._points = points

    @property
    def PointCount(self):
        return len(self._points)

    def Point(self, place):
        return self._points[place]


class Curve(Strict):
    """A curve through points; one of a single point has no length."""

    def __init__(self, points):
        self._points = [Point3d(*point) for point in points]

    def GetLength(self):
        return float(len(self._points) - 1)

    def ToPolyline(self, tolerance, angle, shortest, longest):
        if not tolerance > 0:
            mistake("ToPolyline wants a tolerance")
        return PolylineCurve(self._points)

    def DivideByCount(self, count, ends):
        return None  # as Rhino does where there is no length

    def PointAt(self, parameter):
        return self._points[int(parameter)]

    @property
    def Domain(self):
        return Interval()


class Interval(Strict):
    Min = 0.0


def from_base64_string(archive3dm, opennurbs, data):
    for number in (archive3dm, opennurbs):
        if not -(2**31) <= number < 2**31:
            mistake("{0} is no Int32".format(number))
    if rhino3dm:
        text = {"version": 10000, "archive3dm": archive3dm, "opennurbs": opennurbs, "data": data}
        return rhino3dm.CommonObject.Decode(text)
    content = base64.b64decode(data)
    return (Cloud if POINT_CLOUD in content else Geometry)(archive3dm, opennurbs, data)


class CommonObject(object):
    FromBase64String = staticmethod(from_base64_string)


def plain(value):
    """Turn an output into JSON: geometry as openNURBS text, a tree as {"0;1": [...]}."""
    if isinstance(value, Tree):
        return OrderedDict((";".join(map(str, path)), plain(value._branches[path])) for path in sorted(value._branches))
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, Geometry):
        return value._text
    if isinstance(value, PolylineCurve):
        return plain(value._points)
    if isinstance(value, Vector):
        return value._numbers
    if isinstance(value, Point):
        return value._number
    if rhino3dm and isinstance(value, rhino3dm.Point3d):
        return [value.X, value.Y, value.Z]
    if rhino3dm and isinstance(value, rhino3dm.CommonObject):
        return value.Encode()
    if hasattr(value, "rows"):
        return {"text": str(value), "rows": value.rows()}
    return value


def plane(origin, xaxis, yaxis):
    if rhino3dm:
        return rhino3dm.Plane(rhino3dm.Point3d(*origin), rhino3dm.Vector3d(*xaxis), rhino3dm.Vector3d(*yaxis))
    return Plane(origin, xaxis, yaxis)


def tree(branches):
    """Make a tree of {"0;1": [...]}."""
    made = Tree()
    for path, items in branches.items():
        for item in items:
            made.Add(item, Path([int(place) for place in path.split(";")]))
    return made
