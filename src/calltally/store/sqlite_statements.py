"""How rows are written to SQLite: many in one statement, as every statement costs a turn of Python's global lock."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from operator import itemgetter
from types import NoneType
from typing import Final

from sqlalchemy import Table

from calltally.store.rows import Row
from calltally.store.statements import Asks, Cursor, Fields, Writes, names_of

LIST_SIZES: Final = (256, 64, 16, 4, 1)
"""How many values a list in a statement may have: few sizes, so that the driver knows the statements already."""

ROWS_AT_ONCE: Final = (8, 2, 1)
"""How many rows a statement may have: few sizes, so that the driver knows the statements already."""

MOST_KINDS: Final = 130
"""So many kinds of rows are remembered for a table; a busy site has about ten sets of empty columns in each."""

Kind = tuple[type, ...]
"""The types of a row's columns: rows of one kind have the same empty columns."""


class Each:
    """Runs one statement for each row."""

    def __init__(self, text: str) -> None:
        """Take the statement."""
        self._text = text

    def write(self, cursor: Cursor, rows: Collection[Fields]) -> int:
        """Write rows."""
        if not rows:
            return 0
        cursor.executemany(self._text, rows if isinstance(rows, list) else list(rows))
        return cursor.rowcount


class Filling:
    """Inserts rows, with another statement for each set of columns that are empty.

    SQLite's driver in Python takes as long to bind one `None` as five texts, and half of a record's columns are empty
    most of the time. With `NULL` in the statement a row takes half the time (docs/performance.md).
    """

    def __init__(self, head: str, tail: str) -> None:
        """Take what stands before and behind the rows."""
        self._head, self._tail = head, tail
        self._known: dict[Kind, _Filled] = {}

    def write(self, cursor: Cursor, rows: Collection[Fields]) -> int:
        """Write rows."""
        kinds: dict[Kind, list[Fields]] = {}
        for row in rows:
            kind = tuple(map(type, row))
            members = kinds.get(kind)
            if members is None:
                kinds[kind] = [row]
            else:
                members.append(row)
        return sum([self._filled(kind).write(cursor, members) for kind, members in kinds.items()])

    def _filled(self, kind: Kind) -> "_Filled":
        """Return how rows of a kind are written."""
        filled = self._known.get(kind)
        if filled is None:
            filled = _Filled(self._head, kind, self._tail)
            if len(self._known) < MOST_KINDS:
                self._known[kind] = filled
        return filled


class _Filled:
    """The statements for rows of one kind, and the columns that have a value there."""

    def __init__(self, head: str, kind: Kind, tail: str) -> None:
        places = [place for place, of in enumerate(kind) if of is not NoneType]
        self._values: Callable[[Fields], Iterable[object]] | None = None
        if len(places) < len(kind):
            # `itemgetter` gives no tuple for a single place
            self._values = itemgetter(*places) if len(places) > 1 else lambda row: [row[place] for place in places]
        row = f"({', '.join(['NULL' if of is NoneType else '?' for of in kind])})"
        self._texts = {size: f"{head} {', '.join([row] * size)}{tail}" for size in ROWS_AT_ONCE}

    def write(self, cursor: Cursor, rows: list[Fields]) -> int:
        """Write rows of this kind."""
        values_of = self._values
        count = start = 0
        for size in ROWS_AT_ONCE:
            while len(rows) - start >= size:
                values: list[object] = []
                for row in rows[start : start + size]:
                    values += row if values_of is None else values_of(row)
                cursor.execute(self._texts[size], values)
                count += cursor.rowcount
                start += size
        return count


class Among:
    """Asks for rows by lists of values."""

    def __init__(self, head: str, tail: str) -> None:
        """Take what stands before and behind the list."""
        self._texts = {size: f"{head} IN ({', '.join('?' * size)}){tail}" for size in LIST_SIZES}

    def ask(self, cursor: Cursor, values: Collection[object]) -> Iterator[Row]:
        """Yield the rows with one of these values, in any order."""
        rest = list(values)
        start = 0
        for size in LIST_SIZES:
            while len(rest) - start >= size:
                cursor.execute(self._texts[size], rest[start : start + size])
                start += size
                yield from cursor.fetchall()


class SqliteDialect:
    """Prints the statements of SQLite."""

    def __init__(self, quote: Callable[[str], str]) -> None:
        """Take how a name is quoted where it must be."""
        self.quote = quote

    def read_widely(self, cursor: Cursor) -> None:
        """Do nothing: there is nothing to make ready."""

    def insert(self, table: Table, columns: Sequence[str]) -> Writes:
        """Insert rows of these columns."""
        return self._inserting(table, columns, "")

    def insert_new(self, table: Table, columns: Sequence[str], key: Sequence[str]) -> Writes:
        """Insert rows, but leave alone those whose key is there already."""
        return self._inserting(table, columns, f" ON CONFLICT ({names_of(self.quote, key)}) DO NOTHING")

    def put(self, table: Table, columns: Sequence[str], key: Sequence[str]) -> Writes:
        """Insert rows, or replace the other columns of those whose key is there already."""
        return self._inserting(table, columns, self._replacing(key, [name for name in columns if name not in key]))

    def add(self, table: Table, key: Sequence[str], measures: Sequence[str]) -> Writes:
        """Insert rows of key and measures, or add to the measures of those whose key is there already."""
        mine, names = self.quote(table.name), [self.quote(measure) for measure in measures]
        changes = ", ".join(f"{name} = {mine}.{name} + excluded.{name}" for name in names)
        tail = f" ON CONFLICT ({names_of(self.quote, key)}) DO UPDATE SET {changes}"
        return self._inserting(table, (*key, *measures), tail)

    def delete(self, table: Table, columns: Sequence[str], further: str = "") -> Writes:
        """Delete the rows that have these values."""
        condition = self._where(columns) + (f" AND {further}" if further else "")
        return Each(f"DELETE FROM {self.quote(table.name)} WHERE {condition}")  # noqa: S608  names of our own tables

    def cut(self, table: Table, column: str, number: str) -> Writes:
        """Delete, for each `(value, least)`, the rows of this value whose number is `least` or more."""
        return self.delete(table, (column,), f"{self.quote(number)} >= ?")

    def change(self, table: Table, columns: Sequence[str], key: Sequence[str]) -> Writes:
        """Change some columns, whose values come before those of the key."""
        changes = ", ".join(f"{self.quote(column)} = ?" for column in columns)
        return Each(f"UPDATE {self.quote(table.name)} SET {changes} WHERE {self._where(key)}")  # noqa: S608  our own names

    def renew(self, table: Table, *, key: int, steady: int) -> Writes:
        """Write the columns that may have changed of rows that are there already; whole rows are given."""
        columns = table.c.keys()
        return self._inserting(table, columns, self._replacing(columns[:key], columns[steady:]))

    def ask(self, table: Table, columns: Sequence[str], key: str, further: str = "") -> Asks:
        """Ask for rows by the values of one column."""
        head = f"SELECT {names_of(self.quote, columns)} FROM {self.quote(table.name)} WHERE {self.quote(key)}"  # noqa: S608  names of our own tables
        return Among(head, f" AND {further}" if further else "")

    def _inserting(self, table: Table, columns: Sequence[str], tail: str) -> Writes:
        return Filling(f"INSERT INTO {self.quote(table.name)} ({names_of(self.quote, columns)}) VALUES", tail)

    def _replacing(self, key: Sequence[str], columns: Sequence[str]) -> str:
        """Return what is done about a row whose key is there already: it gets the new values of these columns."""
        changes = ", ".join(f"{name} = excluded.{name}" for name in map(self.quote, columns))
        return f" ON CONFLICT ({names_of(self.quote, key)}) DO UPDATE SET {changes}"

    def _where(self, columns: Iterable[str]) -> str:
        return " AND ".join(f"{self.quote(column)} = ?" for column in columns)
