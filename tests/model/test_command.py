"""Sentences name commands as the person here starts them."""

import pytest

from calltally.model.command import as_started, command_of

NAMES = [
    # CALLTALLY_COMMAND    what stands before a command
    (None, "calltally"),
    ("", "calltally"),
    ("./run", "./run"),
    ("docker compose exec calltally calltally", "docker compose exec calltally calltally"),
    ("evil\x1b[2J", "calltally"),
]


@pytest.mark.parametrize(("told", "command"), NAMES)
def test_the_name_is_what_the_starter_said(told: str | None, command: str) -> None:
    assert command_of({} if told is None else {"CALLTALLY_COMMAND": told}) == command


def test_only_commands_in_backticks_are_renamed() -> None:
    sentence = "calltally needs a password: `calltally password`, then `calltally check`."
    assert as_started(sentence, "./run") == "calltally needs a password: `./run password`, then `./run check`."
