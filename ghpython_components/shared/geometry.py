"""The contract's JSON to RhinoCommon, and back."""

import base64
import struct
import time

import Rhino
import System
from Grasshopper import DataTree
from Grasshopper.Kernel.Data import GH_Path

from ghpython_components.shared.client import clock

BUSY = 0.004  # seconds for which one Python thread may keep the others waiting


def to_rhino(answer):
    """Turn openNURBS text into the native Mesh or PointCloud, in one call."""
    return Rhino.Runtime.CommonObject.FromBase64String(answer["archive3dm"], answer["opennurbs"], answer["data"])


def to_shapes(answers):
    """Turn openNURBS texts into native objects, and every few milliseconds let the thread of Rhino's screen in."""
    shapes = []
    paused = clock()
    for answer in answers:
        if clock() - paused > BUSY:
            time.sleep(0.001)
            paused = clock()
        shapes.append(to_rhino(answer))
    return shapes


def to_plane(plane):
    """Turn a Rhino plane into the contract's, or None into None."""
    if plane is None:
        return None
    return {"origin": _numbers(plane.Origin), "xaxis": _numbers(plane.XAxis), "yaxis": _numbers(plane.YAxis)}


def point_tree(clouds, owners, columns=None):
    """Put the points of clouds into a tree, in their order, row by row from the top.

    There is one branch {owner} per cloud, or where it has so many columns of pixels {owner;row} per row of it.
    """
    tree = DataTree[System.Object]()
    for owner, cloud in zip(owners, clouds):
        for place, point in enumerate(cloud.GetPoints()):
            tree.Add(point, _path(owner, place // columns) if columns else _path(owner))
    return tree


def tree_of(shapes, owners):
    """Put shapes into a tree with a branch {owner} for those of each owner."""
    tree = DataTree[System.Object]()
    for owner, shape in zip(owners, shapes):
        tree.Add(shape, _path(owner))
    return tree


def number_tree(text, count, columns=None):
    """Put base64 of little-endian float32 into a tree of `count` branches, as many numbers in each.

    The branches are {digit}, or where there are so many columns {row;column}.
    """
    content = base64.b64decode(text)
    numbers = struct.unpack("<{0}f".format(len(content) // 4), content)
    tree = DataTree[System.Object]()
    for place, number in enumerate(numbers):
        vector = place * count // len(numbers)
        path = _path(vector // columns, vector % columns) if columns else _path(vector)
        tree.Add(number, path)
    return tree


def remember(shapes, owners, stem, z, count):
    """Give shapes a user text that says where each comes from, which stays when they are baked: see Restore.

    Args:
        shapes: Geometry of Rhino's.
        owners: Which digit each belongs to.
        stem: The text without z, from the server.
        z: Base64 of the vectors of all digits.
        count: Number of digits.
    """
    content = base64.b64decode(z)
    width = len(content) // count
    parts = [content[start : start + width] for start in range(0, len(content), width)]
    texts = [stem[:-2] + base64.b64encode(part).decode("ascii") + stem[-2:] for part in parts]
    for owner, shape in zip(owners, shapes):
        shape.SetUserString("ganmnist", texts[owner])


def to_vectors(tree):
    """Return the numbers of a tree as a list for each branch, the empty ones left out."""
    branches = [] if tree is None else [[number for number in branch if number is not None] for branch in tree.Branches]
    return [branch for branch in branches if branch]


class Image(object):
    """The pixels of one image, in one object: a list of 784 numbers would make the canvas slow."""

    def __init__(self, pixels, number):
        self.pixels = pixels
        self.number = number

    def rows(self):
        """Return the greys, 0 to 255, as a list of rows from the top, each a list of numbers."""
        _, rows, columns = self.pixels["shape"]
        start = self.number * rows * columns
        content = bytearray(base64.b64decode(self.pixels["data"]))[start : start + rows * columns]
        return [list(content[row * columns : (row + 1) * columns]) for row in range(rows)]

    def __repr__(self):
        _, rows, columns = self.pixels["shape"]
        return "image {0}: {1} x {2} greys, see its rows()".format(self.number, rows, columns)

    __str__ = ToString = __repr__


def to_images(pixels):
    """Return one Image for each of the contract's Pixels."""
    return [Image(pixels, number) for number in range(pixels["shape"][0])]


def image_tree(groups):
    """Put groups of images into a tree with one branch {number} each."""
    tree = DataTree[System.Object]()
    for number, images in enumerate(groups):
        for image in images:
            tree.Add(image, _path(number))
    return tree


def _path(*places):
    return GH_Path(System.Array[int](list(places)))


def _numbers(point):
    return [point.X, point.Y, point.Z]
