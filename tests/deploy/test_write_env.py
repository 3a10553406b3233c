"""`deploy/write-env` makes an .env with passwords that nobody else has."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.programs import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with what the script needs of the checkout."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "write-env", tmp_path / "deploy")
    shutil.copy(ROOT / ".env.example", tmp_path)
    return tmp_path


def _written(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([checkout / "deploy" / "write-env"], capture_output=True, text=True, check=False)


def test_every_password_is_filled_in_and_another_one(checkout: Path) -> None:
    assert _written(checkout).returncode == 0
    text = (checkout / ".env").read_text(encoding="utf-8")
    passwords = re.findall(r"^\w+_PASSWORD=([0-9a-f]{48})$", text, re.MULTILINE)
    assert len(passwords) == len(set(passwords)) == 4
    assert re.sub(r"(_PASSWORD=)\w+", r"\1", text) == (checkout / ".env.example").read_text(encoding="utf-8")


def test_only_its_owner_may_read_it(checkout: Path) -> None:
    _written(checkout)
    assert (checkout / ".env").stat().st_mode & 0o777 == 0o600


def test_an_env_that_exists_stays_as_it_is(checkout: Path) -> None:
    (checkout / ".env").write_text("mine")
    done = _written(checkout)
    assert (done.returncode, done.stdout) == (1, "")
    assert (checkout / ".env").read_text() == "mine"


def test_the_passwords_stay_out_of_the_repository() -> None:
    assert "/.env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
