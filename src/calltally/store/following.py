"""One write transaction of an engine, and how the parts of a store follow what other processes have written.

Commits are numbered. Whoever remembers something of the database keeps the number up to which it is true, and asks only
if another process has written at all.
"""

from collections.abc import Iterable
from typing import Protocol

from calltally.store.statements import Cursor


class Batch(Protocol):
    """A write transaction that has begun."""

    @property
    def cursor(self) -> Cursor:
        """The driver's cursor in it."""
        ...

    @property
    def generation(self) -> int:
        """A number that differs from that of the last one if another process has written in between."""
        ...

    @property
    def position(self) -> int:
        """The number that this transaction will have among all commits; 0 where they are not numbered."""
        ...

    def changed_since(self, position: int) -> frozenset[int] | None:
        """Return the flows that other processes changed in commits after a position; `None`: anything may have."""
        ...

    def tell(self, flow_ids: Iterable[int] | None) -> None:
        """Note what this transaction changes, for other processes; `None`: anything may have changed."""
        ...


class Follower:
    """Up to where something remembered is true."""

    def __init__(self) -> None:
        self._generation: int | None = None
        self._position = 0

    def changed(self, batch: Batch) -> frozenset[int] | None:
        """Return the flows that other processes changed since `follow` was called last; `None`: all may have."""
        if self._generation is None:
            return None
        if self._generation == batch.generation:
            return frozenset()
        return batch.changed_since(self._position)

    def follow(self, batch: Batch) -> None:
        """Note that everything before a transaction has been seen."""
        self._generation = batch.generation
        # Its own number does not count: if it fails, the next transaction, whosever it is, gets the same.
        self._position = batch.position - 1
