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


def test_the_files_follow_the_settings_and_may_be_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CALLTALLY_DATA", str(tmp_path))
    monkeypatch.setenv("CALLTALLY_CONFIG", "")
    (tmp_path / "calltally.toml").write_text(SETTINGS, encoding="utf-8")
    folder = tmp_path / "etc" / "prometheus"
    for options in (["--target", "elsewhere:1"], []):
        with pytest.raises(SystemExit) as ended:
            run(["prometheus", "write", str(folder), *options])
        assert ended.value.code == 0
        assert capsys.readouterr().out == f"5 files written to {folder}.\n"
    assert sorted(path.name for path in folder.iterdir()) == [
        "alertmanager.yml",
        "calltally-alerts.yml",
        "calltally-rules.yml",
        "calltally-tests.yml",
        "prometheus.yml",
    ]
    assert '"127.0.0.1:8123"' in (folder / "prometheus.yml").read_text(encoding="utf-8")
    rules = (folder / "calltally-rules.yml").read_text(encoding="utf-8")
    assert 'le="25.0",outcome="answered",queue=~"support"' in rules
    assert not (tmp_path / "calltally.db").exists()  # nothing is opened for it
