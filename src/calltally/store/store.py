"""What the rest of calltally may ask of a database, whichever it is."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol

from calltally.model.directory import Directory
from calltally.model.instants import Gap, Span
from calltally.model.messages import RawMessage
from calltally.model.records import Call, Leg, QueueVisit, Records
from calltally.store.asked import (
    ALL,
    CallList,
    CallPage,
    Difference,
    Dimension,
    Filter,
    JournalEntry,
    PruneCounts,
    RollUpDeltas,
    SourceHealth,
    SpreadQuestion,
    SpreadRow,
    Subject,
    SumQuestion,
    SumRow,
)

REBUILT_ELSEWHERE: Final = "a rebuild of this database is running already; wait until it has ended"


class StoreError(Exception):
    """The database did not do what was asked; nothing of the transaction was kept. The text is for an administrator."""


class Transaction(Protocol):
    """One write transaction: everything in it becomes durable together, or nothing does. Used by one thread."""

    def generation(self) -> int:
        """Return a number that differs from the last one if another process has written in between."""
        ...

    def changed_flows(self) -> frozenset[int] | None:
        """Return the flows that other processes changed since the last committed transaction that asked this.

        `None`: anything may have changed; so it is the first time.
        """
        ...

    def append(self, entries: Sequence[JournalEntry]) -> None:
        """Write messages down; a message that is there already (same identity) changes nothing."""
        ...

    def forget(self, messages: Sequence[RawMessage]) -> None:
        """Take set-aside messages out of the journal, so that they can be taken in again in the same breath."""
        ...

    def known(self, messages: Sequence[RawMessage]) -> set[tuple[int, str, int]]:
        """Return the identities among these that the journal holds already."""
        ...

    def flows_of(self, tokens: Collection[str]) -> dict[str, int]:
        """Return the flow of each token that is linked to one. Tokens begin with the source: `sipgate|c:54576B15`."""
        ...

    def new_flow_ids(self, count: int) -> range:
        """Return ids never used before, rising."""
        ...

    def link(self, flows: Mapping[str, int]) -> None:
        """Link tokens to flows; a token that had another flow moves."""
        ...

    def merge_flows(self, into: int, flow_ids: Collection[int]) -> None:
        """Hand the messages and tokens of some flows to another; their records are deleted by `save`, not here."""
        ...

    def place(self, entries: Sequence[JournalEntry]) -> None:
        """Give messages that are in the journal another flow, or set them aside after all."""
        ...

    def messages_of(self, flow_ids: Collection[int]) -> dict[int, list[RawMessage]]:
        """Return the understood messages of flows, in the order of receipt; a flow without any has no key."""
        ...

    def message_counts(self, flow_ids: Collection[int]) -> dict[int, int]:
        """Return how many messages each stored record was folded from; fewer in the journal mean that it was pruned.

        A flow without a record has no key.
        """
        ...

    def records_of(self, flow_ids: Collection[int]) -> dict[int, Records]:
        """Return the stored records of flows; a flow without a record has no key."""
        ...

    def lines_id(self, numbers: tuple[str, ...]) -> int:
        """Return the id of an ordered set of own numbers, made on first use."""
        ...

    def save(self, changes: Sequence[tuple[int, int, Records]]) -> None:
        """Write the records of flows as `(flow id, messages folded, records)`.

        `NOTHING` deletes what was stored for a flow.
        """
        ...

    def add(self, deltas: RollUpDeltas) -> None:
        """Add to the roll-ups; cells whose `calls`/`offered` measure falls to zero are deleted."""
        ...

    def save_directory(self, directory: Directory) -> None:
        """Replace groups, users and numbers."""
        ...

    def save_teams(self, teams: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        """Replace the teams, as `(name, numbers)`."""
        ...

    def set_value(self, key: str, value: bytes | None) -> None:
        """Keep a small named value (tokens, hashes, marks); `None` forgets it."""
        ...

    def add_gap(self, gap: Gap) -> None:
        """Note a time in which something could not be heard; one of the same source and beginning is replaced."""
        ...

    def begin_rebuild(self) -> int:
        """Begin to make all records again; between this and `records_made` nothing is pruned.

        Return the id from which on flows are new; `Store.unplaced` yields the messages of those before.
        """
        ...

    def clear_records(self, first_new: int, since: int) -> int | None:
        """Delete records and tokens of some flows before `first_new` whose messages are all in the journal.

        Roll-ups still count them until `count_again`.

        Args:
            first_new: what `begin_rebuild` returned.
            since: 0 at first, then what this returned last; `None` means that all have left.
        """
        ...

    def count_again(self, since_ms: int | None) -> int | None:
        """Count the records of some days into the roll-ups again; after `clear_records`.

        Args:
            since_ms: `None` at first, then what this returned last; `None` means that all days are counted.
        """
        ...

    def records_made(self) -> None:
        """Note that all records are there again."""
        ...

    def journal_pruned_before_us(self) -> int:
        """Return the instant before which messages of calls may have left the journal; far in the past if none has."""
        ...

    def prune(self, *, messages_before_us: int, records_before_ms: int) -> PruneCounts:
        """Delete messages and records older than these instants, and return how many; roll-ups stay.

        A flow's messages go together and its record not before them; nothing of an open call goes.
        """
        ...


class Store(Protocol):
    """A database of calltally.

    Reading methods may be called from any thread while another writes; they see committed data. Every method raises
    StoreError if the database does not answer.
    """

    def rebuilding(self) -> AbstractContextManager[None]:
        """Let one process at a time make all records again; a killed one lets go of it by itself.

        StoreError if another does.
        """
        ...

    def write(self) -> AbstractContextManager[Transaction]:
        """Begin a write transaction.

        Committed and durable when the block ends, rolled back if it raises. StoreError on failure.
        """
        ...

    def close(self) -> None:
        """Give back every connection."""
        ...

    def sums(self, question: SumQuestion) -> list[SumRow]:
        """Return sums, by bucket (rising) and value; buckets without records have no row.

        Raises:
            ValueError: the subject has no such measure, or the grain no such dimension or filter.
        """
        ...

    def maximum(
        self, subject: Subject, column: str, span: Span, where: Filter, step_ms: int | None
    ) -> list[tuple[int | None, int]]:
        """Return the greatest duration per bucket (rising), from records; buckets in which none is known have no row.

        Args:
            subject: calls have `wait_ms` and `talk_ms`, visits `ring_ms`, too.
            column: which of them.
            span: in which the records began.
            where: which records count.
            step_ms: the length of the buckets, counted from 1970; `None` for one row, whose bucket is `None`.

        Raises:
            ValueError: the subject has no such duration.
        """
        ...

    def spread(self, question: SpreadQuestion) -> list[SpreadRow]:
        """Return the counts per bin of a duration, by bucket and bin (rising); empty bins have no row.

        Raises:
            ValueError: the subject has no such spread, or the grain no such filter.
        """
        ...

    def calls(self, question: CallList) -> CallPage:
        """Return one page of calls.

        Raises:
            ValueError: the cursor is nonsense.
        """
        ...

    def open_flows(self) -> dict[int, Records]:
        """Return the records of every flow whose call is open."""
        ...

    def open_flow_ids(self) -> list[int]:
        """Return the ids of these flows alone, for whoever reads them some at a time."""
        ...

    def call(self, call_id: str) -> tuple[int, Records] | None:
        """Return flow id and records of a call, found by its id or by the id of one of its legs."""
        ...

    def journal_of(self, flow_id: int) -> list[JournalEntry]:
        """Return the journal rows of one flow, in the order of receipt."""
        ...

    def journal(self, *, since_us: int | None, until_us: int | None, source: str | None) -> Iterator[JournalEntry]:
        """Yield the journal in the order `(received_at_us, source, digest)`; from `since_us` on, before `until_us`."""
        ...

    def set_aside(self, limit: int) -> list[JournalEntry]:
        """Return the newest messages that were set aside, newest first."""
        ...

    def unplaced(self, first_new: int, batch: int) -> Iterator[list[JournalEntry]]:
        """Yield the understood messages that are in no flow, or in one before this id that has no record any more.

        They come in the order of receipt, in batches, which may be placed meanwhile. Sealed flows have their record.
        """
        ...

    def set_aside_messages(self, batch: int) -> Iterator[list[RawMessage]]:
        """Yield all messages that were set aside, in the order of receipt, in batches."""
        ...

    def all_calls(self, span: Span | None, source: str | None) -> Iterator[Call]:
        """Yield the calls that began in a range, ordered by `(started_at_ms, source, call_id)`; `None` is all."""
        ...

    def all_legs(self, span: Span | None, source: str | None, where: Filter = ALL) -> Iterator[Leg]:
        """Yield the legs that began in a range, ordered by `(started_at_ms, source, leg_id)`; `None` is all."""
        ...

    def all_visits(self, span: Span | None, source: str | None, where: Filter = ALL) -> Iterator[QueueVisit]:
        """Yield the visits that began in a range, ordered by `(entered_at_ms, source, visit_id)`; `None` is all."""
        ...

    def lines(self) -> dict[int, tuple[str, ...]]:
        """Return every set of own numbers seen so far by its id."""
        ...

    def values_of(self, dimension: Dimension) -> list[str]:
        """Return the distinct sources, queues, agents or trunks seen in records, sorted."""
        ...

    def first_and_last(self) -> Span | None:
        """Return the range of the starts of all calls, `None` without calls."""
        ...

    def directory(self) -> Directory:
        """Return groups, users and numbers as imported last."""
        ...

    def teams(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return the teams as saved last, as `(name, numbers)`."""
        ...

    def value(self, key: str) -> bytes | None:
        """Return a small named value, `None` if nothing is kept under the name."""
        ...

    def values(self, prefix: str) -> dict[str, bytes]:
        """Return all small named values whose key begins with the prefix."""
        ...

    def gaps(self, span: Span) -> list[Gap]:
        """Return the gaps that touch a range, oldest first, as long as they are: they may reach beyond it."""
        ...

    def health(self) -> list[SourceHealth]:
        """Return what was heard of each source, by its name."""
        ...

    def size_bytes(self) -> int:
        """Return how large the database is, indexes included."""
        ...

    def prepare(self, now_ms: int) -> None:
        """Make ready for what will be written in the weeks after an instant: once a day, by one process."""
        ...

    def generation(self) -> int:
        """Return a number that changes with every committed write of any process (for caches of answers)."""
        ...

    def wait_for_change(self, seconds: float) -> bool:
        """Wait until another process has written since the last look, or the time is over; return whether it has.

        `close` ends the waiting. What a transaction has seen meanwhile may be reported once more.
        """
        ...

    def changes_of_others(self) -> frozenset[int] | None:
        """Return the flows that other processes changed since this was asked last; `None`: anything may have changed.

        For one asker, who reads them after that: what is written meanwhile is told the next time.
        """
        ...

    def flows(self, flow_ids: Collection[int]) -> dict[int, Records]:
        """Return the stored records of flows; a flow without a record has no key."""
        ...

    def count_prunable(self, *, messages_before_us: int, records_before_ms: int) -> PruneCounts:
        """Return what `Transaction.prune` would delete."""
        ...

    def verify(self, progress: Callable[[str], None]) -> list[Difference]:
        """Recount records into roll-ups and compare.

        Check that every record belongs to its flow and outcomes add up.
        """
        ...
