"""`calltally database move` as a person or script calls it: where addresses come from, and what is said at the end."""

from pathlib import Path

import pytest

from calltally.cli.main import run
from tests.engine.whole_site import begin_to_serve, exported, fill, opened


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of a small site that the settings name."""
    url = f"sqlite:///{tmp_path / 'site' / 'calls.db'}"
    with opened(tmp_path / "site", url) as parts:
        fill(parts, calls=20)
    monkeypatch.setenv("CALLTALLY_DATA", str(tmp_path / "site"))
    return url


def called(*arguments: str) -> int:
    """Call the command and return its exit status."""
    with pytest.raises(SystemExit) as ended:
        run(("database", "move", *arguments))
    return ended.value.code if isinstance(ended.value.code, int) else 0


@pytest.mark.parametrize("first", ["settings", "env:OLD_DATABASE", "the address"])
def test_a_move_says_what_was_carried_and_proved(
    first: str, site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OLD_DATABASE", site)
    (tmp_path / "new").mkdir()
    target = f"sqlite:///{tmp_path / 'new' / 'calls.db'}"
    with opened(tmp_path / "site", site) as old:
        expected = exported(old)
    assert called(site if first == "the address" else first, target) == 0
    said = capfd.readouterr().out
    assert f"Everything was carried over: {len(expected['calls'].splitlines())} calls, " in said
    assert "the same digest on both sides" in said
    with opened(tmp_path / "site", target) as new:
        assert exported(new) == expected


def test_an_address_in_a_variable_that_is_not_there_is_a_wrong_call(site: str) -> None:
    assert called(site, "env:NO_SUCH_VARIABLE") == 2


def test_a_move_that_cannot_begin_says_why_and_fails(
    site: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with opened(tmp_path / "site", site) as parts:
        begin_to_serve(parts)
    assert called(site, str(tmp_path / "new.db")) == 1
    assert "A calltally serves the first database. End it first" in capfd.readouterr().err
