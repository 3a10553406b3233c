"""Looks behind a store on MariaDB: its server, its connections, and what goes to it."""

from collections.abc import Sequence
from typing import Any

from calltally.store.store import Store
from tests.servers import Server


def engine_of(store: Store) -> Any:  # noqa: ANN401  what lies behind a store is nobody's business but a test's
    """Return the engine of a store: there is no other way to see what goes to the server."""
    return vars(store)["_engine"]


def name_of(url: str) -> str:
    """Return the name of the database in an address."""
    return url.rpartition("/")[2]


def statements_of(store: Store) -> int:
    """Return how many statements a store has written with so far, as the server counts."""
    with engine_of(store)._writer.cursor() as cursor:  # noqa: SLF001  the same
        cursor.execute("SHOW SESSION STATUS LIKE 'Questions'")
        return int(cursor.fetchall()[0][1])


def end_connections(server: Server, url: str) -> int:
    """End every connection to a database, as an administrator or a time-out would; return how many."""
    listed = f"SELECT id FROM information_schema.processlist WHERE db = '{name_of(url)}'"  # noqa: S608  a name of ours
    rows = server.ask(listed)
    for (number,) in rows:
        server.ask(f"KILL CONNECTION {number}")
    # One that is ended stays in the list until it has noticed.
    while server.ask(listed):
        pass
    return len(rows)


class Recorder:
    """A cursor that keeps the texts of statements."""

    def __init__(self, cursor: Any) -> None:  # noqa: ANN401  the driver's cursor
        self._cursor = cursor
        self.said: list[str] = []

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""
        return int(self._cursor.rowcount)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> object:
        """Run a statement."""
        self.said.append(sql)
        return self._cursor.execute(sql, parameters or None)

    def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> object:
        """Refuse to run a statement for each row."""
        raise AssertionError(sql, parameters)

    def fetchall(self) -> Sequence[Sequence[Any]]:
        """Return the rows of the last statement."""
        rows: Sequence[Sequence[Any]] = self._cursor.fetchall()
        return rows
