"""Media types of the calls, and the files that digits are written to."""

from __future__ import annotations

from typing import Literal

JSON, PNG, ZIP, BYTES = "application/json", "image/png", "application/zip", "application/octet-stream"
EVENTS = "text/event-stream"
FileFormat = Literal["obj", "stl", "ply", "3mf", "3dm", "json", "png", "gif", "npy"]
# What an export is to a browser. Text and COMPAS JSON are files too, which nobody should show or read as an answer.
MEDIA: dict[FileFormat, str] = {
    "obj": "model/obj",
    "stl": "model/stl",
    "ply": "application/vnd.ply",
    "3mf": "model/3mf",
    "3dm": "model/vnd.3dm",
    "json": JSON,
    "png": PNG,
    "gif": "image/gif",
    "npy": BYTES,
}
