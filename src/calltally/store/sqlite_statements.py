"""How rows are written to SQLite: one statement for each, as it runs inside this process."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import compress, repeat
from operator import is_not
from typing import Final

from sqlalchemy import Table

from calltally.store.rows import Row
from calltally.store.statements import Asks, Cursor, Fields, Writes, names_of

LIST_SIZES: Final = (256, 64, 16, 4, 1)
"""How many values a list in a statement may have: few sizes, so that the driver knows the statements already."""

MOST_TEXTS: Final = 100
"""For how many sets of empty columns a table's statement is remembered; a busy site has about ten."""

Filled = tuple[bool, ...]
"""For each column whether it has a value."""

_NONES: Final = repeat(None)


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
    """Runs one statement for each row, with another text for each set of columns that are empty.

    SQLite's driver in Python takes as long to bind one `None` as five texts, and half of a record's columns are empty
    most of the time. With `NULL` in the statement a row takes half the time (docs/performance.md).

    Args:
        text: prints the statement for what a row has instead of each value.
        first: the first column that is written.
        key: how many of the first columns are bound once more, after the others.
    """

    def __init__(self, text: Callable[[Sequence[str]], str], *, first: int = 0, key: int = 0) -> None:
        """Take what prints the statement."""
        self._print = text
        self._first, self._key = first, key
        self._texts: dict[Filled, str] = {}

    def write(self, cursor: Cursor, rows: Collection[Fields]) -> int:
        """Write rows."""
        first, key = self._first, self._key
        kinds: dict[Filled, list[list[object]]] = {}
        for row in rows:
            written = row[first:] if first else row
            filled = tuple(map(is_not, written, _NONES))
            values = list(compress(written, filled))
            if key:
                values += row[:key]
            kinds.setdefault(filled, []).append(values)
        count = 0
        for filled, members in kinds.items():
            cursor.executemany(self._text(filled), members)
            count += cursor.rowcount
        return count

    def _text(self, filled: Filled) -> str:
        text = self._texts.get(filled)
        if text is None:
            text = self._print(["?" if is_filled else "NULL" for is_filled in filled])
            if len(self._texts) < MOST_TEXTS:
                self._texts[filled] = text
        return text


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
        return self._writing(table, columns, self._insert(table, columns), "")

    def insert_new(self, table: Table, columns: Sequence[str], key: Sequence[str]) -> Writes:
        """Insert rows, but leave alone those whose key is there already."""
        tail = f" ON CONFLICT ({names_of(self.quote, key)}) DO NOTHING"
        return self._writing(table, columns, self._insert(table, columns), tail)

    def put(self, table: Table, columns: Sequence[str], key: Sequence[str]) -> Writes:
        """Insert rows, or replace the other columns of those whose key is there already."""
        names = [self.quote(column) for column in columns if column not in key]
        changes = ", ".join(f"{name} = excluded.{name}" for name in names)
        tail = f" ON CONFLICT ({names_of(self.quote, key)}) DO UPDATE SET {changes}"
        return self._writing(table, columns, self._insert(table, columns), tail)

    def add(self, table: Table, key: Sequence[str], measures: Sequence[str]) -> Writes:
        """Insert rows of key and measures, or add to the measures of those whose key is there already."""
        mine, names = self.quote(table.name), [self.quote(measure) for measure in measures]
        changes = ", ".join(f"{name} = {mine}.{name} + excluded.{name}" for name in names)
        columns = (*key, *measures)
        marks = ", ".join("?" * len(columns))
        tail = f"ON CONFLICT ({names_of(self.quote, key)}) DO UPDATE SET {changes}"
        return Each(f"{self._insert(table, columns)} ({marks}) {tail}")

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
        names = table.c.keys()
        head = f"UPDATE {self.quote(table.name)} SET "  # noqa: S608  our own names
        changing = [self.quote(name) for name in names[steady:]]
        where = self._where(names[:key])

        def text(values: Sequence[str]) -> str:
            changes = ", ".join(f"{name} = {value}" for name, value in zip(changing, values, strict=True))
            return f"{head}{changes} WHERE {where}"

        return Filling(text, first=steady, key=key)

    def ask(self, table: Table, columns: Sequence[str], key: str, further: str = "") -> Asks:
        """Ask for rows by the values of one column."""
        head = f"SELECT {names_of(self.quote, columns)} FROM {self.quote(table.name)} WHERE {self.quote(key)}"  # noqa: S608  names of our own tables
        return Among(head, f" AND {further}" if further else "")

    def _insert(self, table: Table, columns: Sequence[str]) -> str:
        return f"INSERT INTO {self.quote(table.name)} ({names_of(self.quote, columns)}) VALUES"

    def _writing(self, table: Table, columns: Sequence[str], head: str, tail: str) -> Writes:
        if any(table.c[column].nullable for column in columns):
            return Filling(lambda values: f"{head} ({', '.join(values)}){tail}")
        return Each(f"{head} ({', '.join('?' * len(columns))}){tail}")

    def _where(self, columns: Iterable[str]) -> str:
        return " AND ".join(f"{self.quote(column)} = ?" for column in columns)
