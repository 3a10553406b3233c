"""Prints the making of tables for PostgreSQL: texts that compare by their bytes, and big tables in parts by month.

What the parts are divided by belongs to every key of theirs, as PostgreSQL cannot see that a key is unique otherwise.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

_KINDS: Final = {
    "id": "bigint",
    "big": "bigint",
    "int": "integer",
    "small": "smallint",
    "text": 'text COLLATE "C"',
    "blob": "bytea",
}
_PARTITIONED: Final = {
    "messages": "received_at_us",
    "calls": "started_at_ms",
    "legs": "started_at_ms",
    "visits": "entered_at_ms",
}


def statements(
    tables: Mapping[str, str],
    indexes: Iterable[tuple[str, str, str]],
    *,
    unique: Iterable[str],
    partial: Mapping[str, str],
) -> Iterator[str]:
    """Yield the statements that make tables and indexes.

    Args:
        tables: table -> its columns, as the migration has them: name, kind, and a mark.
        indexes: name, table, and columns.
        unique: which of them hold each value once.
        partial: the condition of those that hold a part of the rows.
    """
    for table, columns in tables.items():
        marked = [column.split() for column in columns.split(",")]
        key = [column[0] for column in marked if column[2:] == ["key"]]
        divided_by = _PARTITIONED.get(table)
        if divided_by is not None and divided_by not in key:
            key.append(divided_by)
        parts = [*(_column(*column) for column in marked), f"PRIMARY KEY ({_listed(key)})"]
        tail = "" if divided_by is None else f' PARTITION BY RANGE ("{divided_by}")'
        yield f'CREATE TABLE "{table}" ({", ".join(parts)}){tail}'
        if divided_by is not None:
            yield f'CREATE TABLE "{table}_default" PARTITION OF "{table}" DEFAULT'
    for name, table, names in indexes:
        kind = "UNIQUE INDEX" if name in unique else "INDEX"
        where = f" WHERE {partial[name]}" if name in partial else ""
        yield f'CREATE {kind} "{name}" ON "{table}" ({_listed(names.split())}){where}'


def _column(name: str, kind: str, mark: str = "") -> str:
    tail = "" if mark == "null" else " NOT NULL"
    return f'"{name}" {_KINDS[kind]}{tail}'


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
