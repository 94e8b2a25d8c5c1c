"""The whole way with the real server: import MNIST, train, generate."""

import pytest
import rhino3dm

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(mnist_at_hand, start_shared_server):
    return start_shared_server()


def test_from_mnist_to_a_mesh(open_rhino, server, python):
    rhino = open_rhino(server.home)
    for name in ("data", "train", "generate"):
        rhino.place(name)
        rhino.solve(name)
    rhino.do("wire", source="train", output="model", target="generate", input="model")
    rhino.press("data", "load")
    rhino.until("data", lambda report: report["outputs"]["train"] == 60000, "train", seconds=60)

    settings = {"name": f"journey-{python[0]}", "images": 512, "epochs": 1, "seed": 3}
    rhino.press("train", "train", **settings)
    rhino.until("train", lambda report: report["message"].startswith("finished - 1 epoch"), seconds=60)

    rhino.solve("generate", latent=[0.5, -1.0], form="relief", height=4.0)
    report = rhino.until("generate", lambda report: report["message"] == f"journey-{python[0]} - step 16", "geometry")
    (text,) = report["outputs"]["geometry"]
    mesh = rhino3dm.CommonObject.Decode({"version": 10000, **text})
    assert mesh.IsValid
    assert (len(mesh.Vertices), len(mesh.Faces)) == (784, 729)
    assert report["balloons"] == []
    for name in ("data", "train", "generate"):
        assert max(rhino.report(name)["times"][1:]) < 100
