"""`calltally prometheus write` as a person calls it."""

from pathlib import Path

import pytest

from calltally.cli.main import run

SETTINGS = """
[server]
listen = "127.0.0.1:8123"
[[queues]]
name = "support"
target_seconds = 25
"""


FILES = ["alertmanager.yml", "calltally-alerts.yml", "calltally-rules.yml", "calltally-tests.yml", "prometheus.yml"]


@pytest.fixture(autouse=True)
def _site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLTALLY_DATA", str(tmp_path))
    monkeypatch.setenv("CALLTALLY_CONFIG", "")
    (tmp_path / "calltally.toml").write_text(SETTINGS, encoding="utf-8")


def _write(folder: Path, *options: str) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["prometheus", "write", str(folder), *options])
    assert ended.value.code == 0


def test_the_files_follow_the_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "etc" / "prometheus"
    _write(folder)
    assert capsys.readouterr().out == f"5 files written to {folder}.\n"
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert '"127.0.0.1:8123"' in (folder / "prometheus.yml").read_text(encoding="utf-8")
    rules = (folder / "calltally-rules.yml").read_text(encoding="utf-8")
    assert 'le="25.0",outcome="answered",queue=~"support"' in rules
    assert not (tmp_path / "calltally.db").exists()  # nothing is opened for it


def test_written_again_they_leave_what_a_person_filled_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "etc"
    _write(folder)
    (folder / "alertmanager.yml").write_text("# whom to wake", encoding="utf-8")
    (tmp_path / "calltally.toml").write_text(SETTINGS.replace("25", "35"), encoding="utf-8")
    capsys.readouterr()
    _write(folder, "--target", "elsewhere:1")
    assert capsys.readouterr().out == (
        f"3 files written to {folder}. Left as they are, for people change them: prometheus.yml, alertmanager.yml. "
        "Delete them first to have them anew.\n"
    )
    assert (folder / "alertmanager.yml").read_text(encoding="utf-8") == "# whom to wake"
    assert '"127.0.0.1:8123"' in (folder / "prometheus.yml").read_text(encoding="utf-8")
    assert 'le="35.0"' in (folder / "calltally-rules.yml").read_text(encoding="utf-8")
    _write(folder)
    (folder / "prometheus.yml").unlink()
    _write(folder, "--target", "elsewhere:1")
    assert '"elsewhere:1"' in (folder / "prometheus.yml").read_text(encoding="utf-8")
