"""MariaDB's statements for many rows: all rows of a batch stand as `VALUES` in the text of one statement.

Its driver is written in Python, and quoting value by value there costs more than all the rest. So rows are printed by
a JSON encoder in C: a row as JSON, its brackets made round, is a row as MariaDB reads it. In a session without
`ANSI_QUOTES` and `NO_BACKSLASH_ESCAPES` (`mariadb.py` sees to it) a text in double quotes, with a backslash before a
quote, a backslash, and the letters n, r, t and b, means the same in both. Only the escapes of other control characters
do not, nor do bytes that are no text: such rows are printed in hexadecimal digits.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final, TypeVar

import msgspec
from sqlalchemy import LargeBinary, Table

from calltally.store.rows import Row
from calltally.store.statements import Asks, Cursor, Fields, Writes, names_of

MOST_ROWS: Final = 1_000
"""How many rows, or values of a list, a statement has at most."""
_OTHER_ESCAPES: Final = (b"\\u", b"\\f")

Each = TypeVar("Each")

_encode: Final = msgspec.json.Encoder().encode
_encode_lines: Final = msgspec.json.Encoder().encode_lines


def rows_text(rows: Collection[Fields], blobs: Sequence[int] = ()) -> str:
    """Return rows as they stand behind `VALUES`, not always in their order; `blobs` are the columns that hold bytes."""
    plain: Collection[Fields] = rows
    odd: list[Fields] = []
    if blobs:
        plain = []
        for row in rows:
            readable = _readable(row, blobs)
            (odd if readable is None else plain).append(readable or row)
    text = _encode_lines(plain)
    if _is_odd(text):
        lines = text.split(b"\n")[:-1]
        odd += [row for row, line in zip(plain, lines, strict=True) if _is_odd(line)]
        text = b"".join(line + b"\n" for line in lines if not _is_odd(line))
    # A line's end within a text is escaped, so this is always the end of a row.
    printed = [f"({text[1:-2].replace(_BETWEEN, b'),(').decode()})"] if text else []
    printed += [f"({','.join(map(_literal, row))})" for row in odd]
    return ",".join(printed)


_BETWEEN: Final = b"]\n["


def _readable(row: Fields, blobs: Sequence[int]) -> Fields | None:
    """Return a row whose bytes are texts in UTF-8; `None` if some of them are not."""
    texts = list(row)
    try:
        for place in blobs:
            value = texts[place]
            texts[place] = value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return None
    return texts


def _is_odd(text: bytes) -> bool:
    """Return whether JSON may hold an escape that means something else to MariaDB."""
    return any(escape in text for escape in _OTHER_ESCAPES)


def _literal(value: object) -> str:
    """Return one value as SQL that depends on no setting of the session."""
    match value:
        case None:
            return "NULL"
        case int():
            return str(int(value))
        case str():
            return f"_utf8mb4 X'{value.encode().hex()}'"
        case bytes() | bytearray() | memoryview():
            return f"X'{value.hex()}'"
        case _:
            raise TypeError(value)


def values_text(values: Iterable[object]) -> str:
    """Return values as they stand in a list."""
    text = _encode(values)
    return ",".join(map(_literal, values)) if _is_odd(text) else text[1:-1].decode()


class _Write:
    """A statement that begins with one text, holds the rows, and ends with another."""

    def __init__(self, dialect: "MariaDbDialect", head: str, tail: str, blobs: Sequence[int] = ()) -> None:
        self._dialect = dialect
        self._head, self._tail, self._blobs = head, tail, blobs

    def write(self, cursor: Cursor, rows: Collection[Fields]) -> int:
        """Write rows; return how many were changed, as MariaDB counts (a row that was replaced counts twice)."""
        return sum(self._write(cursor, some) for some in _parts(rows))

    def _write(self, cursor: Cursor, rows: Sequence[Fields]) -> int:
        text = f"{self._head}{rows_text(rows, self._blobs)}{self._tail}"
        if len(text) > self._dialect.longest_statement and len(rows) > 1:
            middle = len(rows) // 2
            return self._write(cursor, rows[:middle]) + self._write(cursor, rows[middle:])
        cursor.execute(text)
        return cursor.rowcount


class _Ask:
    """A question for rows by the values of one column."""

    def __init__(self, head: str, tail: str) -> None:
        self._head, self._tail = head, tail

    def ask(self, cursor: Cursor, values: Collection[object]) -> Iterable[Row]:
        """Return the rows with one of these values, in any order."""
        found: list[Row] = []
        for some in _parts(values):
            cursor.execute(f"{self._head}{values_text(some)}{self._tail}")
            found += cursor.fetchall()
        return found


class MariaDbDialect:
    """Prints the statements of MariaDB. `longest_statement`: characters that the server is sure to take."""

    def __init__(self, quote: Callable[[str], str]) -> None:
        self._quote = quote
        self.longest_statement = 1_000_000

    def quote(self, name: str) -> str:
        """Return a name, quoted where it must be."""
        return self._quote(name)

    def read_widely(self, cursor: Cursor) -> None:
        """Do nothing: there is nothing to make ready."""

    def insert(self, table: Table, columns: Sequence[str]) -> Writes:
        """Insert rows of these columns."""
        return self._insert(table, columns, "")

    def insert_new(self, table: Table, columns: Sequence[str], key: Sequence[str]) -> Writes:
        """Insert rows, but leave alone those whose key is there already; only rows really inserted are counted.

        A row that is written over with itself counts as none. `INSERT IGNORE` would hide other mistakes, too.
        """
        return self._insert(table, columns, self._replace(key[:1]))

    def put(self, table: Table, columns: Sequence[str], key: Sequence[str]) -> Writes:
        """Insert rows, or replace the other columns of those whose key is there already."""
        others = [column for column in columns if column not in key]
        return self._insert(table, columns, self._replace(others or key[:1]))

    def add(self, table: Table, key: Sequence[str], measures: Sequence[str]) -> Writes:
        """Insert rows of key and measures, or add to the measures of those whose key is there already."""
        mine = self.quote(table.name)
        names = [self.quote(measure) for measure in measures]
        changes = ", ".join(f"{name} = {mine}.{name} + VALUE({name})" for name in names)
        return self._insert(table, (*key, *measures), f" ON DUPLICATE KEY UPDATE {changes}")

    def renew(self, table: Table, *, key: int, steady: int) -> Writes:
        """Write the columns that may have changed of rows that are there already; whole rows are given."""
        names = table.c.keys()
        return self._insert(table, names, self._replace(names[max(key, steady) :]))

    def _insert(self, table: Table, columns: Sequence[str], tail: str) -> Writes:
        head = f"INSERT INTO {self.quote(table.name)} ({names_of(self.quote, columns)}) VALUES "  # noqa: S608  our own names
        blobs = [place for place, name in enumerate(columns) if isinstance(table.c[name].type, LargeBinary)]
        return _Write(self, head, tail, blobs)

    def _replace(self, columns: Iterable[str]) -> str:
        names = [self.quote(column) for column in columns]
        return " ON DUPLICATE KEY UPDATE " + ", ".join(f"{name} = VALUE({name})" for name in names)

    def delete(self, table: Table, columns: Sequence[str], further: str = "") -> Writes:
        """Delete the rows that have these values; `further` is a condition on their columns, added as it is."""
        tail = f" AND {further}" if further else ""
        names = names_of(self.quote, columns)
        return _Write(self, f"DELETE FROM {self.quote(table.name)} WHERE ({names}) IN (", f"){tail}")  # noqa: S608  our own names

    def cut(self, table: Table, column: str, number: str) -> Writes:
        """Delete, for each `(value, least)`, the rows of this value whose number is `least` or more."""
        mine = self.quote(table.name)
        where = f"{mine}.{self.quote(column)} = given.c0 AND {mine}.{self.quote(number)} >= given.c1"
        return _Write(self, f"DELETE {mine} FROM {mine} JOIN {_given(2)}", f") AS given ON {where}")

    def change(self, table: Table, columns: Sequence[str], key: Sequence[str]) -> Writes:
        """Change some columns, whose values come before those of the key, which may be among them."""
        mine = self.quote(table.name)
        changes = ", ".join(f"{mine}.{self.quote(name)} = given.c{place}" for place, name in enumerate(columns))
        key_places = enumerate(key, len(columns))
        where = " AND ".join(f"{mine}.{self.quote(name)} = given.c{place}" for place, name in key_places)
        head = f"UPDATE {mine} JOIN {_given(len(columns) + len(key))}"
        return _Write(self, head, f") AS given ON {where} SET {changes}")

    def ask(self, table: Table, columns: Sequence[str], key: str, further: str = "") -> Asks:
        """Ask for rows by the values of one column."""
        tail = f" AND {further}" if further else ""
        head = f"SELECT {names_of(self.quote, columns)} FROM {self.quote(table.name)} WHERE {self.quote(key)}"  # noqa: S608  our own names
        return _Ask(f"{head} IN (", f"){tail}")


def _given(count: int) -> str:
    """Return the beginning of a table of so many columns, `c0` and following; the row that names them has no value."""
    names = ", ".join(f"NULL AS c{place}" for place in range(count))
    return f"(SELECT {names} UNION ALL VALUES "


def _parts(values: Collection[Each]) -> Iterator[Sequence[Each]]:
    listed = list(values)
    for start in range(0, len(listed), MOST_ROWS):
        yield listed[start : start + MOST_ROWS]
