"""Teams come from a file that people write by hand, and a slip of theirs never takes the others away."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from calltally.engine.own_numbers import own_number
from calltally.engine.teams import NamedNumbers, Teams, TeamsError
from calltally.model.directory import Team

SUPPORT = {"name": "Support", "numbers": ["+49 30 123450", "030 123451"]}
SUPPORT_TEAM = Team(name="Support", numbers=frozenset({"+4930123450", "+4930123451"}))


class Clock:
    """Seconds that pass when the test says so."""

    now = 0.0

    def __call__(self) -> float:
        """Return the seconds so far."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "teams.json"


@pytest.fixture
def teams_of(file: Path, clock: Clock) -> Callable[..., Teams]:
    def made(*fixed: NamedNumbers) -> Teams:
        return Teams(file=file, fixed=fixed, country="DE", clock_seconds=clock)

    return made


def test_without_a_file_there_are_only_the_teams_of_the_settings(teams_of: Callable[..., Teams]) -> None:
    fixed = NamedNumbers(name="Sales", numbers=("+4930123460", "+4930123461"))
    teams = teams_of(fixed)
    assert teams.current() == (Team(name="Sales", numbers=frozenset(fixed.numbers)),)
    assert teams.problems() == ()


def test_the_file_is_read_and_its_numbers_are_made_comparable(file: Path, teams_of: Callable[..., Teams]) -> None:
    file.write_text(json.dumps([SUPPORT]))
    assert teams_of().current() == (SUPPORT_TEAM,)


def test_a_change_of_the_file_is_seen_after_a_second_and_costs_nothing_before(
    file: Path, clock: Clock, teams_of: Callable[..., Teams]
) -> None:
    teams = teams_of()
    file.write_text(json.dumps([SUPPORT]))
    assert teams.current() == ()
    clock.now += 1
    first = teams.current()
    assert first == (SUPPORT_TEAM,)
    clock.now += 1
    assert teams.current() is first
    file.unlink()
    clock.now += 1
    assert teams.current() == ()


def test_a_team_with_fewer_than_two_numbers_is_left_out_with_a_warning(
    file: Path, teams_of: Callable[..., Teams]
) -> None:
    alone = {"name": "Alone", "numbers": ["+4930123450", "004930123450"]}
    file.write_text(json.dumps([alone, SUPPORT]))
    teams = teams_of()
    assert teams.current() == (SUPPORT_TEAM,)
    assert teams.problems() == ("The team 'Alone' is left out: it has fewer than two numbers.",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[{", "no JSON"),
        (b'{"name": "x"}', "a list of teams is expected"),
        (b'[{"numbers": ["1", "2"]}]', "team 1 has no name"),
        (b'[{"name": "x", "numbers": "1, 2"}]', "no list of texts"),
        (b'[{"name": "x", "numbers": [1, 2]}]', "no list of texts"),
        (b'[{"name": "Other", "numbers": ["1", "2"]}]', "can be called 'Other'"),
        (b'[{"name": "x", "numbers": []}, {"name": "x ", "numbers": []}]', "two teams are called 'x'"),
        (b"\xff\xfe", "no JSON"),
        (rb'[{"name": "x", "numbers": ["1", "\ud800"]}]', "no list of texts"),
        (b"[" * 100_000, "no JSON"),
    ],
)
def test_d30_a_file_that_cannot_be_used_leaves_the_teams_as_they_were(
    file: Path, clock: Clock, teams_of: Callable[..., Teams], content: bytes, reason: str
) -> None:
    file.write_text(json.dumps([SUPPORT]))
    teams = teams_of()
    file.write_bytes(content)
    clock.now += 1
    assert teams.current() == (SUPPORT_TEAM,)
    assert reason in teams.problems()[0]
    file.write_text(json.dumps([SUPPORT]))
    clock.now += 1
    assert teams.problems() == ()


def test_saved_teams_are_used_at_once_and_are_what_another_reader_finds(
    file: Path, teams_of: Callable[..., Teams]
) -> None:
    teams = teams_of()
    teams.save([NamedNumbers(name=" Support ", numbers=("+49 30 123450", "", "030 123451"))])
    assert teams.current() == teams_of().current() == (SUPPORT_TEAM,)
    assert teams.written() == (NamedNumbers(name="Support", numbers=("+49 30 123450", "030 123451")),)
    assert os.listdir(file.parent) == ["teams.json"]  # noqa: PTH208  the names are what matters


@pytest.mark.parametrize(
    ("name", "numbers"), [("", ("1", "2")), ("Other", ("1", "2")), ("One", ("+4930123450", "030123450"))]
)
def test_teams_that_would_be_left_out_cannot_be_saved(
    file: Path, teams_of: Callable[..., Teams], name: str, numbers: tuple[str, ...]
) -> None:
    teams = teams_of()
    with pytest.raises(TeamsError):
        teams.save([NamedNumbers(name=name, numbers=numbers)])
    assert not file.exists()


def test_a_team_of_the_file_stands_for_the_one_of_the_same_name_in_the_settings(
    file: Path, teams_of: Callable[..., Teams]
) -> None:
    file.write_text(json.dumps([SUPPORT]))
    assert teams_of(NamedNumbers(name="Support", numbers=("1", "2"))).current() == (SUPPORT_TEAM,)


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("+49 30 123450", "DE", "+4930123450"),
        ("+49 (0)30 / 1234-50", "DE", "+4930123450"),
        ("004930123450", "DE", "+4930123450"),
        ("030 123450", "DE", "+4930123450"),
        ("020 7946 0000", "GB", "+442079460000"),
        ("4930123450", "DE", "+4930123450"),
        ("+491", "DE", "+491"),
        ("104", "DE", "104"),
        ("1234567e1", "DE", "1234567e1"),
        ("0", "DE", "0"),
        ("", "DE", ""),
    ],
)
def test_own_numbers_are_compared_in_one_form(written: str, country: str, number: str) -> None:
    assert own_number(written, country) == number
    assert own_number(number, country) == number
