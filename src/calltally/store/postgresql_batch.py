"""A write transaction on PostgreSQL: its number among all commits, and what it tells other processes."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import psycopg

CHANNEL: Final = "calltally_changes"
"""Where every commit is told, with the number of the one who wrote."""
KEPT_MS: Final = 600_000
"""How long is remembered what a commit changed."""
TIDY_EVERY: Final = 500
"""After so many commits of all processes, what is older is deleted."""
MOST_TOLD: Final = 5_000
"""If a transaction changed more flows than this, it says that anything may have changed."""

NEXT: Final = "SELECT next FROM counters WHERE name = 'generation'"
_FIRST: Final = "INSERT INTO counters (name, next) VALUES ('generation', 0) ON CONFLICT DO NOTHING"
_NUMBERED: Final = "UPDATE counters SET next = next + 1 WHERE name = 'generation' RETURNING next"
_BEGIN: Final = f"BEGIN ISOLATION LEVEL READ COMMITTED; {_NUMBERED}"
_NOW_MS: Final = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"


def begin(cursor: "psycopg.Cursor[Any]") -> int:
    """Begin a transaction: wait for every other writer, and return the number of this commit."""
    cursor.execute(_BEGIN, prepare=False)
    cursor.nextset()
    row = cursor.fetchone()
    if row is None:
        cursor.execute(_FIRST)
        row = cursor.execute(_NUMBERED).fetchone()
    return int(row[0]) if row is not None else 0


def now_ms(cursor: "psycopg.Cursor[Any]") -> int:
    """Return the server's time, which is the same for every process."""
    cursor.execute(f"SELECT {_NOW_MS}")
    return int(cursor.fetchall()[0][0])


class PostgresqlBatch:
    """A write transaction that has begun.

    Args:
        cursor: in the transaction.
        generation: differs from that of the last one if another process has written in between.
        position: its number among all commits.
        writer: who writes, among all processes.
    """

    def __init__(self, cursor: "psycopg.Cursor[Any]", *, generation: int, position: int, writer: int) -> None:
        self.cursor = cursor
        self.generation = generation
        self.position = position
        self._writer = writer
        self._flow_ids: set[int] | None = set()

    def changed_since(self, position: int) -> frozenset[int] | None:
        """Return the flows that other processes changed in commits after a position; `None`: anything may have."""
        self.cursor.execute(
            "SELECT writer, flow_ids FROM changes WHERE generation > %s AND generation < %s", (position, self.position)
        )
        rows = self.cursor.fetchall()
        if len(rows) != self.position - position - 1:
            return None
        found: set[int] = set()
        for writer, flow_ids in rows:
            if writer == self._writer:
                continue
            if flow_ids is None:
                return None
            found.update(msgspec.json.decode(flow_ids, type=list[int]))
        return frozenset(found)

    def tell(self, flow_ids: Iterable[int] | None) -> None:
        """Note what this transaction changes, for other processes; `None`: anything may have changed."""
        if flow_ids is None or self._flow_ids is None:
            self._flow_ids = None
        else:
            self._flow_ids.update(flow_ids)

    def commit(self) -> None:
        """Write down what was told, tell everybody, and make it all durable."""
        flow_ids = self._flow_ids
        told = "NULL" if flow_ids is None or len(flow_ids) > MOST_TOLD else f"'{sorted(flow_ids)}'"
        statements = [f"INSERT INTO changes VALUES ({self.position:d}, {self._writer:d}, {told}, {_NOW_MS})"]  # noqa: S608  our own numbers
        if self.position % TIDY_EVERY == 0:
            statements.append(f"DELETE FROM changes WHERE at_ms < {_NOW_MS} - {KEPT_MS}")  # noqa: S608  a number
        statements += [f"NOTIFY {CHANNEL}, '{self._writer:d}'", "COMMIT"]
        self.cursor.execute("; ".join(statements), prepare=False)
