"""Packages for Rhino's package manager, held against its rules."""

import io
import re
import zipfile

import pytest
import yaml
from PIL import Image

from ghpython_components.document.releases import RELEASES
from ghpython_components.document.user_objects import file_name, our_version
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
    assert manifest["description"].endswith("pip install ganmnist.")
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
    others = sorted(set(package.namelist()) - set(names))
    assert others == ["icon.png", "manifest.yml", "misc/LICENSE"]


def test_the_zip_is_whole_and_has_no_times_of_its_own(package):
    assert package.testzip() is None
    assert {entry.date_time for entry in package.infolist()} == {(2026, 1, 1, 0, 0, 0)}
