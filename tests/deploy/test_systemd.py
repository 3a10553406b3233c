"""The unit of systemd: systemd itself understands it, and finds that it may do little."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.programs import ROOT, path_of

UNIT = ROOT / "deploy" / "systemd" / "calltally.service"
MOST_EXPOSED = 2.0
"""On systemd's scale from 0 to 10; below 2.5 it calls a service well protected."""

pytestmark = pytest.mark.needs("systemd-analyze")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Return the unit with its program in a folder of this test, because systemd looks for it."""
    program = tmp_path / ".venv" / "bin" / "calltally"
    program.parent.mkdir(parents=True)
    shutil.copy("/bin/true", program)
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/calltally", str(tmp_path)), encoding="utf-8")
    return copy


def _analyzed(*arguments: str) -> tuple[int, str]:
    environment = {**os.environ, "SYSTEMD_COLORS": "0", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [path_of("systemd-analyze"), *arguments], capture_output=True, text=True, env=environment, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_systemd_understands_every_line(unit: Path) -> None:
    status, said = _analyzed("verify", str(unit))
    assert (status, [line for line in said.splitlines() if unit.name in line]) == (0, [])


def test_a_wrong_line_would_be_found(unit: Path) -> None:
    unit.write_text(unit.read_text(encoding="utf-8").replace("ProtectHome=yes", "ProtectHome=perhaps"))
    _, said = _analyzed("verify", str(unit))
    assert "perhaps" in said


def test_the_service_is_hardly_exposed(unit: Path) -> None:
    _, said = _analyzed("security", "--offline=true", str(unit))
    level = re.search(r"exposure level for calltally\.service: ([0-9.]+)", said)
    assert level, said
    assert float(level[1]) <= MOST_EXPOSED


def test_the_unit_is_stopped_as_the_service_ends() -> None:
    text = UNIT.read_text(encoding="utf-8")
    assert "TimeoutStopSec=30" in text  # the service promises 20 seconds
    assert "Restart=always" in text
    assert "StateDirectory=calltally" in text
    assert "CALLTALLY_DATA=/var/lib/calltally" in text
