"""Pages write commands in one way, `./run check`, and only such as exist."""

import re
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from calltally.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        ROOT / "README.md",
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "src" / "calltally" / "sources").glob("*/README.md"),
        *(ROOT / "src" / "calltally" / "sources").glob("*/sample.toml"),
    ]
)
CONTAINED = re.compile(r"docker compose [^`\n]*")
IN_A_FOLDER = re.compile(r"/\S+/bin/calltally [a-z-]+")
_GROUP = get_command(app)
assert isinstance(_GROUP, TyperGroup)
COMMANDS = _GROUP.commands
OTHERWISE = re.compile(rf"\bcalltally (?:{'|'.join(COMMANDS)})\b(?! (?:is|was)\b)")
BY_RUN = re.compile(r"\./run ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")


def _text(page: Path) -> str:
    return IN_A_FOLDER.sub("", CONTAINED.sub("", page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "README.md" or page.parent.name != "docs"])
def test_a_page_names_commands_as_in_a_checkout(page: Path) -> None:
    assert OTHERWISE.findall(_text(page)) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_only_commands_that_exist(page: Path) -> None:
    for name, below in BY_RUN.findall(_text(page)):
        if name == "test":
            continue
        assert name in COMMANDS
        command = COMMANDS[name]
        if isinstance(command, TyperGroup) and below:
            assert below in command.commands
