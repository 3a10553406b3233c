"""Keeps the teams of today in the database as well, for those who ask it in SQL.

Several services on one database should have the same teams. Each writes its own when it starts and when they change, so
what was changed last is there.
"""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

import structlog

from calltally.engine.values import Perform
from calltally.engine.writer import BusyError, NotStoredError
from calltally.model.directory import Team
from calltally.store.store import Store, StoreError

log = structlog.get_logger(__name__)

LOOK_SECONDS = 2.0

Rows: TypeAlias = list[tuple[str, tuple[str, ...]]]


class TeamMirror:
    """Writes the teams when they are others than it wrote last."""

    def __init__(self, store: Store, teams: Callable[[], tuple[Team, ...]], perform: Perform) -> None:
        """Take the store, where the teams of the moment come from, and what runs a write."""
        self._store = store
        self._teams = teams
        self._perform = perform
        self._written: Rows | None = None

    async def run(self) -> None:
        """Look for changes until cancelled; a store that is away is tried again."""
        while True:
            try:
                await self.look()
            except (StoreError, NotStoredError, BusyError) as error:
                log.warning("teams_not_mirrored", reason=str(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Write the teams if they have changed, or were not written by this service yet and differ.

        Raises:
            StoreError: the database did not do it.
        """
        rows = rows_of(self._teams())
        if rows == self._written:
            return
        if self._written is not None or await asyncio.to_thread(self._store.teams) != rows:
            await self._perform(lambda: self._write(rows))
        self._written = rows

    def _write(self, rows: Rows) -> None:
        with self._store.write() as transaction:
            transaction.save_teams(rows)


def rows_of(teams: tuple[Team, ...]) -> Rows:
    """Return teams as the store keeps them, numbers in order."""
    return [(team.name, tuple(sorted(team.numbers))) for team in teams]
