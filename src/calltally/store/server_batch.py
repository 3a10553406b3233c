"""A write transaction on a database server: its number among all commits, and what it tells other processes."""

from collections.abc import Iterable
from typing import Final

import msgspec

from calltally.store.statements import Cursor

KEPT_MS: Final = 600_000
"""How long is remembered what a commit changed."""
TIDY_EVERY: Final = 500
"""After so many commits of all processes, what is older is deleted."""
MOST_TOLD: Final = 5_000
"""If a transaction changed more flows than this, it says that anything may have changed."""

NEXT: Final = "SELECT next FROM counters WHERE name = 'generation'"


class ServerBatch:
    """A write transaction that has begun.

    Args:
        cursor: in the transaction.
        generation: differs from that of the last one if another process has written in between.
        position: its number among all commits.
        writer: who writes, among all processes.
    """

    def __init__(self, cursor: Cursor, *, generation: int, position: int, writer: int) -> None:
        self.cursor = cursor
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

    def told(self, now_ms: str) -> list[str]:
        """Return the statements that write down what was told; `now_ms` is the server's time in SQL."""
        flow_ids = self._flow_ids
        told = "NULL" if flow_ids is None or len(flow_ids) > MOST_TOLD else f"'{sorted(flow_ids)}'"
        statements = [f"INSERT INTO changes VALUES ({self.position:d}, {self._writer:d}, {told}, {now_ms})"]  # noqa: S608  our own numbers
        if self.position % TIDY_EVERY == 0:
            statements.append(f"DELETE FROM changes WHERE at_ms < {now_ms} - {KEPT_MS}")  # noqa: S608  a number
        return statements
