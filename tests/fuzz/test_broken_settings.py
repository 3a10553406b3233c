"""Settings that cannot be used stop the start: one sentence with file, key, value, expectation and an example."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import environment

WRONG = [
    # settings, variables, what must be said
    ("[site\n", {}, ["calltally.toml", "line 1"]),
    ("[site]\ntime_zone = 'Mars/Olympus'\n", {}, ["site.time_zone", "Mars/Olympus", "Europe/Berlin"]),
    ("[server]\nlisten = 'everywhere'\n", {}, ["server.listen", "everywhere", "127.0.0.1:8080"]),
    ("[server]\nlisen = '127.0.0.1:1'\n", {}, ["server.lisen", "did you mean", "listen"]),
    ("[sources.sipgate]\ncheck_signature = 'no'\n", {}, ["sources.sipgate.check_signature", "no", "false"]),
    ("[sources.sipgate]\npublic_key = 'abc'\n", {}, ["sources.sipgate.public_key", "PEM"]),
    ("[sources.teletype]\n", {}, ["sources.teletype", "sipgate"]),
    ("", {"CALLTALLY_RETENTION__JOURNAL_DAYS": "soon"}, ["CALLTALLY_RETENTION__JOURNAL_DAYS", "soon"]),
    ("[database]\nurl = 'oracle://x'\n", {}, ["oracle"]),
]


def start(data: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Try to start the service; it must end by itself."""
    command = [sys.executable, "-m", "calltally", "serve", "--data", str(data)]
    done = subprocess.run(
        command, env={**environment(), **variables}, capture_output=True, text=True, check=False, timeout=30
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize(("settings", "variables", "said"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_setting_stops_the_start_with_a_sentence(
    tmp_path: Path, settings: str, variables: dict[str, str], said: list[str]
) -> None:
    (tmp_path / "calltally.toml").write_text(settings, encoding="utf-8")
    done = start(tmp_path, variables)
    assert done.returncode == 1
    assert [part for part in said if part not in done.stderr] == [], done.stderr
    if "." in said[0] and not said[0].endswith(".toml"):
        assert "calltally.toml" in done.stderr


def test_settings_that_are_no_text_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "calltally.toml").write_bytes(b"[site]\nname = '\xff\xfe'\n")
    done = start(tmp_path, {})
    assert done.returncode == 1
    assert "calltally.toml" in done.stderr


def test_a_data_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder")
    done = start(tmp_path / "data", {})
    assert done.returncode == 1
    assert str(tmp_path / "data") in done.stderr


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "calltally.db").write_bytes(b"no database " * 1_000)
    done = start(tmp_path, {})
    assert done.returncode == 1
    assert "is not a database" in done.stderr
