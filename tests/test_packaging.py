"""What others get: both packages hold all they must and nothing else, and the wheel works far from this tree."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml
from PIL import Image

import ganmnist
from ganmnist.models.manifest import ALL_BUNDLED

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("ganmnist", "bridge_server", "ghpython_components")
BUILT = f"ganmnist-{ganmnist.__version__}"
# What setuptools adds to the source package, and to the wheel, besides what is ours.
EGG_INFO = {"PKG-INFO", "SOURCES.txt", "dependency_links.txt", "entry_points.txt", "requires.txt", "top_level.txt"}
SOURCE_EXTRAS = {"PKG-INFO", "setup.cfg", *(f"ganmnist.egg-info/{name}" for name in EGG_INFO)}
DIST_INFO = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt", "licenses/LICENSE"}
BUILD = "import sys; from setuptools import build_meta; build_meta.{}(sys.argv[1])"


def source_files() -> set[str]:
    """Return every file under version control; where git cannot say, every file that it would not ignore."""
    listed = b""
    if (ROOT / ".git").exists() and shutil.which("git"):
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE).stdout
    if listed:
        found = {name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()}
    else:
        names = (ROOT / ".gitignore").read_text(encoding="utf-8").replace("/", "").split()
        ignored = shutil.ignore_patterns(".git", *names)
        found = set()
        for folder, folders, files in os.walk(ROOT):
            folders[:] = set(folders) - ignored(folder, folders)
            found |= {(Path(folder) / name).relative_to(ROOT).as_posix() for name in files}
    return found - SOURCE_EXTRAS


@pytest.fixture(scope="module")
def source_package(tmp_path_factory) -> Path:
    """The source package, built from a copy of the files under version control: nothing is left in this tree."""
    copy = tmp_path_factory.mktemp("copy")
    for name in source_files():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    return build("build_sdist", copy)


@pytest.fixture(scope="module")
def wheel(source_package, tmp_path_factory) -> Path:
    """The wheel, built from the source package alone."""
    folder = tmp_path_factory.mktemp("unpacked")
    shutil.unpack_archive(source_package, folder)
    return build("build_wheel", folder / BUILT)


def build(hook: str, tree: Path) -> Path:
    """Call setuptools as pip does, without the network that its separate environment would need."""
    done = subprocess.run(
        [sys.executable, "-c", BUILD.format(hook), "dist"], cwd=tree, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (built,) = (tree / "dist").iterdir()
    return built


def environment() -> dict[str, str]:
    """Return this process's environment without the way to this tree."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


class Installed:
    """The wheel in an environment of its own, which has torch and the rest from the one that runs the tests."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        venv.create(folder, symlinks=os.name != "nt")  # as `python -m venv` does
        where = {"base": str(folder), "platbase": str(folder)}
        self.packages = Path(sysconfig.get_path("purelib", "venv", where))
        self.programs = Path(sysconfig.get_path("scripts", "venv", where))
        pip = [sys.executable, "-m", "pip", "--python", str(folder), "--disable-pip-version-check"]
        install = [*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
        subprocess.run(install, env=environment(), check=True)
        # A .pth file that is found by way of another counts for nothing, so that an editable install stays unseen.
        paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        (self.packages / "requirements.pth").write_text("\n".join(sorted(paths)), encoding="utf-8")

    def run(self, program: str, *options: str, cwd: Path, input: str | None = None) -> str:
        """Run one of the programs of the environment in a folder and return what it printed."""
        command = [str(self.programs / program), *options]
        done = subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, input=input)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Installed:
    return Installed(tmp_path_factory.mktemp("environment"), wheel)


def test_the_source_package_is_the_whole_source_tree(source_package):
    with tarfile.open(source_package) as archive:
        names = {member.name.removeprefix(f"{BUILT}/") for member in archive if member.isfile()}
    assert names == source_files() | SOURCE_EXTRAS


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    ours = {name for name in source_files() if name.startswith(tuple(f"{package}/" for package in PACKAGES))}
    assert names == ours | {f"{BUILT}.dist-info/{name}" for name in DIST_INFO}
    assert {"ganmnist/py.typed", "bridge_server/py.typed"} <= names  # as the classifier `Typed` says


def test_what_is_imported_of_an_installed_wheel_is_its_own_copy(installed, tmp_path):
    script = f"import {', '.join(PACKAGES)}\nfor package in ({', '.join(PACKAGES)}): print(package.__file__)"
    files = installed.run("python", "-c", script, cwd=tmp_path).splitlines()
    assert [Path(file) for file in files] == [installed.packages / package / "__init__.py" for package in PACKAGES]


def test_an_installed_wheel_generates_a_digit(installed, home):
    installed.run("ganmnist", "generate", "--digit", "4", "--count", "1", "--out", "four.png", cwd=home)
    with Image.open(home / "four.png") as picture:
        low, high = picture.convert("L").getextrema()
    assert (low < 64, high > 192) == (True, True)


def test_an_installed_wheel_serves_its_page_with_all_its_files(installed, start_server):
    server = start_server(installed=installed.programs / "ganmnist-server")
    assert server.call("GET", "/api/health")[0] == 200
    assert [model["name"] for model in server.call("GET", "/api/models")[1]["models"]] == [*ALL_BUNDLED]
    launch = json.loads((server.home / "launch.json").read_bytes())
    assert Path(launch["command"][0]).parent == installed.programs
    status, _, page = server.raw("GET", "/")
    assert status == 200
    asked = set(re.findall(r'(?:href|src)="(/[^"]+)"', page.decode()))
    assert "/static/main.js" in asked
    page_files = {name.removeprefix("bridge_server/page/") for name in source_files() if "server/page/" in name}
    for path in asked | {f"/static/{name}" for name in page_files}:
        status, _, content = server.raw("GET", path, headers={"Authorization": ""})
        assert (status, bool(content)) == (200, True), path


def test_an_installed_wheel_puts_its_components_where_grasshopper_looks(installed, home):
    folder = home / "UserObjects"
    folder.mkdir()
    said = installed.run("ganmnist-server", "install-components", "--to", str(folder), cwd=home)
    metadata = ROOT / "ghpython_components" / "components"
    for number in (7, 8):
        names = {path.name for path in folder.glob(f"*_rh{number}.ghuser")}
        assert {f"ganmnist_{path.parent.name}_rh{number}.ghuser" for path in metadata.glob("*/metadata.json")} <= names
    first = home / "definitions" / "rhino8" / "01_first_digit.gh"
    assert said.rstrip().endswith(str(first.parent))
    assert first.stat().st_size > 0


def test_an_installed_wheel_lends_an_assistant_its_tools(installed, home):
    asked = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "anybody", "version": "1"}}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": asked}
    said = installed.run("ganmnist-server", "mcp", cwd=home, input=json.dumps(asked) + "\n")
    assert json.loads(said)["result"]["serverInfo"]["version"] == ganmnist.__version__


@pytest.mark.skipif(os.name == "nt", reason="there uv and pipx put copies in place of links")
def test_a_wheel_that_uv_has_installed_as_a_tool_names_its_commands_as_they_are_found(wheel, tmp_path, home):
    """As uv does it: an environment somewhere, a receipt in it, and links to its programs on the PATH."""
    made = Installed(tmp_path / "tools" / "ganmnist", wheel)
    (tmp_path / "tools" / "ganmnist" / "uv-receipt.toml").touch()
    (tmp_path / "bin").mkdir()
    for program in ("ganmnist", "ganmnist-server"):
        (tmp_path / "bin" / program).symlink_to(made.programs / program)
    on_path = {**environment(), "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["ganmnist-server", "status"], env=on_path, cwd=home, capture_output=True, text=True)
    assert done.returncode == 5
    assert done.stderr.rstrip().endswith(f": ganmnist-server serve --data-dir {home}")
    said = made.run("python", "-c", "from ganmnist import remedies; print(remedies.UPDATE)", cwd=home)
    assert "type there: uv tool install --force --torch-backend cpu ." in said


def test_the_wheel_says_what_each_extra_brings(wheel):
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"{BUILT}.dist-info/METADATA").decode()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(re.findall(r"^Provides-Extra: (.+)$", metadata, re.MULTILINE)) == {*project["optional-dependencies"]}
    assert re.search(r'^Requires-Dist: mcp<3,>=2.3; extra == "mcp"$', metadata, re.MULTILINE)
    needed = re.findall(r"^Requires-Dist: (?!.*extra ==)(.+)$", metadata, re.MULTILINE)
    assert len(needed) == len(project["dependencies"]), "nothing of the extras comes without being asked for"


def test_the_citation_names_this_version_and_its_licence():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["version"], citation["license"]) == (ganmnist.__version__, "MIT")
