"""A store in a relational database: what is the same on every engine."""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from calltally.model.buckets import LocalDays
from calltally.model.directory import Directory
from calltally.model.instants import Gap, Span
from calltally.model.messages import RawMessage
from calltally.model.records import Call, Leg, QueueVisit, Records
from calltally.store import listing, looking, reading, records, recount, retention, small, verify
from calltally.store.asked import (
    ALL,
    CallList,
    CallPage,
    Difference,
    Dimension,
    Filter,
    JournalEntry,
    PruneCounts,
    SourceHealth,
    SpreadQuestion,
    SpreadRow,
    Subject,
    SumQuestion,
    SumRow,
)
from calltally.store.following import Batch, Follower
from calltally.store.known import Known
from calltally.store.recount import Recount
from calltally.store.size import size_bytes
from calltally.store.statements import Dialect
from calltally.store.writing import SqlTransaction, WriteStatements

ZONE_VALUE: Final = "store.zone"
"""Under this name the store remembers the time zone of its roll-ups by day."""


class Engine(Protocol):
    """What differs from database to database."""

    @property
    def dialect(self) -> Dialect:
        """What prints statements for the driver."""
        ...

    def writing(self) -> AbstractContextManager[Batch]:
        """Begin a write transaction; durable when the block ends, nothing of it is kept if that raises."""
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """Give a connection that sees one committed state."""
        ...

    def studying(self) -> AbstractContextManager[Connection]:
        """Give a connection that sees one committed state, for questions that take as long as they take."""
        ...

    def rebuilding(self) -> AbstractContextManager[None]:
        """Let one process at a time make all records again, until the block ends or the process does."""
        ...

    def migrating(self) -> AbstractContextManager[Connection]:
        """Give a connection in the one transaction in which tables may be made or changed, kept when the block ends."""
        ...

    def prepare(self, now_ms: int) -> None:
        """Make ready for what will be written in the weeks after an instant."""
        ...

    @property
    def writer(self) -> int | None:
        """Who writes here, among all processes whose commits are numbered; `None` where they are not."""
        ...

    def generation(self) -> int:
        """Return a number that changes with every commit of any process."""
        ...

    def wait_for_change(self, seconds: float) -> bool:
        """Wait until another process has written, or the time is over; return whether it has."""
        ...

    def close(self) -> None:
        """Give back every connection."""
        ...


class Database:
    """A store on an engine; its schema must be there already."""

    def __init__(self, engine: Engine, zone: ZoneInfo) -> None:
        self._engine = engine
        self._zone = zone
        self._known = Known()
        self._asked = Follower()
        self._looked: int | None = None
        self._statements = WriteStatements(engine.dialect)

    def rebuilding(self) -> AbstractContextManager[None]:
        """Let one process at a time make all records again; StoreError if another does."""
        return self._engine.rebuilding()

    @contextmanager
    def write(self) -> Iterator[SqlTransaction]:
        """Begin a write transaction; committed and durable when the block ends, rolled back if it raises."""
        try:
            with self._engine.writing() as batch:
                transaction = SqlTransaction(
                    batch, self._statements, known=self._known, asked=self._asked, zone=self._zone
                )
                yield transaction
        except BaseException:
            # Only the answer to the commit may have got lost, so what was known may be wrong now.
            self._known.forget_records()
            raise
        transaction.committed()

    def close(self) -> None:
        """Give back every connection."""
        self._engine.close()

    def keep_days_of(self, zone: str) -> None:
        """Make the roll-ups by day again if they are those of another time zone than the site's of today."""
        kept = self.value(ZONE_VALUE)
        if kept == zone.encode():
            return
        with self._engine.writing() as batch:
            if kept is not None:
                days = LocalDays(self._zone)
                recount.remake_days(batch.cursor, self._engine.dialect, self._statements.cells, days)
                self._statements.calendar.remake(batch.cursor, self._zone)
            self._statements.put_value.write(batch.cursor, [(ZONE_VALUE, zone.encode())])

    def sums(self, question: SumQuestion) -> list[SumRow]:
        """Return sums, by bucket (rising) and value; buckets without records have no row."""
        with self._engine.reading() as connection:
            return reading.sums(connection, question)

    def maximum(
        self, subject: Subject, column: str, span: Span, where: Filter, step_ms: int | None
    ) -> list[tuple[int | None, int]]:
        """Return the greatest `wait_ms` or `talk_ms` per bucket, from records."""
        with self._engine.reading() as connection:
            return reading.maximum(connection, subject, column, span=span, where=where, step_ms=step_ms)

    def spread(self, question: SpreadQuestion) -> list[SpreadRow]:
        """Return the counts per bin of a duration."""
        with self._engine.reading() as connection:
            return reading.spread(connection, question)

    def calls(self, question: CallList) -> CallPage:
        """Return one page of calls."""
        with self._engine.reading() as connection:
            return listing.calls(connection, self._known, question)

    def open_flows(self) -> dict[int, Records]:
        """Return the records of every flow whose call is open."""
        with self._engine.reading() as connection:
            return records.open_flows(connection, self._known)

    def open_flow_ids(self) -> list[int]:
        """Return the ids of these flows alone, for whoever reads them some at a time."""
        with self._engine.reading() as connection:
            return records.open_flow_ids(connection)

    def call(self, call_id: str) -> tuple[int, Records] | None:
        """Return flow id and records of a call, found by its id or by the id of one of its legs."""
        with self._engine.reading() as connection:
            return records.call(connection, self._known, call_id)

    def journal_of(self, flow_id: int) -> list[JournalEntry]:
        """Return the journal rows of one flow, in the order of receipt."""
        with self._engine.reading() as connection:
            return small.journal_of(connection, flow_id)

    def journal(self, *, since_us: int | None, until_us: int | None, source: str | None) -> Iterator[JournalEntry]:
        """Yield the journal in the order `(received_at_us, source, digest)`."""
        with self._engine.reading() as connection:
            yield from small.journal(connection, since_us=since_us, until_us=until_us, source=source)

    def set_aside(self, limit: int) -> list[JournalEntry]:
        """Return the newest messages that were set aside, newest first."""
        with self._engine.reading() as connection:
            return small.set_aside(connection, limit)

    def unplaced(self, first_new: int, batch: int) -> Iterator[list[JournalEntry]]:
        """Yield the understood messages that are in no flow, or in one before this id that has no record any more.

        They come in the order of receipt, in batches; nothing stays locked between two of them.
        """
        after: tuple[int, str, int] | None = None
        while True:
            with self._engine.reading() as connection:
                entries = small.unplaced_after(connection, after, first_new, batch)
            if not entries:
                return
            after = entries[-1].message.identity
            yield entries

    def set_aside_messages(self, batch: int) -> Iterator[list[RawMessage]]:
        """Yield all messages that were set aside, in the order of receipt, in batches."""
        after: tuple[int, str, int] | None = None
        while True:
            with self._engine.reading() as connection:
                messages = small.set_aside_after(connection, after, batch)
            if not messages:
                return
            after = messages[-1].identity
            yield messages

    def all_calls(self, span: Span | None, source: str | None) -> Iterator[Call]:
        """Yield calls ordered by `(started_at_ms, source, call_id)`."""
        with self._engine.reading() as connection:
            yield from records.all_calls(connection, self._known, span, source)

    def all_legs(self, span: Span | None, source: str | None, where: Filter = ALL) -> Iterator[Leg]:
        """Yield the legs that count, ordered by `(started_at_ms, source, leg_id)`."""
        with self._engine.reading() as connection:
            yield from records.all_legs(connection, span, source, where)

    def all_visits(self, span: Span | None, source: str | None, where: Filter = ALL) -> Iterator[QueueVisit]:
        """Yield the visits that count, ordered by `(entered_at_ms, source, visit_id)`."""
        with self._engine.reading() as connection:
            yield from records.all_visits(connection, span, source, where)

    def lines(self) -> dict[int, tuple[str, ...]]:
        """Return every set of own numbers seen so far by its id."""
        with self._engine.reading() as connection:
            return dict(records.lines(connection, self._known))

    def values_of(self, dimension: Dimension) -> list[str]:
        """Return the distinct sources, queues, agents or trunks seen in records, sorted."""
        with self._engine.reading() as connection:
            return small.values_of(connection, dimension)

    def first_and_last(self) -> Span | None:
        """Return the range of the starts of all calls, `None` without calls."""
        with self._engine.reading() as connection:
            return records.first_and_last(connection)

    def directory(self) -> Directory:
        """Return groups, users and numbers as imported last."""
        with self._engine.reading() as connection:
            return small.directory(connection)

    def teams(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return the teams as saved last, as `(name, numbers)`."""
        with self._engine.reading() as connection:
            return small.teams(connection)

    def value(self, key: str) -> bytes | None:
        """Return a small named value."""
        with self._engine.reading() as connection:
            return small.value(connection, key)

    def values(self, prefix: str) -> dict[str, bytes]:
        """Return all small named values whose key begins with the prefix."""
        with self._engine.reading() as connection:
            return small.values(connection, prefix)

    def gaps(self, span: Span) -> list[Gap]:
        """Return the gaps that touch a range."""
        with self._engine.reading() as connection:
            return small.gaps(connection, span)

    def health(self) -> list[SourceHealth]:
        """Return what was heard of each source."""
        with self._engine.reading() as connection:
            return small.health(connection)

    def size_bytes(self) -> int:
        """Return how large the database is."""
        with self._engine.reading() as connection:
            return size_bytes(connection)

    def prepare(self, now_ms: int) -> None:
        """Make ready for what will be written in the weeks after an instant."""
        self._engine.prepare(now_ms)

    def generation(self) -> int:
        """Return a number that changes with every committed write of any process."""
        return self._engine.generation()

    def wait_for_change(self, seconds: float) -> bool:
        """Wait until another process has written since the last look, or the time is over; return whether it has."""
        return self._engine.wait_for_change(seconds)

    def changes_of_others(self) -> frozenset[int] | None:
        """Return the flows that other processes changed since this was asked last; `None`: anything may have."""
        writer = self._engine.writer
        if writer is None:
            return None
        with self._engine.reading() as connection:
            self._looked, changed = looking.changes_since(connection, self._looked, writer)
        return changed

    def flows(self, flow_ids: Collection[int]) -> dict[int, Records]:
        """Return the stored records of flows."""
        with self._engine.reading() as connection:
            return records.records_of(connection, self._known, sorted(flow_ids))

    def count_prunable(self, *, messages_before_us: int, records_before_ms: int) -> PruneCounts:
        """Return what `Transaction.prune` would delete."""
        with self._engine.studying() as connection:
            cursor = connection.connection.cursor()
            self._engine.dialect.read_widely(cursor)
            return retention.count_prunable(
                cursor, messages_before_us=messages_before_us, records_before_ms=records_before_ms
            )

    def verify(self, progress: Callable[[str], None]) -> list[Difference]:
        """Recount records into roll-ups and compare; check links, and that outcomes add up."""
        with self._engine.studying() as connection:
            cursor = connection.connection.cursor()
            recount = Recount(cursor, self._engine.dialect, LocalDays(self._zone))
            return verify.differences(cursor, recount, progress)
