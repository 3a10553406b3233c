"""How rows are written to PostgreSQL: one statement with all rows in it, each column an array.

Of tables that are partitioned by time, the least and the greatest time of a batch stand in the statement wherever they
are known, so that only those partitions are opened. The partition of a row's time is asked for before it is written.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Table

from calltally.store.arrays import kind_of
from calltally.store.rows import Row
from calltally.store.statements import Asks, Cursor, Fields, Writes, names_of

MOST_ROWS: Final = 2_000
"""How many rows go into one statement; a value of a hundred megabytes helps nobody."""
PARTITIONED: Final = {
    "messages": "received_at_us",
    "calls": "started_at_ms",
    "legs": "started_at_ms",
    "visits": "entered_at_ms",
}
"""The tables that are partitioned by month, and by what."""

_WIDELY: Final = {
    "statement_timeout": "0",
    "work_mem": "64MB",
    "enable_hashjoin": "on",
    "enable_mergejoin": "on",
    "enable_seqscan": "on",
}
WIDELY: Final = "SELECT " + ", ".join(f"set_config('{name}', '{value}', true)" for name, value in _WIDELY.items())

NeedPartitions = Callable[[Cursor, str, Sequence[int]], None]
"""Makes the partitions of a table for rows of these times."""


class Rows:
    """One statement with all rows in it.

    Args:
        text: the statement; it holds the mark of each array, then those of the bounds.
        columns: the columns that are sent, each with its place in the rows and what makes an array of it.
        time: place of the column that the table is partitioned by, if its bounds are part of the statement.
        before: makes ready for rows that will be inserted, if needed.
    """

    def __init__(
        self,
        text: str,
        columns: Sequence[tuple[int, Callable[[Any], str]]],
        *,
        time: int | None = None,
        before: Callable[[Cursor, Sequence[int]], None] | None = None,
        time_inserted: int | None = None,
    ) -> None:
        self._text = text
        self._columns = columns
        self._time = time
        self._before = before
        self._time_inserted = time_inserted

    def write(self, cursor: Cursor, rows: Collection[Fields]) -> int:
        """Write rows."""
        if not rows:
            return 0
        count = 0
        listed = list(rows)
        for start in range(0, len(listed), MOST_ROWS):
            columns: list[Any] = list(zip(*listed[start : start + MOST_ROWS], strict=True))
            if self._before is not None and self._time_inserted is not None:
                self._before(cursor, columns[self._time_inserted])
            values: list[object] = [make(columns[place]) for place, make in self._columns]
            if self._time is not None:
                values += (min(columns[self._time]), max(columns[self._time]))
            cursor.execute(self._text, values)
            count += cursor.rowcount
        return count


class InTurn:
    """Several statements for the same rows; the last one's count is what is told."""

    def __init__(self, *statements: Rows) -> None:
        self._statements = statements

    def write(self, cursor: Cursor, rows: Collection[Fields]) -> int:
        """Write rows."""
        count = 0
        for statement in self._statements:
            count = statement.write(cursor, rows)
        return count


class Among:
    """Asks for rows by an array of values."""

    def __init__(self, text: str, make: Callable[[Any], str], *, is_time: bool) -> None:
        self._text = text
        self._make = make
        self._is_time = is_time

    def ask(self, cursor: Cursor, values: Collection[Any]) -> Iterable[Row]:
        """Return the rows with one of these values, in any order."""
        if not values:
            return ()
        bounds = (min(values), max(values)) if self._is_time else ()
        cursor.execute(self._text, (self._make(list(values)), *bounds))
        return cursor.fetchall()


class PostgresqlDialect:
    """Prints the statements of PostgreSQL."""

    def __init__(self, quote: Callable[[str], str], need_partitions: NeedPartitions) -> None:
        """Take how a name is quoted where it must be, and what makes partitions."""
        self.quote = quote
        self._need_partitions = need_partitions

    def read_widely(self, cursor: Cursor) -> None:
        """Let joins be those of large tables, and take the time they need, until the end of the transaction."""
        cursor.execute(WIDELY)

    def insert(self, table: Table, columns: Sequence[str]) -> Rows:
        """Insert rows of these columns."""
        return self._inserting(table, columns, "")

    def insert_new(self, table: Table, columns: Sequence[str], key: Sequence[str]) -> Writes:
        """Insert rows, but leave alone those whose key is there already; only rows really inserted are counted."""
        return self._inserting(table, columns, f" ON CONFLICT ({names_of(self.quote, key)}) DO NOTHING")

    def put(self, table: Table, columns: Sequence[str], key: Sequence[str]) -> Writes:
        """Insert rows, or replace the other columns of those whose key is there already."""
        if table.name in PARTITIONED:
            # Its time is part of the key of a partitioned table, and may have changed.
            sent = [columns.index(name) for name in key]
            return InTurn(self._deleting(table, columns, key, sent=sent), self.insert(table, columns))
        names = [self.quote(column) for column in columns if column not in key]
        changes = ", ".join(f"{name} = excluded.{name}" for name in names)
        return self._inserting(table, columns, f" ON CONFLICT ({names_of(self.quote, key)}) DO UPDATE SET {changes}")

    def add(self, table: Table, key: Sequence[str], measures: Sequence[str]) -> Writes:
        """Insert rows of key and measures, or add to the measures of those whose key is there already."""
        mine, names = self.quote(table.name), [self.quote(measure) for measure in measures]
        changes = ", ".join(f"{name} = {mine}.{name} + excluded.{name}" for name in names)
        tail = f" ON CONFLICT ({names_of(self.quote, key)}) DO UPDATE SET {changes}"
        return self._inserting(table, (*key, *measures), tail)

    def delete(self, table: Table, columns: Sequence[str], further: str = "") -> Writes:
        """Delete the rows that have these values."""
        return self._deleting(table, columns, columns, further=further)

    def cut(self, table: Table, column: str, number: str) -> Writes:
        """Delete, for each `(value, least)`, the rows of this value whose number is `least` or more."""
        return self._deleting(table, (column, number), (column,), further=f"{self._own(table, number)} >= sent.k1")

    def change(self, table: Table, columns: Sequence[str], key: Sequence[str]) -> Writes:
        """Change some columns, whose values come before those of the key, which may be among them."""
        width = len(columns)
        places = range(width + len(key))
        return self._updating(table, (*columns, *key), places[:width], places[width:])

    def renew(self, table: Table, *, key: int, steady: int) -> Writes:
        """Write the columns that may have changed of rows that are there already; whole rows are given."""
        names = table.c.keys()
        time = PARTITIONED.get(table.name)
        found_by = [*range(key), *(() if time is None else (names.index(time),))]
        return self._updating(table, names, range(steady, len(names)), found_by)

    def ask(self, table: Table, columns: Sequence[str], key: str, further: str = "") -> Asks:
        """Ask for rows by the values of one column."""
        kind, make = kind_of(table.c[key])
        is_time = PARTITIONED.get(table.name) == key
        condition = f"{self.quote(key)} = ANY(%s::{kind}[])" + (self._bounds(table) if is_time else "")
        tail = f" AND {further}" if further else ""
        text = f"SELECT {names_of(self.quote, columns)} FROM {self.quote(table.name)} WHERE {condition}{tail}"  # noqa: S608  names of our own tables
        return Among(text, make, is_time=is_time)

    def _inserting(self, table: Table, columns: Sequence[str], tail: str) -> Rows:
        names = names_of(self.quote, columns)
        marks = self._marks(table, columns)
        text = f"INSERT INTO {self.quote(table.name)} ({names}) SELECT * FROM unnest({marks}){tail}"  # noqa: S608  names of our own tables
        time = PARTITIONED.get(table.name)
        if time is None:
            return Rows(text, self._sent(table, columns, range(len(columns))))

        def before(cursor: Cursor, times: Sequence[int]) -> None:
            self._need_partitions(cursor, table.name, times)

        return Rows(
            text,
            self._sent(table, columns, range(len(columns))),
            before=before,
            time_inserted=columns.index(time),
        )

    def _deleting(
        self,
        table: Table,
        columns: Sequence[str],
        key: Sequence[str],
        *,
        sent: Sequence[int] | None = None,
        further: str = "",
    ) -> Rows:
        """Delete rows by a key; the columns at these places are sent, the key first."""
        places = range(len(columns)) if sent is None else sent
        names = [columns[place] for place in places]
        aliases = ", ".join(f"k{number}" for number in range(len(names)))
        where = " AND ".join(f"{self._own(table, name)} = sent.k{number}" for number, name in enumerate(key))
        where += f" AND {further}" if further else ""
        time = PARTITIONED.get(table.name)
        bound = columns.index(time) if time in key and time is not None else None
        where += "" if bound is None else self._bounds(table)
        head = f"DELETE FROM {self.quote(table.name)} USING unnest({self._marks(table, names)})"  # noqa: S608  our own names
        return Rows(f"{head} AS sent({aliases}) WHERE {where}", self._sent(table, columns, places), time=bound)

    def _updating(self, table: Table, columns: Sequence[str], changing: Sequence[int], found_by: Sequence[int]) -> Rows:
        """Change the columns at some places of rows that are found by those at others."""
        places = [*changing, *found_by]
        names = [columns[place] for place in places]
        aliases = ", ".join(f"k{number}" for number in range(len(names)))
        changes = ", ".join(f"{self.quote(columns[place])} = sent.k{number}" for number, place in enumerate(changing))
        where = " AND ".join(
            f"{self._own(table, columns[place])} = sent.k{number}"
            for number, place in enumerate(found_by, len(changing))
        )
        time = PARTITIONED.get(table.name)
        bound = next((place for place in found_by if columns[place] == time), None)
        where += "" if bound is None else self._bounds(table)
        text = (
            f"UPDATE {self.quote(table.name)} SET {changes}"  # noqa: S608  names of our own tables
            f" FROM unnest({self._marks(table, names)}) AS sent({aliases}) WHERE {where}"
        )
        return Rows(text, self._sent(table, columns, places), time=bound)

    def _bounds(self, table: Table) -> str:
        time = self._own(table, PARTITIONED[table.name])
        return f" AND {time} >= %s::bigint AND {time} <= %s::bigint"

    def _own(self, table: Table, column: str) -> str:
        return f"{self.quote(table.name)}.{self.quote(column)}"

    def _marks(self, table: Table, columns: Iterable[str]) -> str:
        return ", ".join(f"%s::{kind_of(table.c[column])[0]}[]" for column in columns)

    def _sent(
        self, table: Table, columns: Sequence[str], places: Iterable[int]
    ) -> list[tuple[int, Callable[[Any], str]]]:
        return [(place, kind_of(table.c[columns[place]])[1]) for place in places]
