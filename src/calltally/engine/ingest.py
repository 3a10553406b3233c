"""Takes messages in: writes them down, folds the flows they belong to, and counts, all in one transaction."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from zoneinfo import ZoneInfo

import structlog

from calltally.engine.counting import Tally
from calltally.engine.flows import LONGEST_FLOW, Flow, Flows, tokens_of
from calltally.fold.records import records_from
from calltally.model.buckets import LocalDays
from calltally.model.events import Event
from calltally.model.instants import Gap, Span
from calltally.model.messages import BadMessageError, RawMessage
from calltally.model.records import NOTHING, Records
from calltally.store.asked import JournalEntry
from calltally.store.store import Store, StoreError, Transaction

log = structlog.get_logger(__name__)

Parse = Callable[[RawMessage], Sequence[Event]]
_Understood = tuple[RawMessage, tuple[Event, ...], str | None]
"""A message, what it tells, and why it is set aside."""

SEALED = "the call's earlier messages are beyond the journal's retention; its record no longer changes"
TOO_LONG = f"its call has more than {LONGEST_FLOW} messages"
NEVER_US = -(2**62)
FOREVER = Span(NEVER_US, 2**62)


@dataclass(frozen=True, slots=True)
class Change:
    """What one flow was before a transaction and is after it."""

    flow_id: int
    old: Records
    new: Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of a batch of messages. `problems` holds one sentence per message that was set aside."""

    messages: Sequence[RawMessage]
    stored_at_us: int
    changes: Sequence[Change]
    problems: Sequence[tuple[RawMessage, str]]
    already_known: int = 0


class _Held(Enum):
    """Where the messages of a batch stand before it."""

    NOWHERE = "new"
    SET_ASIDE = "set aside in the journal"
    UNPLACED = "understood and in the journal"


@dataclass(slots=True)
class _Batch:
    """One transaction in the making."""

    held: _Held = _Held.NOWHERE
    entries: list[JournalEntry] = field(default_factory=list)
    problems: list[tuple[RawMessage, str]] = field(default_factory=list)
    dirty: dict[int, Flow] = field(default_factory=dict)
    gone: dict[int, Records] = field(default_factory=dict)
    links: dict[str, int] = field(default_factory=dict)
    free_ids: list[int] = field(default_factory=list)


class Ingest:
    """The one writer of records. Its methods must be called from one thread at a time."""

    def __init__(
        self,
        *,
        store: Store,
        parsers: Mapping[str, Parse],
        zone: ZoneInfo,
        clock_us: Callable[[], int],
        committed: Callable[[Applied], None] | None = None,
    ) -> None:
        """Take the store, the parser of each source (by the first part of its name), the site's zone and a clock."""
        self._store = store
        self._parsers = parsers
        self._days = LocalDays(zone)
        self._clock_us = clock_us
        self._committed = committed
        self._flows = Flows()
        self._generation: int | None = None
        self._gaps: tuple[Gap, ...] = ()
        self._others_wrote = False

    def apply(self, messages: Sequence[RawMessage], *, pruned_us: int = NEVER_US) -> Applied:
        """Take a batch of messages in; when this returns they are durable.

        Args:
            messages: a message that the journal holds already changes nothing.
            pruned_us: late messages of a sealed call from before this instant are taken as known, and not kept again.

        Raises:
            StoreError: nothing of the batch was kept.
        """
        try:
            understood = [(message, *self._understand(message)) for message in messages]
            applied = self._store_batch(understood, pruned_us=pruned_us)
        except StoreError:
            self._flows.clear()
            raise
        except Exception:
            log.exception("batch_split", messages=len(messages))
            applied = self._one_by_one(messages, pruned_us=pruned_us)
        if self._committed is not None:
            self._committed(applied)
        return applied

    def apply_new(self, messages: Sequence[RawMessage]) -> Applied:
        """Take in those of the messages that the journal does not hold yet, nor held before its retention.

        For imports, which want to know how many.
        """
        with self._store.write() as transaction:
            known = transaction.known(messages)
            pruned_us = transaction.journal_pruned_before_us()
        new: dict[tuple[int, str, int], RawMessage] = {}
        for message in messages:
            if message.identity not in known:
                new.setdefault(message.identity, message)
        applied = self.apply(list(new.values()), pruned_us=pruned_us)
        return replace(applied, already_known=len(messages) - len(new) + applied.already_known)

    def look_around(self) -> bool:
        """Return whether another process has written since this was asked last; what is in memory is forgotten then."""
        with self._store.write() as transaction:
            self._catch_up(transaction)
        others, self._others_wrote = self._others_wrote, False
        return others

    def forget(self) -> None:
        """Forget what is in memory, because messages were deleted from the journal."""
        self._flows.clear()

    def refold(self, flow_ids: Collection[int]) -> None:
        """Fold flows again from their messages, for instance when calltally learned that it had been down."""
        with self._store.write() as transaction:
            self._catch_up(transaction, force=True)
            flows = self._load(transaction, flow_ids)
            batch = _Batch(dirty={flow.flow_id: flow for flow in flows.values() if not flow.sealed})
            changes = self._save(transaction, batch)
        self._tell(changes)

    def rebuild(self, progress: Callable[[int], None]) -> int:
        """Make all records and roll-ups again from the journal, and return how many calls that were.

        Messages find their flows anew, in the order of receipt, so that a mended parser may join and part calls. What
        another process takes in meanwhile finds its flow, too: when an older message of it is placed, they join.
        """
        made = 0
        self._flows.clear()
        with self._store.write() as transaction:
            self._catch_up(transaction, force=True)
            first_new = transaction.clear_records()
            transaction.add_rollups_of_sealed()
        for entries in self._store.unplaced(first_new, 2_000):
            had_flow = {entry.message.identity for entry in entries if entry.flow_id is not None}
            understood = [(entry.message, *self._understand(entry.message)) for entry in entries]
            # A line that tells of no call, and never did, stays as it is.
            moved = [each for each in understood if each[1] or each[2] or each[0].identity in had_flow]
            changes = self._store_again(moved, _Held.UNPLACED).changes
            made += sum((each.new.call is not None) - (each.old.call is not None) for each in changes)
            progress(made)
        for messages in self._store.set_aside_messages(2_000):
            better = [(message, *self._understand(message)) for message in messages]
            self._store_again([each for each in better if each[2] is None], _Held.SET_ASIDE)
        with self._store.write() as transaction:
            transaction.records_made()
        self._flows.clear()
        return made

    def _store_again(self, understood: Sequence[_Understood], held: _Held) -> Applied:
        """Take in messages that are in the journal already."""
        try:
            return self._store_batch(understood, held)
        except StoreError:
            raise
        except Exception:
            log.exception("batch_split", messages=len(understood))
            return self._one_by_one([message for message, _, _ in understood], held)

    def _understand(self, message: RawMessage) -> tuple[tuple[Event, ...], str | None]:
        parse = self._parsers.get(message.source.partition(":")[0])
        if parse is None:
            return (), f"no phone system is called {message.source!r}"
        try:
            return tuple(parse(message)), None
        except BadMessageError as problem:
            return (), str(problem) or "the message could not be understood"

    def _one_by_one(
        self, messages: Sequence[RawMessage], held: _Held = _Held.NOWHERE, *, pruned_us: int = NEVER_US
    ) -> Applied:
        """Find the message that we cannot handle, and set that one aside; the others go in."""
        results: list[Applied] = []
        for message in messages:
            self._flows.clear()
            try:
                results.append(self._store_batch([(message, *self._understand(message))], held, pruned_us))
            except StoreError:
                self._flows.clear()
                raise
            except Exception as error:
                self._flows.clear()
                log.exception("message_not_handled", source=message.source, digest=message.digest)
                reason = f"calltally itself failed on this message ({type(error).__name__}); it is kept for a replay"
                results.append(self._store_batch([(message, (), reason)], held))
        return Applied(
            messages=[message for result in results for message in result.messages],
            stored_at_us=self._clock_us(),
            changes=[change for result in results for change in result.changes],
            problems=[problem for result in results for problem in result.problems],
            already_known=sum(result.already_known for result in results),
        )

    def _store_batch(
        self,
        understood: Sequence[_Understood],
        held: _Held = _Held.NOWHERE,
        pruned_us: int = NEVER_US,
    ) -> Applied:
        batch = _Batch(held)
        kept: list[RawMessage] = []
        now_us = self._clock_us()
        with self._store.write() as transaction:
            self._catch_up(transaction)
            if held is _Held.SET_ASIDE:
                transaction.forget([message for message, _, _ in understood])
            tokens = {message.identity: tokens_of(message, events) for message, events, _ in understood if events}
            self._load_missing(transaction, tokens.values(), batch)
            for message, events, problem in understood:
                flow_id, reason = None, problem
                if events:
                    flow_id, reason = self._place(transaction, batch, message, events, tokens[message.identity])
                if reason == SEALED and message.received_at_us < pruned_us:
                    continue
                if reason is not None:
                    batch.problems.append((message, reason))
                kept.append(message)
                batch.entries.append(
                    JournalEntry(message=message, flow_id=flow_id, problem=reason, stored_at_us=now_us)
                )
            self._write_down(transaction, batch)
            changes = self._save(transaction, batch)
        self._flows.trim()
        return Applied(
            messages=kept,
            stored_at_us=now_us,
            changes=changes,
            problems=batch.problems,
            already_known=len(understood) - len(kept),
        )

    def _catch_up(self, transaction: Transaction, *, force: bool = False) -> None:
        """Forget what is in memory if another process has written since."""
        generation = transaction.generation()
        if generation != self._generation or force:
            self._others_wrote = self._others_wrote or self._generation not in {None, generation}
            self._flows.clear()
            self._gaps = tuple(self._store.gaps(FOREVER))
            self._generation = generation

    def _load_missing(self, transaction: Transaction, token_lists: Collection[list[str]], batch: _Batch) -> None:
        """Read the flows that are not in memory, and set ids for new ones aside, with one question each."""
        find = self._flows.find
        missing = {token for tokens in token_lists for token in tokens if find(token) is None}
        if not missing:
            return
        stored = transaction.flows_of(missing)
        if stored:
            for flow in self._load(transaction, set(stored.values())).values():
                self._flows.add(flow)
            for token, flow_id in stored.items():
                flow = self._flows.by_id(flow_id)
                self._flows.name(flow, [token])
        new = sum(1 for tokens in token_lists if all(token in missing and token not in stored for token in tokens))
        if new:
            batch.free_ids = list(reversed(transaction.new_flow_ids(new)))

    def _load(self, transaction: Transaction, flow_ids: Collection[int]) -> dict[int, Flow]:
        messages = transaction.messages_of(flow_ids)
        records = transaction.records_of(flow_ids)
        counts = transaction.message_counts(flow_ids)
        flows: dict[int, Flow] = {}
        for flow_id in flow_ids:
            flow = Flow(flow_id, records=records.get(flow_id, NOTHING))
            for message in messages.get(flow_id, ()):
                events = self._understand(message)[0]
                flow.known[message.identity] = events
                flow.tokens.update(tokens_of(message, events))
            # A flow of which nothing is left but its tokens was counted, and then its record pruned.
            flow.sealed = counts.get(flow_id, 0) > len(flow.known) or not (flow.known or flow_id in counts)
            flows[flow_id] = flow
        return flows

    def _place(
        self,
        transaction: Transaction,
        batch: _Batch,
        message: RawMessage,
        events: tuple[Event, ...],
        tokens: list[str],
    ) -> tuple[int | None, str | None]:
        """Put a message into its flow, joining flows if it links them.

        Return the flow's id and the reason for setting it aside.
        """
        if batch.held is _Held.UNPLACED:
            # What has a record must not lose it because a mended parser finds that it belongs to a sealed call.
            tokens = [token for token in tokens if not self._is_sealed(token)] or tokens
        found = {flow.flow_id: flow for flow in map(self._flows.find, tokens) if flow is not None}
        sealed = next((flow for flow in found.values() if flow.sealed), None)
        if sealed is not None:
            # A sealed call's record cannot be made again, so it cannot become part of another one either.
            return sealed.flow_id, None if message.identity in sealed.known else SEALED
        flow: Flow | None = None
        for other in found.values():
            flow = other if flow is None else self._join(transaction, batch, flow, other)
        if flow is None:
            flow = Flow(batch.free_ids.pop() if batch.free_ids else transaction.new_flow_ids(1)[0])
        elif len(flow.known) >= LONGEST_FLOW and message.identity not in flow.known:
            return None, TOO_LONG
        for token in self._flows.name(flow, tokens):
            batch.links[token] = flow.flow_id
        flow.known[message.identity] = events
        self._flows.add(flow)
        batch.dirty[flow.flow_id] = flow
        return flow.flow_id, None

    def _is_sealed(self, token: str) -> bool:
        flow = self._flows.find(token)
        return flow is not None and flow.sealed

    def _write_down(self, transaction: Transaction, batch: _Batch) -> None:
        """Write messages and tokens of a batch as far as it is made."""
        if batch.held is _Held.UNPLACED:
            transaction.place(batch.entries)
        else:
            transaction.append(batch.entries)
        batch.entries.clear()
        if batch.links:
            transaction.link(batch.links)
            batch.links.clear()

    def _join(self, transaction: Transaction, batch: _Batch, one: Flow, two: Flow) -> Flow:
        """Make one flow of two: the older id stays."""
        into, gone = (one, two) if one.flow_id < two.flow_id else (two, one)
        self._write_down(transaction, batch)
        transaction.merge_flows(into.flow_id, [gone.flow_id])
        self._flows.remove(gone)
        batch.dirty.pop(gone.flow_id, None)
        batch.gone[gone.flow_id] = gone.records
        into.known.update(gone.known)
        self._flows.name(into, gone.tokens)
        self._flows.add(into)
        batch.dirty[into.flow_id] = into
        return into

    def _save(self, transaction: Transaction, batch: _Batch) -> list[Change]:
        """Fold what was touched, write what changed, and count the difference."""
        changes: list[Change] = [Change(flow_id, records, NOTHING) for flow_id, records in batch.gone.items()]
        rows: list[tuple[int, int, Records]] = [(change.flow_id, 0, NOTHING) for change in changes]
        for flow_id, flow in batch.dirty.items():
            new = records_from(flow.events(), self._gaps)
            if new != flow.records:
                changes.append(Change(flow_id, flow.records, new))
            rows.append((flow_id, len(flow.known), new))
            flow.records = new
        if rows:
            transaction.save(rows)
        if changes:
            tally = Tally(self._days, transaction.lines_id)
            for change in changes:
                tally.change(change.old, change.new)
            transaction.add(tally.deltas())
        return changes

    def _tell(self, changes: Sequence[Change]) -> None:
        if self._committed is not None and changes:
            self._committed(Applied(messages=(), stored_at_us=self._clock_us(), changes=changes, problems=()))


def reasons(applied: Applied) -> Counter[str]:
    """Return how many messages were set aside for each reason."""
    return Counter(problem for _, problem in applied.problems)
