"""What the service does by itself: notes that it is alive, gives up on endless calls, and keeps to the retention.

Of several processes on one database each notes that it is alive; the rest is done by the one that holds the lease.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import structlog

from calltally.engine.ingest import Ingest
from calltally.engine.live import Board, Told
from calltally.engine.presence import ALIVE_SECONDS, Presence
from calltally.engine.refusals import Refused, keep_refusals, refused_so_far
from calltally.engine.writer import BusyError, NotStoredError, Writer
from calltally.model.instants import DAY_MS, HOUR_MS
from calltally.model.messages import KIND_HEADER, RawMessage
from calltally.model.records import NOTHING, Records
from calltally.model.words import End
from calltally.sources.source import LONGEST_CALL_HOURS
from calltally.store.asked import PruneCounts
from calltally.store.store import Store, StoreError

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.5
"""How long one question waits for what other processes write; so long the end of the service may wait for it."""

MOST_CHANGES = 1_000
"""If others changed more flows at once, which only an import does, the open calls are read anew instead."""

READ_AT_ONCE = 500
"""So many open calls are read in one breath after a start, while messages wait: a hundredth of a second."""

REST_SECONDS = 5.0
SWEEP_SECONDS = 30.0

RETENTION_HOUR = 3
LEAST_SECONDS = 60.0
RETRY_SECONDS = 600.0
"""So long after retention could not be kept it is tried again."""

NIGHT = "service.retention"
"""Under this name stands the date of the night in which retention was kept last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long the journal and the records are kept; roll-ups stay for ever."""

    journal_days: int
    records_months: int

    def limits(self, now_ms: int, zone: ZoneInfo) -> tuple[int, int]:
        """Return the instants before which messages (us) and records (ms) go."""
        local = datetime.fromtimestamp(now_ms / 1000, zone)
        month = local.year * 12 + local.month - 1 - self.records_months
        first = datetime(month // 12, month % 12 + 1, 1, tzinfo=zone)
        return (now_ms - self.journal_days * DAY_MS) * 1000, int(first.timestamp()) * 1000


def expired(records: Records, now_us: int) -> list[RawMessage]:
    """Return the messages that give an open call up: one for each of its open legs, one for a call without legs."""
    call = records.call
    if call is None:
        return []
    ids = [leg.leg_id for leg in records.legs if leg.end is End.OPEN] if records.legs else [call.call_id]
    return [
        RawMessage(
            source=call.source,
            received_at_us=now_us,
            headers={KIND_HEADER: "expired"},
            body=msgspec.json.encode({"callId": open_id}),
        )
        for open_id in ids
    ]


def prune(store: Store, retention: Retention, now_ms: int, zone: ZoneInfo, *, dry_run: bool) -> PruneCounts:
    """Delete what is older than the retention, or say what would go."""
    messages_before_us, records_before_ms = retention.limits(now_ms, zone)
    if dry_run:
        return store.count_prunable(messages_before_us=messages_before_us, records_before_ms=records_before_ms)
    with store.write() as transaction:
        return transaction.prune(messages_before_us=messages_before_us, records_before_ms=records_before_ms)


def keep_to_retention(store: Store, ingest: Ingest, retention: Retention, now_ms: int, zone: ZoneInfo) -> PruneCounts:
    """Delete what is older than the retention, in the process that takes messages in."""
    counts = prune(store, retention, now_ms, zone, dry_run=False)
    ingest.forget()
    return counts


def told_by_others(store: Store) -> Told | None:
    """Return what other processes wrote since this was asked last, `None` if everything is to be read anew."""
    changed = store.changes_of_others()
    if changed is None or len(changed) > MOST_CHANGES:
        return None
    known = store.flows(changed)
    return Told(flows={flow_id: known.get(flow_id, NOTHING) for flow_id in changed}, totals=store.health())


@dataclass(slots=True, kw_only=True)
class _Reading:
    """The open calls while they are read some at a time.

    Attributes:
        left: ids of the flows that are still to be read.
        found: those that were open when they were read.
        given_up: those of them of which nothing was heard for too long.
        life: the life of this process in which this began.
    """

    life: int = 0
    left: list[int] = field(default_factory=list)
    found: dict[int, Records] = field(default_factory=dict)
    given_up: list[Records] = field(default_factory=list)


def _without(flows: Mapping[int, Records], left_out: Sequence[Records]) -> dict[int, Records]:
    ids = {id(records) for records in left_out}
    return {flow_id: records for flow_id, records in flows.items() if id(records) not in ids}


@dataclass(slots=True, kw_only=True)
class Duties:
    """The loops of the running service; each survives a store that is away for a while."""

    store: Store
    writer: Writer
    board: Board
    presence: Presence
    retention: Retention
    zone: ZoneInfo
    clock_us: Callable[[], int]
    longest_call_hours: Mapping[str, int]
    has_read: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the board holds what the store does."""
    has_taken_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when, besides, calls are marked that were open in a gap before the start."""
    _is_behind: bool = False
    _postponed: set[str] = field(default_factory=set)
    _refused: dict[str, Refused] = field(default_factory=dict)
    _night: bytes | None = None
    """The date of a night whose retention is due."""

    async def run(self) -> None:
        """Run all loops until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._every(ALIVE_SECONDS, "sign_of_life", self.note_alive))
            group.create_task(self._every(ALIVE_SECONDS, "mark_open_calls", self.mark))
            group.create_task(self._every(ALIVE_SECONDS, "refused_pushes", self.note_refused))
            group.create_task(self._follow())
            group.create_task(self._every(SWEEP_SECONDS, "give_calls_up", self._sweep))
            group.create_task(self._retain())

    async def _every(self, seconds: float, name: str, duty: Callable[[], Awaitable[object]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._survive(name, duty)

    async def _survive(self, name: str, duty: Callable[[], Awaitable[object]]) -> bool:
        """Return whether a duty was done; that it was not is told once, however often it is tried."""
        try:
            await duty()
        except (StoreError, NotStoredError, BusyError) as error:
            if name not in self._postponed:
                log.warning("duty_postponed", duty=name, reason=str(error))
            self._postponed.add(name)
            return False
        if name in self._postponed:
            self._postponed.discard(name)
            log.info("duty_resumed", duty=name)
        return True

    async def note_alive(self) -> None:
        """Note that the service listens, or since when it did not.

        A mark that is late because the writer is busy is no outage: what comes meanwhile waits, and is not lost.
        """
        awake_ms = self.clock_us() // 1000
        await self.writer.run(lambda ingest: self._note_alive(ingest, awake_ms))

    def _note_alive(self, ingest: Ingest, awake_ms: int) -> None:
        """Note it by a real write, so that a store that was away is known to be back before the next message."""
        self.presence.note(ingest, awake_ms=awake_ms, has_failed=self.writer.turned_away)
        self.writer.turned_away = False
        self.writer.judge(None)

    async def note_refused(self) -> None:
        """Write down what was turned away, for commands beside the service; most services have nothing of that."""
        refused = refused_so_far(self.board.health)
        if refused != self._refused:
            await self.writer.run(lambda _ingest: keep_refusals(self.store, refused))
            self._refused = refused

    async def take_up(self) -> None:
        """Go on where the last service ended: with the open calls on the board, marked if nobody listened before."""
        await self.load_board()
        self.has_read.set()
        await self.mark()
        self.has_taken_up.set()

    async def mark(self) -> None:
        """Mark what was open in a gap, a few calls at a time, because messages wait meanwhile."""
        while await self.writer.run(self.presence.mark_some):
            pass

    async def _follow(self) -> None:
        """Take up what is there, then take in what other processes write, as soon as they have."""
        while not self.has_taken_up.is_set():
            if not await self._survive("take_up_calls", self.take_up):
                await asyncio.sleep(REST_SECONDS)
        while True:
            if not await self._survive("follow_others", self._look_around):
                await asyncio.sleep(REST_SECONDS)

    async def _look_around(self) -> None:
        """Take in what others wrote; what a look could not read is told once only, so the next one reads everything."""
        if self._is_behind or await asyncio.to_thread(self.store.wait_for_change, LOOK_SECONDS):
            read = self._reload if self._is_behind else self._take_in
            self._is_behind = True
            await self._read(read)
            self._is_behind = False

    async def load_board(self) -> None:
        """Put the store's open calls on the board, but for those that are given up now.

        They are read some at a time, each time between two batches, because messages wait meanwhile. What is heard of
        a call before it is read here is in what is read, and what is heard of it later changes it on the board.
        """
        loop = asyncio.get_running_loop()
        reading = _Reading()
        await self.writer.run(lambda _ingest: self._begin_to_read(loop, reading))
        while reading.left:
            await self.writer.run(lambda _ingest: self._read_some(loop, reading))
        await self.writer.run(lambda _ingest: self.presence.found(reading.found, in_life=reading.life))
        if self.presence.holds_lease():
            await self._expire(reading.given_up)

    def _begin_to_read(self, loop: asyncio.AbstractEventLoop, reading: _Reading) -> None:
        self.store.changes_of_others()
        reading.life = self.presence.life
        reading.left = self.store.open_flow_ids()
        loop.call_soon_threadsafe(self.board.reload, {}, self.store.health())

    def _read_some(self, loop: asyncio.AbstractEventLoop, reading: _Reading) -> None:
        """Read some of what is left, and show those calls that are still open and not given up now."""
        some = self.store.flows(reading.left[-READ_AT_ONCE:])
        del reading.left[-READ_AT_ONCE:]
        still_open = {flow_id: records for flow_id, records in some.items() if records.call and records.call.is_open}
        reading.found |= still_open
        given_up = self._given_up(list(still_open.values()))
        reading.given_up += given_up
        loop.call_soon_threadsafe(self.board.told, Told(flows=_without(still_open, given_up), totals=()))

    async def _read(self, read: Callable[[asyncio.AbstractEventLoop, list[Records]], None]) -> None:
        """Read between two batches, so that board and counts hear of everything in the order in which it was written.

        Otherwise a call that ends meanwhile would come back onto the board and stay there, and its end count twice.
        """
        loop = asyncio.get_running_loop()
        given_up: list[Records] = []
        await self.writer.run(lambda _ingest: read(loop, given_up))
        if self.presence.holds_lease():
            await self._expire(given_up)

    def _take_in(self, loop: asyncio.AbstractEventLoop, given_up: list[Records]) -> None:
        """Read the calls that others have changed; all open ones if it is not known which those are."""
        told = told_by_others(self.store)
        if told is None:
            self._reload(loop, given_up)
        else:
            loop.call_soon_threadsafe(self.board.told, told)

    def _reload(self, loop: asyncio.AbstractEventLoop, given_up: list[Records]) -> None:
        """Read the open calls; those that are given up now are added to `given_up`, and not shown."""
        self.store.changes_of_others()
        flows = self.store.open_flows()
        self.presence.found(flows, in_life=self.presence.life)
        given_up += self._given_up(list(flows.values()))
        loop.call_soon_threadsafe(self.board.reload, _without(flows, given_up), self.store.health())

    async def _sweep(self) -> None:
        if not self.presence.holds_lease():
            return
        await self._expire(await asyncio.to_thread(self._given_up, list(self.board.open.values())))

    async def _expire(self, flows: Sequence[Records]) -> None:
        for records in flows:
            await self.writer.accept_all(expired(records, self.clock_us()))

    def _given_up(self, flows: Sequence[Records]) -> list[Records]:
        now_us = self.clock_us()
        return [records for records in flows if self._is_given_up(records, now_us)]

    def _is_given_up(self, records: Records, now_us: int) -> bool:
        """Return whether nothing was heard of an open call for the longest time that one may last."""
        call = records.call
        if call is None:
            return False
        longest_us = self.longest_call_hours.get(call.source.partition(":")[0], LONGEST_CALL_HOURS) * HOUR_MS * 1000
        if now_us - call.started_at_ms * 1000 < longest_us:
            return False
        found = self.store.call(call.call_id)
        entries = self.store.journal_of(found[0]) if found else []
        newest_us = max((entry.message.received_at_us for entry in entries), default=call.started_at_ms * 1000)
        return now_us - newest_us >= longest_us

    async def _retain(self) -> None:
        """Keep to the retention every night, later if the database is away; with several processes one of them does."""
        while True:
            await asyncio.sleep(self._seconds_to_retention() if self._night is None else RETRY_SECONDS)
            self._night = self._night or self._date()
            await self._survive("retention", self._prune_once)

    async def _prune_once(self) -> None:
        """Do what is due this night if it is ours to do and nobody has done it."""
        if await asyncio.to_thread(self.store.value, NIGHT) != self._night:
            if not self.presence.holds_lease():
                return
            await self._prune()
        self._night = None

    async def _prune(self) -> None:
        night = self._night
        now_ms = self.clock_us() // 1000
        await self.writer.run(lambda _ingest: self.store.prepare(now_ms))
        counts = await self.writer.run(
            lambda ingest: keep_to_retention(self.store, ingest, self.retention, now_ms, self.zone)
        )
        await self.writer.run(lambda _ingest: self._note_night(night))
        log.info("retention_kept", counts=str(counts))

    def _note_night(self, night: bytes | None) -> None:
        with self.store.write() as transaction:
            transaction.set_value(NIGHT, night)

    def _date(self) -> bytes:
        return datetime.fromtimestamp(self.clock_us() / 1_000_000, self.zone).date().isoformat().encode()

    def _seconds_to_retention(self) -> float:
        now = datetime.fromtimestamp(self.clock_us() / 1_000_000, self.zone)
        due = now.replace(hour=RETENTION_HOUR, minute=10, second=0, microsecond=0)
        if due <= now:
            due += timedelta(days=1)
        return max(LEAST_SECONDS, due.timestamp() - now.timestamp())
