"""What a command says of what it cannot do: one sentence, before anything is asked, in words of who called it."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Called
from tests.cli.test_commands import journal


def test_a_database_without_roles_is_told_before_a_password_is_asked_for(
    called: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CALLTALLY_READER_PASSWORD", raising=False)
    status, out, err = called("database", "grant-reader")
    assert (status, out) == (1, "")
    assert err == "calltally: SQLite knows no roles: whoever may read its file may read everything in it\n"


def test_an_export_that_cannot_be_written_names_the_file_that_was_named(called: Called, tmp_path: Path) -> None:
    assert called("database", "upgrade")[0] == 0
    file = tmp_path / "missing" / "calls.csv"
    status, out, err = called("calls", "export", "--output", str(file))
    assert (status, out) == (1, "")
    assert err == f"calltally: {file}: No such file or directory\n"


def test_an_import_of_what_is_no_journal_at_all_takes_two_lines(
    called: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLTALLY_COMMAND", "./run")
    assert called("messages", "import", "-", given="\n".join(journal()))[0] == 0
    calls = called("calls", "export")[1] * 20
    status, out, err = called("messages", "import", "-", given=calls)
    assert status == 1
    assert out.splitlines()[0] == "read 40, understood 0, already known 0, set aside 40"
    first, second = err.splitlines()
    assert first.startswith("line 1: no journal line: ")
    assert second == "No line of it is a message, as `./run messages export` writes them."


@pytest.mark.parametrize("kind", ["calls", "legs", "visits", "messages"])
def test_a_source_that_nobody_knows_is_called_wrongly(called: Called, kind: str) -> None:
    assert called("database", "upgrade")[0] == 0
    status, out, err = called(kind, "export", "--source", "nope")
    assert (status, out) == (2, "")
    assert "there is no source 'nope'; known are asterisk, sipgate" in " ".join(err.replace("│", " ").split())


def test_a_source_whose_messages_are_only_kept_can_be_exported(called: Called) -> None:
    line = journal()[0].replace("sipgate", "carrier pigeon")
    assert called("messages", "import", "-", given=line)[0] == 0
    status, out, _ = called("messages", "export", "--source", "carrier pigeon")
    assert status == 0
    assert json.loads(out)["source"] == "carrier pigeon"


@pytest.mark.parametrize(
    "arguments",
    [
        ("token", "revoke", "nobody"),
        ("queue-log", "import", "missing.log"),
        ("database", "move", "sqlite:////nowhere/a.db", "sqlite:////nowhere/b.db"),
    ],
    ids=" ".join,
)
def test_what_fails_says_who_speaks(called: Called, arguments: tuple[str, ...]) -> None:
    assert called("database", "upgrade")[0] == 0
    status, _, err = called(*arguments)
    assert status == 1
    assert err.startswith("calltally: ")
