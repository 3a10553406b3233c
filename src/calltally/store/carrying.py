"""Carries whole tables from one database to another: rows in the order of their keys, whichever engine keeps them.

Rows are what the drivers give: whole numbers, texts and bytes, the same from every engine. Numbers that a database
gives out by itself and that nothing refers to (`message_id`) are not carried, nor is what each database makes for
itself (`NOT_CARRIED`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, Table, and_, func, or_, select

from calltally.store import tables
from calltally.store.database import ZONE_VALUE, Engine
from calltally.store.rows import Row

MARKS: Final = "move."
"""Values with names that begin so belong to a move itself, and to one database only."""
PAGE_ROWS: Final = 2_000
OWN_VALUES: Final = (ZONE_VALUE, "store.views")
"""What each store remembers of its own making: whose days it keeps, and which views it has made."""
GENERATION: Final = "generation"
"""The counter by which processes on one database tell whether another has written; each database has its own."""

_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "messages": ("received_at_us", "source", "digest"),
    "calls": ("flow_id",),
    "legs": ("flow_id", "leg_no"),
    "visits": ("flow_id", "visit_no"),
}
_HEARD: Final = ("messages", "links", "calls", "legs", "visits", "line_sets", "call_quarter", "visit_quarter")
"""A database in which these are empty has heard nothing yet; what else is in it came with its making."""
NOT_CARRIED: Final = frozenset({"changes"})
"""What goes on among the processes of one database."""

_END_OF_MARKS: Final = "move/"  # the slash comes right behind the point
_OWN_TEXTS: Final = {
    tables.VALUES.name: f" WHERE name NOT IN {OWN_VALUES} AND (name < '{MARKS}' OR name >= '{_END_OF_MARKS}')",
    tables.COUNTERS.name: f" WHERE name <> '{GENERATION}'",
}

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A table with the columns that are carried, and those by which its rows are told apart and put in order."""

    table: Table
    columns: tuple[str, ...]
    key: tuple[str, ...]

    def key_of(self, row: Row) -> Key:
        """Return the key of a row."""
        return tuple(row[self.columns.index(name)] for name in self.key)


def _carried(table: Table) -> Carried:
    columns = tuple(column.name for column in table.c if column.name != "message_id")
    return Carried(
        table=table, columns=columns, key=_KEYS.get(table.name) or tuple(column.name for column in table.primary_key)
    )


CARRIED: Final = {
    table.name: _carried(table) for table in tables.METADATA.sorted_tables if table.name not in NOT_CARRIED
}
"""Every table that is carried, by its name."""


class Snapshot:
    """One committed state of a database, to be read from one end to the other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def is_unheard(self) -> bool:
        """Return whether nothing has been heard yet."""
        return not any(
            self._connection.execute(select(1).select_from(CARRIED[name].table).limit(1)).first() for name in _HEARD
        )

    def count(self, name: str) -> int:
        """Return how many rows of a table are carried."""
        found = select(func.count()).select_from(CARRIED[name].table).where(*_own(CARRIED[name]))
        return int(self._connection.execute(found).scalar_one())

    def pages(self, name: str, after: Key | None = None) -> Iterator[tuple[list[Row], Key]]:
        """Yield the rows of a table behind a key (`None`: all), in the order of their keys.

        They come some at a time, each time with the key of the last.
        """
        carried = CARRIED[name]
        columns = carried.table.c
        found = select(*(columns[column] for column in carried.columns)).where(*_own(carried))
        found = found.order_by(*(columns[column] for column in carried.key))
        if after is not None:
            found = found.where(_behind([columns[column] for column in carried.key], after))
        streamed = self._connection.execute(found, execution_options={"yield_per": PAGE_ROWS})
        for rows in streamed.partitions():
            page: list[Row] = [tuple(row) for row in rows]
            yield page, carried.key_of(page[-1])

    def digest(self, name: str, tell: Callable[[int], None]) -> tuple[int, str]:
        """Return how many rows of a table are carried, and the SHA-256 of all of them in the order of their keys.

        Args:
            name: of the table.
            tell: hears after each page how many rows it had.
        """
        encode = msgspec.msgpack.Encoder().encode
        hashed = sha256()
        count = 0
        for rows, _ in self.pages(name):
            hashed.update(b"".join(map(encode, rows)))
            count += len(rows)
            tell(len(rows))
        return count, hashed.hexdigest()


class Tables:
    """The tables of a database, to be carried to another."""

    def __init__(self, engine: Engine) -> None:
        """Take the engine; its schema must be there already."""
        self._engine = engine
        dialect = engine.dialect
        self._insert = {name: dialect.insert(each.table, each.columns) for name, each in CARRIED.items()}
        self._put_value = dialect.put(tables.VALUES, ("name", "content"), ("name",))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tables that are carried."""
        return tuple(CARRIED)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Give one committed state."""
        with self._engine.studying() as connection:
            yield Snapshot(connection)

    def make_room(self, marks: Mapping[str, bytes]) -> None:
        """Delete what came with the making of a database that has heard nothing yet, and keep some values."""
        quote = self._engine.dialect.quote
        with self._engine.writing() as batch:
            for name in CARRIED:
                if name not in _HEARD:
                    batch.cursor.execute(f"DELETE FROM {quote(name)}{_OWN_TEXTS.get(name, '')}")  # noqa: S608  our names
            self._put_value.write(batch.cursor, list(marks.items()))
            batch.tell(None)

    def take(self, name: str, rows: Sequence[Row], marks: Mapping[str, bytes]) -> None:
        """Write rows of a table, none of which is there yet, and keep some values, together."""
        with self._engine.writing() as batch:
            self._insert[name].write(batch.cursor, rows)
            self._put_value.write(batch.cursor, list(marks.items()))
            batch.tell(None)

    def settle(self) -> None:
        """Let the database look at what came, so that it plans questions well from the first one on.

        SQLite's plans are fixed, and MariaDB looks by itself while rows come; PostgreSQL looks at tables in parts never
        as a whole, and at small ones not at all.
        """
        with self._engine.migrating() as connection:
            if connection.dialect.name == "postgresql":
                for name in CARRIED:
                    connection.exec_driver_sql(f"ANALYZE {self._engine.dialect.quote(name)}")


def _own(carried: Carried) -> Sequence[ColumnElement[bool]]:
    """Return conditions that leave out what belongs to one database only."""
    if carried.table is tables.VALUES:
        name = carried.table.c.name
        return (name.not_in(OWN_VALUES), or_(name < MARKS, name >= _END_OF_MARKS))
    return (carried.table.c.name != GENERATION,) if carried.table is tables.COUNTERS else ()


def _behind(columns: Sequence[Column[Any]], key: Key) -> ColumnElement[bool]:
    """Return the condition that a row's key comes behind another."""
    first, value = columns[0], key[0]
    if len(columns) == 1:
        return first > value
    return and_(first >= value, or_(first > value, _behind(columns[1:], key[1:])))
