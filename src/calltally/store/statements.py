"""What the writing side asks of an engine: statements for many rows at once, printed once from the tables.

How rows travel differs most between databases: SQLite runs one statement for each row, PostgreSQL and MariaDB take one
statement with all rows in it. So each engine makes objects that write rows, and nobody else knows how they do it.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Protocol

from sqlalchemy import Table

from calltally.store.rows import Row

Fields = Sequence[object]


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


class Writes(Protocol):
    """A statement that writes rows."""

    def write(self, cursor: Cursor, rows: Collection[Fields]) -> int:
        """Write rows, none of them of the same key as another; return how many were changed. No rows cost nothing."""
        ...


class Asks(Protocol):
    """A question for rows by the values of one column."""

    def ask(self, cursor: Cursor, values: Collection[object]) -> Iterable[Row]:
        """Return the rows with one of these values, in any order."""
        ...


class Dialect(Protocol):
    """Prints the statements of one engine."""

    def quote(self, name: str) -> str:
        """Return a name, quoted where it must be."""
        ...

    def read_widely(self, cursor: Cursor) -> None:
        """Make ready for statements that read whole tables, until the end of the transaction."""
        ...

    def insert(self, table: Table, columns: Sequence[str]) -> Writes:
        """Insert rows of these columns."""
        ...

    def insert_new(self, table: Table, columns: Sequence[str], key: Sequence[str]) -> Writes:
        """Insert rows, but leave alone those whose key is there already; only rows really inserted are counted."""
        ...

    def put(self, table: Table, columns: Sequence[str], key: Sequence[str]) -> Writes:
        """Insert rows, or replace the other columns of those whose key is there already."""
        ...

    def add(self, table: Table, key: Sequence[str], measures: Sequence[str]) -> Writes:
        """Insert rows of key and measures, or add to the measures of those whose key is there already."""
        ...

    def delete(self, table: Table, columns: Sequence[str], further: str = "") -> Writes:
        """Delete the rows that have these values; `further` is a condition on their columns, added as it is."""
        ...

    def cut(self, table: Table, column: str, number: str) -> Writes:
        """Delete, for each `(value, least)`, the rows of this value whose number is `least` or more."""
        ...

    def change(self, table: Table, columns: Sequence[str], key: Sequence[str]) -> Writes:
        """Change some columns, whose values come before those of the key, which may be among them."""
        ...

    def renew(self, table: Table, *, key: int, steady: int) -> Writes:
        """Write the columns that may have changed of rows that are there already; whole rows are given.

        Args:
            table: what to write to.
            key: how many of the first columns are the key.
            steady: how many of the first columns, with the key, are known to be as they were.
        """
        ...

    def ask(self, table: Table, columns: Sequence[str], key: str, further: str = "") -> Asks:
        """Ask for rows by the values of one column."""
        ...


def names_of(quote: Callable[[str], str], columns: Iterable[str]) -> str:
    """Return the names of columns, quoted where they must be."""
    return ", ".join(map(quote, columns))
