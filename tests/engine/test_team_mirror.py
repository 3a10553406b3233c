"""The teams of the settings and of teams.json, kept in the database for SQL."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from calltally.engine.team_mirror import TeamMirror
from calltally.model.directory import Team
from calltally.store.open import open_store

SUPPORT = Team(name="Support", numbers=frozenset({"+493022", "+493011"}))
ODD = Team(name='O\'Brien \\ "x"', numbers=frozenset({"+493033", "+493044"}))


async def _perform(job: Callable[[], object]) -> object:
    return job()


@pytest.mark.parametrize(
    ("steps", "left"),
    [
        ([(SUPPORT,)], [("Support", ("+493011", "+493022"))]),
        ([(SUPPORT,), (SUPPORT, ODD)], [("Support", ("+493011", "+493022")), (ODD.name, ("+493033", "+493044"))]),
        ([(SUPPORT, ODD), (ODD,)], [(ODD.name, ("+493033", "+493044"))]),
        ([(SUPPORT,), ()], []),
    ],
)
def test_the_database_has_the_teams_of_the_moment(
    tmp_path: Path, steps: list[tuple[Team, ...]], left: list[tuple[str, tuple[str, ...]]]
) -> None:
    with closing(open_store(str(tmp_path / "calls.db"), zone="UTC")) as store:
        teams: tuple[Team, ...] = ()
        mirror = TeamMirror(store, lambda: teams, _perform)
        for teams in steps:  # noqa: B007  the mirror reads it
            asyncio.run(mirror.look())
        assert store.teams() == left


def test_teams_that_are_there_already_are_not_written_again(tmp_path: Path) -> None:
    with closing(open_store(str(tmp_path / "calls.db"), zone="UTC")) as store:
        asyncio.run(TeamMirror(store, lambda: (SUPPORT,), _perform).look())
        before = store.generation()
        started_again = TeamMirror(store, lambda: (SUPPORT,), _perform)
        for _ in range(3):
            asyncio.run(started_again.look())
        assert store.generation() == before


def test_what_another_service_wrote_stays_until_our_teams_change(tmp_path: Path) -> None:
    with closing(open_store(str(tmp_path / "calls.db"), zone="UTC")) as store:
        teams: tuple[Team, ...] = (SUPPORT,)
        ours = TeamMirror(store, lambda: teams, _perform)
        asyncio.run(ours.look())
        asyncio.run(TeamMirror(store, lambda: (ODD,), _perform).look())
        asyncio.run(ours.look())
        assert [name for name, _ in store.teams()] == [ODD.name]
        teams = (SUPPORT, ODD)
        asyncio.run(ours.look())
        assert [name for name, _ in store.teams()] == [SUPPORT.name, ODD.name]
