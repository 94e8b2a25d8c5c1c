"""The data set as the server shows it: the preview has a column for each class."""

from __future__ import annotations

import time

import numpy as np
import pytest
import rhino3dm
from PIL import Image

from bridge_server.backends.datasets import DataKeeper


def ready(keeper: DataKeeper):
    deadline = time.monotonic() + 20
    while (data := keeper.describe()).state in ("absent", "preparing"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return data


@pytest.mark.parametrize(
    ("names", "columns", "rows"),
    [(["axe", "bow", "cup"], 3, 4), ([f"{number:02}" for number in range(12)], 10, 4), ([""], 10, 2)],
    ids=["three classes", "twelve classes", "none"],
)
def test_the_preview_of_own_pictures_has_a_column_for_each_class_up_to_ten(tmp_path, monkeypatch, names, columns, rows):
    for name in names:
        for number in range(5 if name else 17):
            path = tmp_path / "own" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.eye(28, dtype=np.uint8) * 200).save(path)
    monkeypatch.setenv("GANMNIST_DATA", str(tmp_path / "own"))
    data = ready(DataKeeper(tmp_path))
    assert (data.state, data.name) == ("ready", "own")
    mesh = rhino3dm.CommonObject.Decode({"version": 10000, **data.preview.mesh.model_dump()})
    xs = [mesh.Vertices[place].X for place in range(len(mesh.Vertices))]
    assert len(xs) == rows * 28 * columns * 28
    assert max(xs) == columns * 28 - 1
    assert max(mesh.Vertices[place].Y for place in range(len(mesh.Vertices))) < 0  # a training's preview is above
