"""The wheel: everything that lies in the package is in it, so that an installed calltally is a whole one."""

import fnmatch
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.programs import ROOT

SOURCE = ROOT / "src"
ASSETS = (
    "calltally/py.typed",
    "calltally/render/words/*.toml",
    "calltally/serve/web/static/*.css",
    "calltally/serve/web/static/*.js",
    "calltally/serve/web/static/*.svg",
    "calltally/serve/web/templates/*.html",
    "calltally/sources/*/sample.toml",
    "calltally/sources/*/README.md",
    "calltally/store/migrations/*.py",
)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the names of the files in a freshly built wheel; its metadata with their text."""
    folder = tmp_path_factory.mktemp("wheel")
    # In this environment and without an index, as ./run installs the checkout too.
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("calltally-*.whl")
    with ZipFile(built) as wheel:
        return {name: wheel.read(name).decode() if ".dist-info/" in name else "" for name in wheel.namelist()}


def _lies_in_the_package(path: Path) -> bool:
    return path.is_file() and path.suffix != ".pyc" and path.name != ".DS_Store"


def test_every_file_of_the_package_is_in_the_wheel(names: dict[str, str]) -> None:
    files = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*") if _lies_in_the_package(path)}
    assert files
    assert files - names.keys() == set()


@pytest.mark.parametrize("pattern", ASSETS)
def test_the_wheel_holds_each_kind_of_asset(names: dict[str, str], pattern: str) -> None:
    assert fnmatch.filter(names, pattern)


def test_the_wheel_holds_nothing_but_the_package_and_its_metadata(names: dict[str, str]) -> None:
    assert {name.split("/")[0] for name in names} == {"calltally", "calltally-0.1.0.dist-info"}


def test_the_wheel_offers_the_command_the_sources_and_the_licence(names: dict[str, str]) -> None:
    offered = names["calltally-0.1.0.dist-info/entry_points.txt"]
    assert "calltally = calltally.cli.main:run" in offered
    assert "[calltally.sources]" in offered
    assert "sipgate = calltally.sources.sipgate:SOURCE" in offered
    assert "Apache License" in names["calltally-0.1.0.dist-info/licenses/LICENSE"]
