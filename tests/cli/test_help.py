"""The help of every command, and what is said to who calls one wrongly."""

import re
from collections.abc import Iterator

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from calltally.cli.helping import plain
from calltally.cli.main import app
from tests.cli.conftest import Called


def paths(command: object, *above: str) -> Iterator[tuple[str, ...]]:
    """Yield the words that name each command."""
    yield above
    if isinstance(command, TyperGroup):
        for name, below in command.commands.items():
            yield from paths(below, *above, name)


@pytest.mark.parametrize("words", list(paths(get_command(app))), ids=" ".join)
def test_help_names_the_command_as_it_is_started_and_no_types_of_a_program(
    called: Called, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("CALLTALLY_COMMAND", "./run")
    status, out, _ = called(*words, "--help")
    assert status == 0
    assert f"Usage: {' '.join(('./run', *words))} [OPTIONS]" in out
    assert re.findall(r"<[a-z]|<=|>=|\x08", out) == []


def test_a_paragraph_of_help_flows_on_and_the_least_of_a_password_is_told() -> None:
    command = get_command(app)
    plain(command)
    assert isinstance(command, TyperGroup)
    told = command.commands["password"].help
    assert told is not None
    assert "8 characters or more" in told
    assert [paragraph for paragraph in told.split("\n\n") if "\n" in paragraph] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("bogus",), "Usage: ./run [OPTIONS]"),
        (("demo", "--days", "4000"), "expected 1 to 3650, not 4000"),
        (("demo", "--calls", "-1"), "expected 0 or more, not -1"),
        (("serve", "--listen", "everywhere"), "expected HOST:PORT, such as 127.0.0.1:8080"),
        (("verify", "--config", "missing.toml"), "there is no file missing.toml"),
    ],
)
def test_who_calls_a_command_wrongly_hears_what_is_expected(
    called: Called, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], told: str
) -> None:
    monkeypatch.setenv("CALLTALLY_COMMAND", "./run")
    status, out, err = called(*arguments)
    assert (status, out) == (2, "")
    assert told in err
