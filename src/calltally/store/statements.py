"""The SQL texts of the writing side, printed once from the tables, so that a write is no more than binding values."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import compress, repeat
from operator import is_not
from typing import Any, Final, Protocol

from sqlalchemy import Table

from calltally.store.rows import Row

LIST_SIZES: Final = (256, 64, 16, 4, 1)
"""How many values a list in a statement may have: few sizes, so that the driver knows the statements already."""


MOST_TEXTS: Final = 100
"""For how many sets of empty columns a table's statement is remembered; a busy site has about ten."""

Filled = tuple[bool, ...]
"""For each column whether it has a value."""

_NONES: Final = repeat(None)


class Cursor(Protocol):
    """What this room uses of a database driver's cursor (PEP 249)."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""
        ...

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> object:
        """Run one statement."""
        ...

    def executemany(self, sql: str, parameters: Sequence[Sequence[Any]], /) -> object:
        """Run one statement for each row of values."""
        ...

    def fetchall(self) -> Sequence[Row]:
        """Return the rows of the last statement."""
        ...


class Printer:
    """Prints statements as SQLite and PostgreSQL read them."""

    def __init__(self, *, mark: str, quote: Callable[[str], str]) -> None:
        """Take the driver's mark for a bound value, and how a name is quoted where it must be."""
        self.mark = mark
        self.quote = quote

    def marks(self, count: int) -> str:
        """Return the marks for several bound values."""
        return ", ".join([self.mark] * count)

    def names(self, columns: Iterable[str]) -> str:
        """Return the names of columns, quoted where they must be."""
        return ", ".join(map(self.quote, columns))

    def insert(self, table: Table, columns: Sequence[str]) -> str:
        """Return a plain insert."""
        return f"INSERT INTO {self.quote(table.name)} ({self.names(columns)}) VALUES ({self.marks(len(columns))})"  # noqa: S608  names of our own tables

    def insert_new(self, table: Table, columns: Sequence[str], key: Sequence[str]) -> str:
        """Return an insert that leaves a row alone which is there already."""
        return f"{self.insert(table, columns)} ON CONFLICT ({self.names(key)}) DO NOTHING"

    def put(self, table: Table, columns: Sequence[str], key: Sequence[str]) -> str:
        """Return an insert that replaces the other columns of a row which is there already."""
        names = [self.quote(column) for column in columns if column not in key]
        changes = ", ".join(f"{name} = excluded.{name}" for name in names)
        return f"{self.insert(table, columns)} ON CONFLICT ({self.names(key)}) DO UPDATE SET {changes}"

    def add(self, table: Table, key: Sequence[str], measures: Sequence[str]) -> str:
        """Return an insert that adds to the measures of a row which is there already."""
        mine = self.quote(table.name)
        names = [self.quote(measure) for measure in measures]
        changes = ", ".join(f"{name} = {mine}.{name} + excluded.{name}" for name in names)
        return f"{self.insert(table, (*key, *measures))} ON CONFLICT ({self.names(key)}) DO UPDATE SET {changes}"

    def where(self, columns: Iterable[str]) -> str:
        """Return a condition that columns have bound values."""
        return " AND ".join(f"{self.quote(column)} = {self.mark}" for column in columns)

    def delete(self, table: Table, columns: Sequence[str], further: str = "") -> str:
        """Return a deletion by the values of columns; `further` is a condition added as it is."""
        condition = self.where(columns) + (f" AND {further}" if further else "")
        return f"DELETE FROM {self.quote(table.name)} WHERE {condition}"  # noqa: S608  names of our own tables

    def change(self, table: Table, columns: Sequence[str], key: str) -> str:
        """Return an update of some columns, whose values come before that of the key."""
        changes = ", ".join(f"{self.quote(column)} = {self.mark}" for column in columns)
        return f"UPDATE {self.quote(table.name)} SET {changes} WHERE {self.where((key,))}"  # noqa: S608  names of our own tables

    def clear(self, table: Table) -> str:
        """Return the deletion of everything."""
        return f"DELETE FROM {self.quote(table.name)}"  # noqa: S608  names of our own tables

    def select_in(self, table: Table, columns: Sequence[str], key: str, further: str = "") -> Mapping[int, str]:
        """Return selections by a list of values of one column, for each list size."""
        tail = f" AND {further}" if further else ""
        head = f"SELECT {self.names(columns)} FROM {self.quote(table.name)} WHERE {self.quote(key)}"  # noqa: S608  names of our own tables
        return {size: f"{head} IN ({self.marks(size)}){tail}" for size in LIST_SIZES}


class Put:
    """Writes rows over those which are there already, by a statement for each set of columns that are empty.

    SQLite's driver in Python takes as long to bind one `None` as five texts, and half of a record's columns are empty
    most of the time. With `NULL` in the statement a row takes half the time (docs/performance.md).
    """

    def __init__(self, printer: Printer, table: Table, key: Sequence[str]) -> None:
        """Take a table and its key."""
        full = printer.put(table, table.c.keys(), key)
        self._head, _, self._tail = full.partition(f"({printer.marks(len(table.c))})")
        self._mark = printer.mark
        self._texts: dict[Filled, str] = {}

    def write(self, cursor: Cursor, rows: Iterable[Sequence[object]]) -> None:
        """Write rows that have a value for each column; no two of them have the same key."""
        kinds: dict[Filled, list[list[object]]] = {}
        for row in rows:
            filled = tuple(map(is_not, row, _NONES))
            kinds.setdefault(filled, []).append(list(compress(row, filled)))
        for filled, members in kinds.items():
            cursor.executemany(_kept(self._texts, filled, self._text), members)

    def _text(self, filled: Filled) -> str:
        values = ", ".join(self._mark if is_filled else "NULL" for is_filled in filled)
        return f"{self._head}({values}){self._tail}"


class Change:
    """Writes the columns that may have changed of rows which are there already, with `NULL` in the statement as above.

    Args:
        key: how many of the first columns are the key.
        steady: how many of the first columns, with the key, are known to be as they were.
    """

    def __init__(self, printer: Printer, table: Table, *, key: int, steady: int) -> None:
        names = table.c.keys()
        self._table = printer.quote(table.name)
        self._where = printer.where(names[:key])
        self._names = [printer.quote(name) for name in names[steady:]]
        self._mark = printer.mark
        self._key, self._steady = key, steady
        self._texts: dict[Filled, str] = {}

    def write(self, cursor: Cursor, rows: Iterable[Sequence[object]]) -> None:
        """Write rows that have a value for each column of the table; no two of them have the same key."""
        kinds: dict[Filled, list[list[object]]] = {}
        for row in rows:
            changing = row[self._steady :]
            filled = tuple(map(is_not, changing, _NONES))
            values = list(compress(changing, filled))
            values += row[: self._key]
            kinds.setdefault(filled, []).append(values)
        for filled, members in kinds.items():
            cursor.executemany(_kept(self._texts, filled, self._text), members)

    def _text(self, filled: Filled) -> str:
        pairs = zip(self._names, filled, strict=True)
        changes = ", ".join(f"{name} = {self._mark if is_filled else 'NULL'}" for name, is_filled in pairs)
        return f"UPDATE {self._table} SET {changes} WHERE {self._where}"  # noqa: S608  names of our own tables


def _kept(texts: dict[Filled, str], key: tuple[bool, ...], make: Callable[[tuple[bool, ...]], str]) -> str:
    text = texts.get(key)
    if text is None:
        text = make(key)
        if len(texts) < MOST_TEXTS:
            texts[key] = text
    return text


def ask_in(cursor: Cursor, statements: Mapping[int, str], values: Iterable[object]) -> Iterator[Row]:
    """Yield the rows for a list of values of any length; the order is that of the database."""
    rest = list(values)
    start = 0
    for size in LIST_SIZES:
        while len(rest) - start >= size:
            cursor.execute(statements[size], rest[start : start + size])
            start += size
            yield from cursor.fetchall()
