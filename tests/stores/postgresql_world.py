"""Looks behind a store on PostgreSQL: what lies in its months, and what goes to the server."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg

from calltally.store.store import Store


@contextmanager
def engine_of(store: Store) -> Iterator[Any]:
    """Give the engine of a store: there is no other way to see what goes to the server."""
    yield vars(store)["_engine"]


def asked(url: str, statement: str, *settings: str) -> list[tuple[Any, ...]]:
    """Return the rows of a statement, run on a connection of its own."""
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        for setting in settings:
            connection.execute(setting.encode())
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def months(url: str, table: str) -> dict[str, int]:
    """Return how many rows lie in each partition of a table."""
    condition = f"oid = inhrelid AND inhparent = '{table}'::regclass"
    found = asked(url, f"SELECT relname FROM pg_inherits JOIN pg_class ON {condition}")  # noqa: S608  our own names
    counts = ((name, asked(url, f"SELECT count(*) FROM {name}")) for (name,) in sorted(found))  # noqa: S608  our own names
    return {name.removeprefix(f"{table}_"): rows[0][0] for name, rows in counts}
