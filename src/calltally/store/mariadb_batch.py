"""A write transaction on MariaDB: its number among all commits, and what it tells other processes."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import pymysql
from pymysql.cursors import Cursor as DriversCursor

from calltally.store.statements import Cursor

KEPT_MS: Final = 600_000
"""How long is remembered what a commit changed."""
TIDY_EVERY: Final = 500
"""After so many commits of all processes, what is older is deleted."""
MOST_TOLD: Final = 5_000
"""If a transaction changed more flows than this, it says that anything may have changed."""

_NUMBERED: Final = "UPDATE counters SET next = LAST_INSERT_ID(next + 1) WHERE name = 'generation'"
_FIRST: Final = "INSERT INTO counters (name, next) VALUES ('generation', 0) ON DUPLICATE KEY UPDATE next = next"
_NOW_MS: Final = "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)"


def next_position(cursor: DriversCursor) -> int:
    """Begin a transaction: wait for every other writer, and return the number of this commit."""
    if cursor.execute(_NUMBERED) == 0:
        cursor.execute(_FIRST)
        cursor.execute(_NUMBERED)
    return int(cursor.lastrowid)


class MariaDbBatch:
    """A write transaction that has begun.

    Args:
        connection: its connection, for itself.
        cursor: in the transaction.
        generation: differs from that of the last one if another process has written in between.
        position: its number among all commits.
        writer: who writes, among all processes.
    """

    def __init__(
        self,
        connection: "pymysql.Connection[Any]",
        cursor: Any,  # noqa: ANN401  the driver's cursor, of which its published types say less than we use
        *,
        generation: int,
        position: int,
        writer: int,
    ) -> None:
        self.connection = connection
        self.cursor: Cursor = cursor
        self.generation = generation
        self.position = position
        self._writer = writer
        self._flow_ids: set[int] | None = set()

    def changed_since(self, position: int) -> frozenset[int] | None:
        """Return the flows that other processes changed in commits after a position; `None`: anything may have."""
        self.cursor.execute(
            f"SELECT writer, flow_ids FROM changes WHERE generation > {position:d} AND generation < {self.position:d}"  # noqa: S608  our own numbers
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
        """Write down what was told, and make it all durable."""
        flow_ids = self._flow_ids
        told = "NULL" if flow_ids is None or len(flow_ids) > MOST_TOLD else f"'{sorted(flow_ids)}'"
        self.cursor.execute(f"INSERT INTO changes VALUES ({self.position:d}, {self._writer:d}, {told}, {_NOW_MS})")  # noqa: S608  our own numbers
        if self.position % TIDY_EVERY == 0:
            self.cursor.execute(f"DELETE FROM changes WHERE at_ms < {_NOW_MS} - {KEPT_MS}")  # noqa: S608  a number
        self.connection.commit()
