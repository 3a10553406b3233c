"""Prints the making of tables for MariaDB, each with its indexes in one statement that can be run again.

MariaDB keeps each statement at once, so a migration that was interrupted begins anew and finds some of its tables.
Texts compare by their bytes, trailing blanks included, as in the other databases. What a key or an index holds, or
figures are split by, has at most 256 characters (docs/decisions/0035); other texts may be of any length.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

_KINDS: Final = {
    "id": "BIGINT",
    "big": "BIGINT",
    "int": "INT",
    "small": "SMALLINT",
    "text": "LONGTEXT",
    "blob": "LONGBLOB",
}
_NAME: Final = "VARCHAR(256)"
_WORD: Final = "VARCHAR(32)"
_WORDS: Final = ("direction", "outcome", "answered_by", "spread", "dimension")
"""Columns of these names hold words of our own."""
_NAMES: Final = ("source", "queue", "agent", "trunk", "caller")
_NAMED: Final = ("messages", "calls", "legs", "visits")
"""In these tables columns of these names are names, beside all texts in keys."""
_INDEXES: Final = {
    "calls_done": "is_open started_at_ms direction lines_id source wait_ms talk_ms caller",
    "calls_open": "",
    "messages_problem": "problem(1) received_at_us",
}
"""Indexes of a part of the rows elsewhere; MariaDB has none of these, so they begin with what chooses the part."""
_OPTIONS: Final = "ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"


def statements(
    tables: Mapping[str, str], indexes: Iterable[tuple[str, str, str]], unique: Iterable[str]
) -> Iterator[str]:
    """Yield the statements that make tables.

    Args:
        tables: table -> its columns, as the migration has them: name, kind, and a mark.
        indexes: name, table, and columns.
        unique: which of them hold each value once.
    """
    keys: dict[str, list[str]] = {}
    for name, table, columns in indexes:
        listed = _INDEXES.get(name, columns).split()
        if listed:
            kind = "UNIQUE KEY" if name in unique else "KEY"
            keys.setdefault(table, []).append(f"{kind} `{name}` ({', '.join(map(_quoted, listed))})")
    for table, columns in tables.items():
        marked = [column.split() for column in columns.split(",")]
        primary = ", ".join(_quoted(column[0]) for column in marked if column[2:] in (["key"], ["auto"]))
        parts = [*(_column(table, *column) for column in marked), f"PRIMARY KEY ({primary})", *keys.get(table, ())]
        yield f"CREATE TABLE IF NOT EXISTS `{table}` ({', '.join(parts)}) {_OPTIONS}"


def _column(table: str, name: str, kind: str, mark: str = "") -> str:
    written = _KINDS[kind]
    if kind == "text" and name in _WORDS:
        written = _WORD
    elif kind == "text" and (mark == "key" or (table in _NAMED and name in _NAMES)):
        written = _NAME
    tail = {"null": "NULL", "auto": "NOT NULL AUTO_INCREMENT"}.get(mark, "NOT NULL")
    return f"`{name}` {written} {tail}"


def _quoted(column: str) -> str:
    """Return a column's name, quoted, with the length of its part in an index if it has one."""
    name, parenthesis, length = column.partition("(")
    return f"`{name}`{parenthesis}{length}"
