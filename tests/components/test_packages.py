"""Packages for Rhino's package manager, held against its rules."""

import io
import re
import zipfile

import pytest
import yaml
from PIL import Image

from ghpython_components import definitions
from ghpython_components.document.releases import RELEASES
from ghpython_components.document.user_objects import CATEGORY, file_name, our_version
from ghpython_components.sources.component import all_components, version

SEMVER = r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?"


@pytest.fixture(params=RELEASES, ids=lambda release: f"Rhino {release.number}")
def release(request):
    return request.param


@pytest.fixture
def package(dist, release):
    path = dist / f"ganmnist-{version()}-rh{release.number}-any.yak"
    return zipfile.ZipFile(io.BytesIO(path.read_bytes()))


def test_the_manifest_says_what_the_package_manager_wants_to_know(package):
    manifest = yaml.safe_load(package.read("manifest.yml"))
    assert re.fullmatch(r"[A-Za-z0-9_-]+", manifest["name"])
    assert isinstance(manifest["version"], str)
    assert re.fullmatch(SEMVER, manifest["version"])
    assert manifest["version"] == version()
    assert all(isinstance(author, str) for author in manifest["authors"])
    assert manifest["description"].endswith("needs Python: in the project's folder type: python start.py")
    assert set(manifest) == {"name", "version", "authors", "description", "keywords", "icon"}


def test_the_icon_is_a_picture_in_the_package(package):
    icon = Image.open(io.BytesIO(package.read(yaml.safe_load(package.read("manifest.yml"))["icon"])))
    assert (icon.format, icon.size) == ("PNG", (64, 64))


def test_the_user_objects_that_rhino_takes_lie_at_the_top_and_are_those_of_the_folder(package, dist, release):
    rhino = release.rhino
    names = [name for name in package.namelist() if name.endswith(".ghuser")]
    assert sorted(names) == sorted(file_name(component.name, rhino) for component in all_components())
    for name in names:
        assert package.read(name) == (dist / f"rhino{rhino.number}" / name).read_bytes()
        assert our_version(name, package.read(name)) == version()
    others = [name for name in package.namelist() if name not in names and not name.startswith("definitions/")]
    assert others == ["icon.png", "manifest.yml", "misc/LICENSE", "misc/README.md"]


def test_the_definitions_with_the_same_components_are_in_it(package, dist, release):
    names = [name for name in package.namelist() if name.startswith("definitions/")]
    assert names == [f"definitions/{name}.gh" for name in definitions.names()]
    for name in names:
        built = dist / "definitions" / f"rhino{release.rhino.number}" / name.removeprefix("definitions/")
        assert package.read(name) == built.read_bytes()


def test_the_readme_says_where_rhino_has_put_what_to_open(package, release):
    readme = package.read("misc/README.md").decode()
    assert readme.startswith(f"# ganmnist {version()} for Rhino {release.number}\n")
    assert " ".join(yaml.safe_load(package.read("manifest.yml"))["description"].split()) in " ".join(readme.split())
    assert f"Grasshopper's tab {CATEGORY}." in readme
    assert re.findall(r"^- (definitions/.*)", readme, re.MULTILINE) == [
        name for name in package.namelist() if name.startswith("definitions/")
    ]
    assert f"\\Rhinoceros\\packages\\{release.folder}\\ganmnist\\{version()}`" in readme
    assert f"/Rhinoceros/packages/{release.folder}/ganmnist/{version()}`" in readme


def test_the_zip_is_whole_and_has_no_times_of_its_own(package):
    assert package.testzip() is None
    assert {entry.date_time for entry in package.infolist()} == {(2026, 1, 1, 0, 0, 0)}
