"""`calltally grafana write` and `calltally database grant-reader`, as somebody types them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from calltally.cli.main import app
from calltally.grafana.provisioning import files

RUNNER = CliRunner()


def _said(*arguments: str, ends: int = 0, text: str = "") -> str:
    done = RUNNER.invoke(app, arguments, input=text)
    assert done.exit_code == ends, done.output + repr(done.exception)
    return done.output


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_it_writes_the_files_of_a_kind_without_settings(tmp_path: Path, kind: str) -> None:
    said = _said("grafana", "write", str(tmp_path / "new"), "--database-kind", kind)
    assert "7 files written" in said
    found = {str(path.relative_to(tmp_path / "new")): path.read_text("utf-8") for path in tmp_path.rglob("*.*")}
    assert found == files(kind)


def test_it_follows_the_database_and_the_address_of_the_settings(tmp_path: Path) -> None:
    config = tmp_path / "calltally.toml"
    config.write_text(
        '[server]\npublic_url = "https://calls.example.org"\n'
        '[database]\nurl = "mysql://calltally:secret@db.example.org/calltally"\n',
        encoding="utf-8",
    )
    _said("grafana", "write", str(tmp_path / "out"), "--data", str(tmp_path), "--config", str(config))
    dashboard = json.loads((tmp_path / "out/dashboards/calltally/call-statistics.json").read_text("utf-8"))
    constant = next(each for each in dashboard["templating"]["list"] if each["type"] == "constant")
    assert constant["query"] == "https://calls.example.org"
    assert dashboard["panels"][0]["datasource"]["type"] == "mysql"
    everything = "".join(path.read_text("utf-8") for path in (tmp_path / "out").rglob("*.*"))
    assert "secret" not in everything


def test_with_sqlite_it_writes_the_dashboard_of_prometheus_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLTALLY_COMMAND", "./run")
    said = _said("grafana", "write", str(tmp_path / "out"), "--data", str(tmp_path))
    assert "`./run database move` carries" in said
    assert [path.name for path in tmp_path.rglob("*.json")] == ["calltally-by-prometheus.json"]


def test_where_grafana_finds_the_folder_can_be_said(tmp_path: Path) -> None:
    _said("grafana", "write", str(tmp_path), "--database-kind", "mariadb", "--provisioned-at", "/srv/grafana/")
    assert "path: /srv/grafana/dashboards/calltally\n" in (tmp_path / "dashboards/calltally.yaml").read_text("utf-8")


def test_sqlite_has_no_roles_and_a_reader_needs_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLTALLY_READER_PASSWORD", raising=False)
    monkeypatch.delenv("CALLTALLY_DATABASE__URL", raising=False)
    done = RUNNER.invoke(app, ["database", "grant-reader", "--data", str(tmp_path)], input="secret\n")
    assert "SQLite knows no roles" in str(done.exception)
    monkeypatch.setenv("CALLTALLY_DATABASE__URL", "postgresql://calltally:secret@127.0.0.1:1/calltally")
    _said("database", "grant-reader", "--data", str(tmp_path), ends=2, text="\n")
