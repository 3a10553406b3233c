"""Months of PostgreSQL's big tables: made ahead, made when history is imported, and given back when they are empty.

A month is a partition. What lies in a month without one goes to the table's default partition, from where it is moved
as soon as the month gets its own. To add a partition, PostgreSQL waits for everybody who reads the default partition;
so this waits for a moment only, and what could not be done now is done with the next chance: nothing depends on it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import psycopg

from calltally.store.postgresql_statements import PARTITIONED
from calltally.store.statements import Cursor

FIRST_YEAR: Final = 2000
AHEAD: Final = 2
"""So many months after this one are made before they begin."""
KEPT_MONTHS: Final = 2
"""An empty month is given back when it is so many months old."""
PATIENCE: Final = "1s"
PATIENCE_ELSE: Final = "30s"
RETRY_ASKED: Final = 100
"""After a month could not be made, it is asked for so many times before this is tried again."""

Month = int
"""Months since the year 0."""

_UNITS: Final = {"us": 1_000_000, "ms": 1_000}
_NOT_NOW: Final = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DuplicateTable,
    psycopg.errors.InsufficientPrivilege,
)
_THERE: Final = """
SELECT parent.relname, part.relname FROM pg_inherits
JOIN pg_class parent ON parent.oid = inhparent JOIN pg_class part ON part.oid = inhrelid
WHERE parent.oid IN ({tables})
"""


class Partitions:
    """What is known of the partitions of one database. Used by the one writer only."""

    def __init__(self) -> None:
        self._there: dict[str, set[Month]] = {}
        self._now: Month = 0
        self._refused_until = 0
        self._asked = 0

    def need(self, cursor: Cursor, table: str, times: Sequence[int]) -> None:
        """Make the partitions for rows of these times, as far as they belong to plausible years."""
        months = {month_of(table, min(times)), month_of(table, max(times))}
        if len(months) > 1:
            months = {month_of(table, time) for time in set(times)}
        missing = {month for month in months - self._there.get(table, set()) if _is_plausible(month, self._now)}
        if not missing:
            return
        self._asked += 1
        if self._asked < self._refused_until:
            return
        # Another process may have made them.
        for month in sorted(missing - self._look(cursor)[table]):
            if not self._make(cursor, table, month):
                self._refused_until = self._asked + RETRY_ASKED
                return

    def prepare(self, cursor: Cursor, now_ms: int) -> None:
        """Make the months from this one on, give rows of the default partitions their months, and drop empty ones."""
        self._now = month_of("calls", now_ms)
        self._refused_until = 0
        for table, there in self._look(cursor).items():
            wanted = set(range(self._now, self._now + AHEAD + 1)) | self._strays(cursor, table)
            for month in sorted(wanted - there):
                self._make(cursor, table, month)
            for month in sorted(month for month in there if month < self._now - KEPT_MONTHS):
                self._drop_if_empty(cursor, table, month)

    def forget(self) -> None:
        """Forget what is known, because a transaction failed in which partitions may have been made."""
        self._there.clear()

    def _look(self, cursor: Cursor) -> dict[str, set[Month]]:
        """Learn which months are there."""
        names = ", ".join(f"'{table}'::regclass" for table in PARTITIONED)
        cursor.execute(_THERE.format(tables=names))
        self._there = {table: set() for table in PARTITIONED}
        for table, partition in cursor.fetchall():
            tail = partition.rpartition("_")[2]
            if tail != "default":
                year, _, month = tail[1:].partition("m")
                self._there[table].add(_month(int(year), int(month)))
        return self._there

    def _strays(self, cursor: Cursor, table: str) -> set[Month]:
        """Return the plausible months of rows in a default partition."""
        column = PARTITIONED[table]
        found: set[Month] = set()
        least = border(table, _month(FIRST_YEAR, 1))
        until = border(table, _last_plausible(self._now) + 1)
        while True:
            cursor.execute(
                f"SELECT min({column}) FROM {table}_default WHERE {column} >= {least} AND {column} < {until}"  # noqa: S608  our own names, numbers
            )
            stray = cursor.fetchall()[0][0]
            if stray is None:
                return found
            month = month_of(table, stray)
            found.add(month)
            least = border(table, month + 1)

    def _make(self, cursor: Cursor, table: str, month: Month) -> bool:
        """Make one month and move its rows there; return whether that was possible without waiting for long."""
        column, name = PARTITIONED[table], name_of(table, month)
        since, until = border(table, month), border(table, month + 1)
        made = _attempt(
            cursor,
            f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS)",
            f"WITH moved AS (DELETE FROM {table}_default WHERE {column} >= {since} AND {column} < {until} RETURNING *)"  # noqa: S608  our own names, numbers
            f" INSERT INTO {name} SELECT * FROM moved",
            f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({since}) TO ({until})",
        )
        if made:
            self._there[table].add(month)
        return made

    def _drop_if_empty(self, cursor: Cursor, table: str, month: Month) -> None:
        name = name_of(table, month)
        cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {name})")  # noqa: S608  a name of our own
        if not cursor.fetchall()[0][0] and _attempt(cursor, f"DROP TABLE {name}"):
            self._there[table].discard(month)


def name_of(table: str, month: Month) -> str:
    """Return the name of a partition, such as `calls_y2025m03`."""
    return f"{table}_y{month // 12:04d}m{month % 12 + 1:02d}"


def border(table: str, month: Month) -> int:
    """Return the first instant of a month (UTC), in the unit of the table's time."""
    start = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return int(start.timestamp()) * _unit(table)


def month_of(table: str, time: int) -> Month:
    """Return the month of a time of a table; outside the years 1 to 9999 that of their ends."""
    seconds = max(-62_135_596_800, min(time // _unit(table), 253_402_300_799))
    days = seconds // 86_400
    # Of a proleptic Gregorian calendar; `date.fromordinal` counts from the first day of the year 1.
    day = datetime.fromordinal(days + 719_163)
    return _month(day.year, day.month)


def _unit(table: str) -> int:
    return _UNITS[PARTITIONED[table][-2:]]


def _month(year: int, month: int) -> Month:
    return year * 12 + month - 1


def _last_plausible(now: Month) -> Month:
    return (now // 12 + 1) * 12 + 11


def _is_plausible(month: Month, now: Month) -> bool:
    return _month(FIRST_YEAR, 1) <= month <= _last_plausible(now)


def _attempt(cursor: Cursor, *statements: str) -> bool:
    """Run statements that need locks, all or none of them; return whether that was possible soon.

    It is not if somebody took a month apart by hand, and its table is still there, or if the tables are another user's.
    """
    cursor.execute("SAVEPOINT months")
    cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
    try:
        for statement in statements:
            cursor.execute(statement)
    except _NOT_NOW:
        cursor.execute("ROLLBACK TO SAVEPOINT months")
        return False
    cursor.execute("RELEASE SAVEPOINT months")
    cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE_ELSE}'")
    return True
