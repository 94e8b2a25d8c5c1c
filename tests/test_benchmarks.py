"""Every benchmark still runs: for two seconds each, so that what they print is not looked at."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.chromium import chromium

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[1] / "benchmarks"
SHORT = {
    "bridge.py": ["--calls", "2", "--seconds", "0.5", "--presets", "fast"],
    "cluster.py": ["--runs", "2", "--kills", "1", "--steps", "2000"],
    "device.py": ["--times", "0.5", "--samples", "200"],
    "few_pictures.py": ["--counts", "40", "--steps", "2", "--samples", "150", "--starts", "chance"],
    "geometry.py": ["--calls", "1"],
    "load.py": ["--rounds", "1", "--seconds", "0.2", "--floods", "2"],
    "many.py": ["--counts", "3"],
    "page.py": ["--opens", "1", "--seconds", "0.3"],
    "ranks.py": ["--ranks", "2", "--presets", "fast", "--seconds", "0.5", "--rounds", "1", "--images", "0"],
    "sampling.py": ["--calls", "2"],
    "soak.py": ["--minutes", "0.02"],
    "steps.py": ["--only", "fast", "--steps", "3", "--seeds", "1", "--samples", "200"],
    "training.py": ["--times", "12", "--seeds", "1", "--samples", "200", "--only", "hinge"],
}


@pytest.mark.parametrize("name", SHORT)
def test_a_benchmark_runs(name, tmp_path, request):
    if name == "page.py":
        if find_spec("playwright") is None:
            pytest.skip("playwright is not installed: pip install playwright")
        chromium()
    if name == "cluster.py" and find_spec("ray") is None:
        pytest.skip("ray is not installed: pip install -e '.[ray]'")
    if name in ("cluster.py", "device.py", "steps.py", "training.py"):
        request.getfixturevalue("mnist_at_hand")
    options = [*SHORT[name], *(["--out", str(tmp_path)] if name in ("steps.py", "training.py") else [])]
    done = subprocess.run(
        [sys.executable, name, *options], cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 2, "a table"


def test_none_is_left_out():
    commands = {path.name for path in FOLDER.glob("*.py") if "__main__" in path.read_text("utf-8")}
    assert commands - {"keras_dcgan.py", "plain_dcgan.py"} == set(SHORT)
