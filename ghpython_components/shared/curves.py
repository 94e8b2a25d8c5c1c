"""Curves of Rhino as the contract takes them: points in the plane of a frame."""


def to_polylines(curves, plane):
    """Turn Rhino curves into lists of [x, y] in a plane, the world's XY plane if it is None."""
    return [[_in_plane(point, plane) for point in corners(curve)] for curve in curves]


def corners(curve):
    """Return the points of a polyline that follows a curve, to a five-hundredth of its length."""
    length = curve.GetLength()
    polyline = curve.ToPolyline(length / 500, 0.1, 0.0, 0.0) if length > 0 else None
    if polyline is None:  # what cannot be followed so is cut into equal parts
        parameters = curve.DivideByCount(64, True)
        return [curve.PointAt(parameter) for parameter in parameters or [curve.Domain.Min]]
    return [polyline.Point(place) for place in range(polyline.PointCount)]


def _in_plane(point, plane):
    if plane is None:
        return [point.X, point.Y]
    x, y, z = point.X - plane.Origin.X, point.Y - plane.Origin.Y, point.Z - plane.Origin.Z
    return [x * axis.X + y * axis.Y + z * axis.Z for axis in (plane.XAxis, plane.YAxis)]
