"""Takes messages in: writes them down, folds the flows they belong to, and counts, all in one transaction."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from time import sleep
from zoneinfo import ZoneInfo

import structlog

from calltally.engine.flows import tokens_of
from calltally.engine.memory import Memory
from calltally.engine.placing import SEALED, Change, Held, Placing
from calltally.model.buckets import LocalDays
from calltally.model.events import Event
from calltally.model.messages import BadMessageError, RawMessage
from calltally.model.quick import quick
from calltally.store.asked import REBUILD_BEFORE, JournalEntry
from calltally.store.store import Store, StoreError

log = structlog.get_logger(__name__)

Parse = Callable[[RawMessage], Sequence[Event]]
Understood = tuple[RawMessage, tuple[Event, ...], str | None]
"""A message, what it tells, and why it is set aside."""

_entry = quick(JournalEntry)
NEVER_US = -(2**62)

REST_SECONDS = 0.05
"""So long a rebuild rests between two portions: who waits for a SQLite file looks only every tenth of a second."""


def _nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of a batch of messages. `problems` holds one sentence per message that was set aside.

    Attributes:
        told: what each message tells, as it was understood; nothing where records changed without a message.
        repeats: the source of each message that told nothing new.
    """

    messages: Sequence[RawMessage]
    stored_at_us: int
    changes: Sequence[Change]
    problems: Sequence[tuple[RawMessage, str]]
    already_known: int = 0
    told: Sequence[Understood] = ()
    repeats: Sequence[str] = ()


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
        self._memory = Memory(store, lambda message: self._understand(message)[0])

    def apply(
        self,
        messages: Sequence[RawMessage],
        *,
        pruned_us: int = NEVER_US,
        before_commit: Callable[[], None] = _nothing,
    ) -> Applied:
        """Take a batch of messages in; when this returns they are durable.

        Args:
            messages: a message that the journal holds already changes nothing.
            pruned_us: late messages of a sealed call from before this instant are taken as known, and not kept again.
            before_commit: called when everything is written and only the disk, or the server, is waited for.

        Raises:
            StoreError: nothing of the batch was kept.
        """
        try:
            understood = [(message, *self._understand(message)) for message in messages]
            applied = self._store_batch(understood, pruned_us=pruned_us, before_commit=before_commit)
        except StoreError:
            self._memory.forget()
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

    def forget(self) -> None:
        """Forget what is in memory, because messages were deleted from the journal."""
        self._memory.forget()

    def refold(self, flow_ids: Collection[int]) -> None:
        """Fold flows again from their messages, for instance when calltally learned that it had been down."""
        with self._store.write() as transaction:
            self._memory.catch_up(transaction, force=True)
            placing = Placing(memory=self._memory, transaction=transaction)
            placing.touch(self._memory.load(transaction, flow_ids).values())
            changes = placing.save(self._days)
        self._tell(changes)

    def rebuild(self, progress: Callable[[int], None]) -> int:
        """Make all records and roll-ups again from the journal, and return how many calls that were.

        Messages find their flows anew, in the order of receipt, so that a mended parser may join and part calls. What
        another process takes in meanwhile finds its flow, too: when an older message of it is placed, they join. Nobody
        who writes waits for longer than a portion takes.

        Raises:
            StoreError: another process does so just now, or the database failed.
        """
        with self._store.rebuilding():
            return self._rebuild(progress)

    def _rebuild(self, progress: Callable[[int], None]) -> int:
        made = 0
        self._memory.forget()
        with self._store.write() as transaction:
            self._memory.catch_up(transaction, force=True)
            first_new = transaction.begin_rebuild()
            transaction.set_value(REBUILD_BEFORE, str(self._clock_us() // 1000 + 1).encode())
        self._clear(first_new)
        for entries in self._store.unplaced(first_new, 2_000):
            had_flow = {entry.message.identity for entry in entries if entry.flow_id is not None}
            understood = [(entry.message, *self._understand(entry.message)) for entry in entries]
            # A line that tells of no call, and never did, stays as it is.
            moved = [each for each in understood if each[1] or each[2] or each[0].identity in had_flow]
            changes = self._store_again(moved, Held.UNPLACED).changes
            made += sum((each.new.call is not None) - (each.old.call is not None) for each in changes)
            progress(made)
        for messages in self._store.set_aside_messages(2_000):
            better = [(message, *self._understand(message)) for message in messages]
            self._store_again([each for each in better if each[2] is None], Held.SET_ASIDE)
        with self._store.write() as transaction:
            transaction.records_made()
        self._memory.forget()
        return made

    def _clear(self, first_new: int) -> None:
        """Delete what is to be made again, and count what stays, in portions between which others may write."""
        since: int | None = 0
        while since is not None:
            with self._store.write() as transaction:
                since = transaction.clear_records(first_new, since)
            sleep(REST_SECONDS)
        since_ms: int | None = None
        while True:
            with self._store.write() as transaction:
                since_ms = transaction.count_again(since_ms)
            if since_ms is None:
                return
            sleep(REST_SECONDS)

    def _store_again(self, understood: Sequence[Understood], held: Held) -> Applied:
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
        self, messages: Sequence[RawMessage], held: Held = Held.NOWHERE, *, pruned_us: int = NEVER_US
    ) -> Applied:
        """Find the message that we cannot handle, and set that one aside; the others go in."""
        results: list[Applied] = []
        for message in messages:
            self._memory.forget()
            try:
                results.append(self._store_batch([(message, *self._understand(message))], held, pruned_us))
            except StoreError:
                self._memory.forget()
                raise
            except Exception as error:
                self._memory.forget()
                log.exception("message_not_handled", source=message.source, digest=message.digest)
                reason = f"calltally itself failed on this message ({type(error).__name__}); it is kept for a replay"
                results.append(self._store_batch([(message, (), reason)], held))
        return Applied(
            messages=[message for result in results for message in result.messages],
            stored_at_us=self._clock_us(),
            changes=[change for result in results for change in result.changes],
            problems=[problem for result in results for problem in result.problems],
            already_known=sum(result.already_known for result in results),
            told=[each for result in results for each in result.told],
            repeats=[source for result in results for source in result.repeats],
        )

    def _store_batch(
        self,
        understood: Sequence[Understood],
        held: Held = Held.NOWHERE,
        pruned_us: int = NEVER_US,
        before_commit: Callable[[], None] = _nothing,
    ) -> Applied:
        kept: list[RawMessage] = []
        problems: list[tuple[RawMessage, str]] = []
        now_us = self._clock_us()
        with self._store.write() as transaction:
            self._memory.catch_up(transaction)
            if held is Held.SET_ASIDE:
                transaction.forget([message for message, _, _ in understood])
            tokens = [tokens_of(message, events) if events else [] for message, events, _ in understood]
            free_ids = self._memory.load_missing(transaction, tokens)
            placing = Placing(memory=self._memory, transaction=transaction, held=held, free_ids=free_ids)
            for (message, events, problem), links in zip(understood, tokens, strict=True):
                flow_id, reason = placing.put(message, events, links) if events else (None, problem)
                if reason == SEALED and message.received_at_us < pruned_us:
                    continue
                if reason is not None:
                    problems.append((message, reason))
                kept.append(message)
                placing.entries.append(_entry(message=message, flow_id=flow_id, problem=reason, stored_at_us=now_us))
            placing.write_down()
            changes = placing.save(self._days)
            before_commit()
        self._memory.flows.trim()
        return Applied(
            messages=kept,
            stored_at_us=now_us,
            changes=changes,
            problems=problems,
            already_known=len(understood) - len(kept),
            told=understood,
            repeats=placing.repeats(
                (message, links) for (message, _, _), links in zip(understood, tokens, strict=True) if links
            ),
        )

    def _tell(self, changes: Sequence[Change]) -> None:
        if self._committed is not None and changes:
            self._committed(Applied(messages=(), stored_at_us=self._clock_us(), changes=changes, problems=()))


def reasons(applied: Applied) -> Counter[str]:
    """Return how many messages were set aside for each reason."""
    return Counter(problem for _, problem in applied.problems)
