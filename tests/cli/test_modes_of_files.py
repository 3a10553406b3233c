"""Files of a site are for their owner only; those for other programs are not."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Called


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    """Let new files be readable for everyone, as on most machines."""
    before = os.umask(0o022)
    yield
    assert os.umask(before) == 0o022, "a command left another mask behind"


def mode(path: Path) -> int:
    """Return who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_password_set_before_the_first_start_makes_a_folder_for_its_owner_only(
    called: Called, tmp_path: Path
) -> None:
    assert called("password", given="correct horse battery\n")[0] == 0
    assert mode(tmp_path / "data") == 0o700


@pytest.mark.parametrize("kind", ["calls", "messages"])
def test_an_export_is_for_its_owner_only_unless_it_replaces_a_file_of_more(
    called: Called, tmp_path: Path, kind: str
) -> None:
    assert called("database", "upgrade")[0] == 0
    file = tmp_path / "export.jsonl"
    assert called(kind, "export", "--output", str(file))[0] == 0
    assert mode(file) == 0o600
    file.chmod(0o640)
    assert called(kind, "export", "--output", str(file))[0] == 0
    assert mode(file) == 0o640


@pytest.mark.parametrize(
    "arguments", [("grafana", "write", "--database-kind", "postgresql"), ("prometheus", "write")], ids=lambda a: a[0]
)
def test_what_other_programs_read_stays_readable_for_them(
    called: Called, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    folder = tmp_path / "etc"
    assert called(*arguments, str(folder))[0] == 0
    found = [folder, *folder.rglob("*")]
    assert {mode(path) for path in found if path.is_dir()} == {0o755}
    assert {mode(path) for path in found if path.is_file()} == {0o644}
