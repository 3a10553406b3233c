"""Changing keys of the settings file: comments and all other keys stay, and the file is whole or as it was."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.engine.settings_file import SettingsFileError, edited, said, text_of, write_private

CHANGES = {("server", "public_url"): "https://calls.example.org", ("sources", "sipgate", "client_id"): "c"}

FILES = [
    "",
    "# nothing yet\n",
    "[sources.sipgate]\na = 1 # kept\n[site]\nb = 1\n[sources.livekit]\nc = 1\n",
    "[sources.livekit]\na = 1 # kept\n[site]\nb = 1\n",
    "[sources]\nsipgate = {token_id = '1', token = '2'}\n",
    "sources.sipgate.token = '1'\n",
    "server.listen = 'x'\n[sources]\n",
    "[server]\n[[sources.opensips]]\nname = 'x'\n[[teams]]\nname = 'a' # kept\n",
]


@pytest.mark.parametrize("text", FILES)
def test_keys_are_set_wherever_their_section_stands(text: str) -> None:
    changed = edited(text, CHANGES)
    before, after = tomllib.loads(text), tomllib.loads(changed)
    assert after["server"] == before.get("server", {}) | {"public_url": "https://calls.example.org"}
    assert after["sources"]["sipgate"] == before.get("sources", {}).get("sipgate", {}) | {"client_id": "c"}
    assert after.get("site") == before.get("site")
    assert after.get("teams") == before.get("teams")
    assert changed.count("# kept") == text.count("# kept")
    assert edited(changed, CHANGES) == changed


@given(value=st.text(max_size=40))
def test_any_text_can_be_a_value(value: str) -> None:
    text = edited("[server]\n# kept\nlisten = 'x'\n", {("sources", "sipgate", "secret"): value})
    assert said(text, ("sources", "sipgate")) == {"secret": value}
    assert "# kept" in text


def test_a_key_can_be_taken_out() -> None:
    text = "[sources.sipgate]\ntoken = 'x'\n# kept\nsecret = 'y'\n"
    assert edited(text, {("sources", "sipgate", "token"): None}) == "[sources.sipgate]\n# kept\nsecret = 'y'\n"
    assert edited("", {("sources", "sipgate", "token"): None}) == ""


@pytest.mark.parametrize(
    ("text", "words"), [("[server\n", "is no TOML"), ("server = 1\n", "server in the settings file is no section")]
)
def test_a_file_that_cannot_be_changed_is_said_to_be_one(text: str, words: str) -> None:
    with pytest.raises(SettingsFileError, match=words):
        edited(text, CHANGES)


def test_a_file_is_written_for_its_owner_only_and_leaves_no_draft(tmp_path: Path) -> None:
    file = tmp_path / "new" / "calltally.toml"
    write_private(file, "a = 1\n")
    write_private(file, "a = 2\n")
    assert text_of(file) == "a = 2\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "calltally.toml"
    real.write_text("a = 1\n")
    link.symlink_to(real)
    write_private(link, "a = 2\n")
    assert link.is_symlink()
    assert real.read_text() == "a = 2\n"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsFileError, match="cannot be written"):
        write_private(tmp_path / "file" / "calltally.toml", "")
    with pytest.raises(SettingsFileError, match="cannot be read"):
        text_of(tmp_path)
