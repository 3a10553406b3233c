"""What is missing on a machine: said loudly at the end with the command that brings it, and a failure where asked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import PROGRAMS, ROOT, path_of

TESTS = """
import pytest

@pytest.mark.needs("tsc")
def test_a_page(): pass

@pytest.mark.needs("tsc")
def test_another_page(): pass

def test_nothing_special(): pass
"""


def _run_tests(folder: Path, text: str = TESTS, **environment: str) -> subprocess.CompletedProcess[str]:
    """Return what pytest says of these tests on a machine without node."""
    (folder / "test_pages.py").write_text(text, encoding="utf-8")
    (folder / "conftest.py").write_text("from tests.conftest import *\n", encoding="utf-8")
    settings = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), "-p", "no:cacheprovider"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CALLTALLY_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *settings, str(folder / "test_pages.py")],
        cwd=folder,
        env={**clean, "PATH": str(folder), "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_missing_programs_are_named_with_their_command_and_the_last_line_is_pytests_own(tmp_path: Path) -> None:
    done = _run_tests(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "2 TESTS WERE SKIPPED" in done.stdout
    assert f"2 for want of tsc. To get it:  {PROGRAMS['tsc'].command}" in done.stdout
    assert "1 passed, 2 skipped" in done.stdout.splitlines()[-1]


def test_where_nothing_may_be_skipped_a_missing_program_is_a_failure(tmp_path: Path) -> None:
    done = _run_tests(tmp_path, CALLTALLY_TEST_STRICT="1")
    assert done.returncode == 1
    assert "needs tsc, which is not on this machine" in done.stdout


def test_where_nothing_may_be_skipped_any_other_skip_is_a_failure_too(tmp_path: Path) -> None:
    text = "import pytest\ndef test_it(): pytest.skip('not today')\n"
    assert _run_tests(tmp_path, text).returncode == 0
    assert _run_tests(tmp_path, text, CALLTALLY_TEST_STRICT="1").returncode == 1


@pytest.mark.needs("tsc")
def test_the_page_scripts_keep_their_types() -> None:
    done = subprocess.run(
        [path_of("tsc"), "--project", ROOT / "tsconfig.json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
