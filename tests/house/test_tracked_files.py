"""What may not stand in any file of the project: addresses of package registries and paths of somebody's machine."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.programs import ROOT

# The patterns are written so that they do not find themselves here.
FORBIDDEN = re.compile(
    r"""
      (?:pypi|pythonhosted|npmjs|yarnpkg|anaconda|jsdelivr|unpkg)[.](?:org|com|net)   # public registries
    | https?://[^\s"'<>)]*/(?:simple|artifactory|nexus|repository|npm)(?:[/\s"'<>)]|$)   # a registry of one's own
    | file:[/]{3}                                                                    # a registry in a folder
    | (?<![\w.$~}*-])/(?:work|root|home|Users|tmp|opt/(?:pypi|wheels))(?:[/]\w|\b[/]?(?=["'\s)]|$))  # a path
    """,
    re.VERBOSE | re.MULTILINE,
)
CASES = [
    # text                                                      forbidden
    ("--index-url https://" + "pypi" + ".org/simple", True),
    ("https://files." + "pythonhosted" + ".org/packages/a.whl", True),
    ('"resolved": "https://registry.' + "npmjs" + '.org/a/-/a.tgz"', True),
    ("https://pip.example.net/mirror/" + "simple/", True),
    ("https://example.net/" + "artifactory/api", True),
    ("--find-links file:" + "///srv/wheels", True),
    ("--find-links /opt/" + "wheels", True),
    ('open("/' + 'root/notes.txt")', True),
    ("cd /" + "work/main", True),
    ('DATA = "/' + 'tmp"', True),
    ("see /" + "home/anna/calltally", True),
    ("https://www.apache.org/licenses/LICENSE-2.0", False),
    ("POST /in/sipgate and GET /api/v1/now", False),
    ("https://api.sipgate.com/v2/log", False),
    ("the network of rooms, the work/root of all", False),
    ('href="/statistics"', False),
]


@cache
def _files() -> list[Path]:
    """Return every file that is tracked or could be committed as it is."""
    git = shutil.which("git")
    assert git, "these tests ask git which files belong to the project"
    listed = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    )
    return [path for path in (ROOT / name for name in listed.stdout.decode().split("\0") if name) if path.is_file()]


@pytest.mark.parametrize(("text", "forbidden"), CASES)
def test_the_patterns_find_registries_and_paths_and_nothing_else(text: str, *, forbidden: bool) -> None:
    assert bool(FORBIDDEN.search(text)) is forbidden


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in _files()
        for number, line in enumerate(path.read_bytes().decode(errors="replace").splitlines(), start=1)
        if FORBIDDEN.search(line)
    ]
    assert not found


def test_no_lock_of_another_tool_with_addresses_inside_is_kept() -> None:
    names = {path.name for path in _files()}
    assert not names & {"uv.lock", "poetry.lock", "pdm.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml"}


def test_no_minified_or_bundled_script_is_kept() -> None:
    pages = [path for path in _files() if path.suffix in {".js", ".css"}]
    assert not [path for path in pages if ".min." in path.name or max(map(len, path.read_text().split("\n"))) > 400]
