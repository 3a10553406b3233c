"""Moves everything from one database to another, in steps that can be interrupted, and proves that nothing is missing.

What was carried is marked in the target together with the rows themselves, so a move that was interrupted goes on
where it stood. While the marks are there the target is no database to serve; they go when the proof is complete: the
rows of every table have the same digest on both sides, and the target's figures agree with its own records.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from calltally.engine.presence import ALIVE_SECONDS, lives_in
from calltally.store.asked import Difference
from calltally.store.store import Store, StoreError

IDENTITY: Final = "move.identity"
"""Under this name a database that was moved remembers who it is."""
SOURCE: Final = "move.source"
"""Under this name a target remembers the identity of the database that it is filled from."""
DONE: Final = "move.done."
"""Under names that begin so a target remembers how far each table is."""
STILL_SERVED_MS: Final = int(3 * ALIVE_SECONDS * 1000)

Key = tuple[object, ...]
Rows = Sequence[Sequence[object]]
Tell = Callable[[int, int, str], None]
"""Hears how many rows are done, of how many, and with what the move is busy."""


class MoveError(Exception):
    """The move cannot begin, or did not end well; the text is a sentence for an administrator."""


class Rowed(Protocol):
    """One committed state of a database, table by table."""

    def is_unheard(self) -> bool:
        """Return whether nothing has been heard yet."""
        ...

    def count(self, name: str) -> int:
        """Return how many rows of a table are carried."""
        ...

    def pages(self, name: str, after: Key | None = None) -> Iterator[tuple[Rows, Key]]:
        """Yield the rows of a table behind a key, in the order of their keys, some at a time, with the last key."""
        ...

    def digest(self, name: str, tell: Callable[[int], None]) -> tuple[int, str]:
        """Return how many rows of a table are carried, and a digest of all of them."""
        ...


class Tables(Protocol):
    """The tables of a database, to be carried to another."""

    @property
    def names(self) -> Sequence[str]:
        """The names of the tables that are carried."""
        ...

    def snapshot(self) -> AbstractContextManager[Rowed]:
        """Give one committed state."""
        ...

    def make_room(self, marks: Mapping[str, bytes]) -> None:
        """Delete what came with the making of a database that has heard nothing yet, and keep some values."""
        ...

    def take(self, name: str, rows: Rows, marks: Mapping[str, bytes]) -> None:
        """Write new rows of a table and keep some values, together."""
        ...

    def settle(self) -> None:
        """Let the database look at what came, so that it plans questions well from the first one on."""
        ...


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two databases of a move."""

    store: Store
    tables: Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a move did: rows by table, and whether it went on with an earlier one."""

    rows: Mapping[str, int]
    resumed: bool


class _Stand(msgspec.Struct):
    """How far a table is: the key of the last row that was carried, and whether that was all."""

    after: list[int | str] | None = None
    done: bool = False


def is_served(store: Store, now_ms: int) -> bool:
    """Return whether a service that uses this database has said a moment ago that it is alive."""
    return any(not life.is_over and now_ms - life.at_ms < STILL_SERVED_MS for life in lives_in(store).values())


def require_whole(store: Store) -> None:
    """Refuse a database that a move has begun to fill.

    Raises:
        StoreError: it is one.
    """
    if store.value(SOURCE) is not None:
        raise StoreError(
            "this database is the target of a move that has not ended; run `calltally database move` again with the "
            "same addresses, or name another database"
        )


def move(source: Side, target: Side, *, identity: str, tell: Tell) -> Moved:
    """Carry everything over, prove it, and return what was done.

    Args:
        source: what is read; only its identity is written there, once.
        target: a database that has heard nothing, or one that an interrupted move of this source has begun to fill.
        identity: a name for the source, if it has none yet; no two databases have the same.
        tell: hears how far the move is.

    Raises:
        MoveError: the target holds something else, or both differ at the end.
        StoreError: a database did not do it; the move can be run again.
    """
    known = source.store.value(IDENTITY)
    if known is None:
        known = identity.encode()
        with source.store.write() as transaction:
            transaction.set_value(IDENTITY, known)
    if target.store.value(IDENTITY) == known:
        raise MoveError("Both addresses are those of the same database.")
    resumed = _begin(known, target)
    with source.tables.snapshot() as rows:
        names = source.tables.names
        work = _Work(names, {name: rows.count(name) for name in names}, tell)
        for name in work.tables:
            _carry(name, rows, target, work)
        target.tables.settle()
        _prove(rows, target, work)
    _verify(target, work)
    _finish(target)
    return Moved(rows=work.counts, resumed=resumed)


@dataclass(slots=True)
class _Work:
    """How far a move is. Every row is carried once and read twice more for the proof."""

    tables: Sequence[str]
    counts: Mapping[str, int]
    tell: Tell
    done: int = 0
    total: int = field(init=False)

    def __post_init__(self) -> None:
        self.total = 3 * sum(self.counts.values())

    def add(self, count: int, said: str) -> None:
        """Tell that some more rows are done."""
        self.done += count
        self.tell(self.done, max(self.total, self.done), said)


def _begin(known: bytes, target: Side) -> bool:
    """Make the target ready and return whether it was begun to be filled before."""
    begun = target.store.value(SOURCE)
    if begun == known:
        return True
    if begun is not None:
        raise MoveError(
            "The target was begun to be filled from another database, and that move has not ended. Finish it, or name "
            "an empty database."
        )
    with target.tables.snapshot() as rows:
        is_unheard = rows.is_unheard()
    if not is_unheard:
        raise MoveError("The target holds calls or messages already; name an empty database.")
    target.tables.make_room({SOURCE: known})
    return False


def _carry(name: str, rows: Rowed, target: Side, work: _Work) -> None:
    """Carry the rest of one table."""
    stored = target.store.value(DONE + name)
    stand = _Stand() if stored is None else msgspec.json.decode(stored, type=_Stand)
    if stand.done:
        work.add(work.counts[name], f"{name} is there already")
        return
    after = None if stand.after is None else tuple(stand.after)
    if after is not None:
        with target.tables.snapshot() as there:
            work.add(there.count(name), f"some of {name} is there already")
    for page, last in rows.pages(name, after):
        target.tables.take(name, page, {DONE + name: msgspec.json.encode({"after": last})})
        work.add(len(page), f"carrying {name}")
    target.tables.take(name, (), {DONE + name: msgspec.json.encode(_Stand(done=True))})


def _prove(rows: Rowed, target: Side, work: _Work) -> None:
    """Compare every table on both sides.

    Raises:
        MoveError: some differ.
    """
    different: list[str] = []
    with target.tables.snapshot() as there:
        for name in work.tables:
            expected, found = (
                side.digest(name, lambda count: work.add(count, f"comparing {name}"))  # noqa: B023  used at once
                for side in (rows, there)
            )
            if expected != found:
                different.append(f"{name} ({expected[0]:,} rows there, {found[0]:,} here)")
    if different:
        raise MoveError(
            f"The databases differ in {', '.join(different)}. If a service has written to the source meanwhile, end it."
            " Empty the target and move again."
        )


def _verify(target: Side, work: _Work) -> None:
    differences: list[Difference] = target.store.verify(lambda step: work.add(0, f"verifying {step}"))
    if differences:
        first = differences[0]
        raise MoveError(
            f"Everything was carried over, but the figures do not agree with the records in {len(differences)} places "
            f"(the first: {first.where}: expected {first.expected}, found {first.found}), and so it was before the "
            "move. Run `calltally rebuild` on the source, empty the target and move again."
        )


def _finish(target: Side) -> None:
    """Let the target be a database to serve."""
    with target.store.write() as transaction:
        for name in (SOURCE, *(DONE + table for table in target.tables.names)):
            transaction.set_value(name, None)
