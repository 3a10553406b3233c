"""Asks a phone system itself, now and then, for what its pushes leave out.

- The directory: at the start, every hour, and when an own number shows up that it does not hold; never once per call.
- The running legs: every minute while legs are open, so that a leg whose hangup was lost does not stay open, and a leg
  that outlived a restart is shown again.
- The history: of open legs that run no longer, with growing pauses; and of the last two hours every ten minutes, for
  answers and ends that were pushed late, falsely or never. Only entries which change something go into the journal.

A question that fails is asked again later, without holding up the others.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import msgspec
import structlog

from calltally.engine.converse import Fetch, converse
from calltally.engine.mending import is_news, spans_around
from calltally.engine.sign_in import SignInError
from calltally.engine.writer import BusyError
from calltally.model.directory import Directory
from calltally.model.events import LegSettled
from calltally.model.instants import Span
from calltally.model.records import Leg
from calltally.sources.source import (
    BadMessageError,
    NotGrantedError,
    OpenLeg,
    RawMessage,
    RemoteError,
    Source,
    Sync,
)
from calltally.store.store import Store, StoreError

log = structlog.get_logger(__name__)

TROUBLES = "sync.troubles."
TURN_SECONDS = 5.0
RESTART_SECONDS = 60.0
LONGEST_GOODBYE_SECONDS = 5.0
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
DIRECTORY_US = 60 * MINUTE_US
RUNNING_US = MINUTE_US
RECENT_US = 10 * MINUTE_US
RECENT_SPAN_US = 120 * MINUTE_US
YOUNG_US = 10 * SECOND_US
"""A leg that began less than this ago may not be in the list of running calls yet."""
PATIENCE_US = 2 * MINUTE_US
"""How long a hangup may be on its way after the leg has gone from the list of running calls."""
LONGEST_PAUSE_US = 5 * MINUTE_US
SIGN_IN_US = 5 * SECOND_US
"""How soon to look again whether somebody has signed in; this sends nothing."""
LONGEST_ASK_US = 60 * MINUTE_US
ASKS_BEFORE_GONE = 3


@dataclass(slots=True)
class _Duty:
    """One question that is asked again and again."""

    name: str
    due_us: int = 0
    failures: int = 0
    problem: str | None = None


@dataclass(slots=True)
class _Ask:
    """How often history was asked about a leg, and when it is asked again."""

    count: int = 0
    due_us: int = 0


@dataclass(slots=True, kw_only=True)
class Keeper:
    """Keeps what is known of one phone system up to date.

    Attributes:
        fetch: sends a request to it.
        submit: takes messages into the journal.
        keep_directory: makes this the directory of the source.
        open_legs: the legs of this source whose end is not known.
        may_ask: whether it is this process that asks, of several that work together.
        settle: stores what an earlier answer brought and could not be stored; done also while another process asks.
        tell: hears what fails whenever that has changed, and at the first turn; it may fail for a while.
    """

    source: Source
    sync: Sync
    fetch: Fetch
    store: Store
    submit: Callable[[Sequence[RawMessage]], Awaitable[object]]
    keep_directory: Callable[[Directory], Awaitable[object]]
    open_legs: Callable[[], Sequence[OpenLeg]]
    clock_us: Callable[[], int]
    may_ask: Callable[[], bool]
    settle: Callable[[], Awaitable[object]]
    tell: Callable[[tuple[str, ...]], Awaitable[object]]
    _directory: _Duty = field(default_factory=lambda: _Duty("directory"))
    _running: _Duty = field(default_factory=lambda: _Duty("running_calls"))
    _history: _Duty = field(default_factory=lambda: _Duty("history"))
    _recent: _Duty = field(default_factory=lambda: _Duty("recent_history"))
    _numbers: set[str] = field(default_factory=set)
    _numbers_due_us: int = 0
    _missed: dict[str, int] = field(default_factory=dict)
    _asks: dict[str, _Ask] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _told: dict[int, int] = field(default_factory=dict)
    _told_problems: tuple[str, ...] | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each question that fails at the moment."""
        duties = (self._directory, self._running, self._history, self._recent)
        return tuple(dict.fromkeys(duty.problem for duty in duties if duty.problem is not None))

    async def turn(self) -> None:
        """Ask what is due now."""
        if not self.may_ask():
            self._told_problems = None
            with suppress(StoreError, BusyError, RemoteError):
                await self.settle()
            return
        await self._look_for_numbers()
        await self._do(self._directory, DIRECTORY_US, self._import_directory)
        await self._do(self._running, RUNNING_US, self._check_running)
        await self._do(self._history, 0, self._settle_open)
        await self._do(self._recent, RECENT_US, self._settle_recent)
        if self.may_ask() and self.problems != self._told_problems:
            with suppress(StoreError, BusyError):
                await self.tell(self.problems)
                self._told_problems = self.problems

    async def _do(self, duty: _Duty, every_us: int, work: Callable[[], Awaitable[str | None]]) -> None:
        """Do a duty if it is due. What it returns is a problem that did not keep it from being done."""
        now_us = self.clock_us()
        # What came before may have taken so long that another process asks by now.
        if now_us < duty.due_us or not self.may_ask():
            return
        try:
            problem = await work()
        except (RemoteError, StoreError, BusyError) as error:
            problem = str(error) or type(error).__name__
            duty.failures += 1
            pause_us = min(MINUTE_US << min(duty.failures - 1, 10), LONGEST_PAUSE_US)
            duty.due_us = now_us + (SIGN_IN_US if isinstance(error, SignInError) else pause_us)
        else:
            duty.failures = 0
            duty.due_us = now_us + every_us
        if problem != duty.problem:
            if problem is None:
                log.info("sync_recovered", source=self.source.name, duty=duty.name)
            else:
                log.warning("sync_failed", source=self.source.name, duty=duty.name, reason=problem)
            duty.problem = problem

    async def _look_for_numbers(self) -> None:
        """Make the directory due if calls brought own numbers that it did not hold; each number asks but once."""
        now_us = self.clock_us()
        if now_us < self._numbers_due_us:
            return
        self._numbers_due_us = now_us + MINUTE_US
        try:
            lines = await asyncio.to_thread(self.store.lines)
        except StoreError:
            return
        new = {number for numbers in lines.values() for number in numbers} - self._numbers
        if new:
            self._numbers |= new
            if self._directory.failures == 0:
                self._directory.due_us = 0

    async def _import_directory(self) -> str | None:
        imported = await converse(self.sync.directory(), self.fetch)
        self._numbers.update(imported.directory.numbers)
        await self.keep_directory(imported.directory)
        return "; ".join(imported.missing) or None

    async def _check_running(self) -> None:
        """Note which open legs run no longer, and tell of those that outlived a restart."""
        now_us = self.clock_us()
        legs = [leg for leg in self.open_legs() if leg.started_at_ms * 1000 <= now_us - YOUNG_US]
        open_ids = {leg.leg_id for leg in legs}
        self._missed = {leg_id: at_us for leg_id, at_us in self._missed.items() if leg_id in open_ids}
        self._seen &= open_ids
        if not legs:
            return
        running = await converse(self.sync.running(), self.fetch)
        again = [leg for leg in legs if leg.crashed and leg.leg_id in running and leg.leg_id not in self._seen]
        if again:
            await self.submit([self.sync.seen(leg.leg_id, now_us) for leg in again])
            self._seen.update(leg.leg_id for leg in again)
        for leg in legs:
            if leg.leg_id in running:
                self._missed.pop(leg.leg_id, None)
            else:
                self._missed.setdefault(leg.leg_id, now_us)

    async def _settle_open(self) -> str | None:
        """Ask history about open legs that seem to be over; a leg that it never knows is gone."""
        now_us = self.clock_us()
        legs = self.open_legs()
        open_ids = {leg.leg_id for leg in legs}
        self._asks = {leg_id: ask for leg_id, ask in self._asks.items() if leg_id in open_ids}
        due = [leg for leg in legs if self._is_due(leg, now_us)]
        if not due:
            return self._history.problem
        problem, settled = None, set[str]()
        try:
            for span in spans_around(due):
                settled |= await self._settle(span, now_us)
        except NotGrantedError as error:
            problem = str(error)
        for leg in due:
            ask = self._asks.setdefault(leg.leg_id, _Ask())
            ask.due_us = now_us + min(PATIENCE_US << min(ask.count, 10), LONGEST_ASK_US)
            ask.count += 1
        await self._tell_gone([leg for leg in due if leg.leg_id not in settled])
        return problem

    def _is_due(self, leg: OpenLeg, now_us: int) -> bool:
        """Return whether history is to be asked about an open leg now."""
        ask = self._asks.get(leg.leg_id)
        if ask is not None and now_us < ask.due_us:
            return False
        missed_us = self._missed.get(leg.leg_id)
        if missed_us is not None:
            return leg.crashed or now_us - missed_us >= PATIENCE_US
        blind = self._running.problem is not None
        return blind and now_us - leg.started_at_ms * 1000 >= PATIENCE_US

    async def _tell_gone(self, legs: Sequence[OpenLeg]) -> None:
        """Say of legs which history does not know after several questions that they were gone when first missed."""
        gone = [
            self.sync.gone(leg.leg_id, self._missed[leg.leg_id])
            for leg in legs
            if leg.leg_id in self._missed and self._asks[leg.leg_id].count >= ASKS_BEFORE_GONE
        ]
        if gone:
            await self.submit(gone)

    async def _settle_recent(self) -> None:
        """Ask for the history of the last hours, for late and false pushes of legs that are over."""
        now_us = self.clock_us()
        self._told = {digest: at_us for digest, at_us in self._told.items() if now_us - at_us <= 2 * RECENT_SPAN_US}
        await self._settle(Span((now_us - RECENT_SPAN_US) // 1000, now_us // 1000), now_us)

    async def _settle(self, span: Span, now_us: int) -> set[str]:
        """Take in what history tells anew of the legs of a time; return all legs of ours that it knows."""
        messages = await converse(self.sync.history(span.since_ms, span.until_ms, now_us), self.fetch)
        known, news = await asyncio.to_thread(self._sift, messages)
        if news:
            await self.submit(news)
            self._told |= {message.digest: now_us for message in news}
        return known

    def _sift(self, messages: Sequence[RawMessage]) -> tuple[set[str], list[RawMessage]]:
        """Return the legs of ours that these messages settle, and the messages that tell anything new."""
        known: set[str] = set()
        news: list[RawMessage] = []
        for message in messages:
            for settled in self._settled(message):
                leg = self._leg(settled.leg_id)
                if leg is None:
                    continue
                known.add(leg.leg_id)
                if message.digest not in self._told and is_news(leg, settled):
                    news.append(message)
        return known, news

    def _settled(self, message: RawMessage) -> list[LegSettled]:
        try:
            return [event for event in self.source.parse(message) if isinstance(event, LegSettled)]
        except BadMessageError as problem:
            log.warning("history_not_understood", source=self.source.name, reason=str(problem))
            return []

    def _leg(self, leg_id: str) -> Leg | None:
        found = self.store.call(leg_id)
        legs = found[1].legs if found is not None else ()
        return next((leg for leg in legs if leg.leg_id == leg_id and leg.source == self.source.name), None)


def troubles_of(store: Store) -> dict[str, tuple[str, ...]]:
    """Return what fails when phone systems are asked, in sentences, by source; whichever process asks them."""
    return {
        name.removeprefix(TROUBLES): msgspec.json.decode(value, type=tuple[str, ...])
        for name, value in store.values(TROUBLES).items()
    }


def keep_troubles(store: Store, source: str, problems: tuple[str, ...]) -> None:
    """Write down what fails when one phone system is asked."""
    value = msgspec.json.encode(problems) if problems else None
    if store.value(TROUBLES + source) != value:
        with store.write() as transaction:
            transaction.set_value(TROUBLES + source, value)


def keep_directory(store: Store, source: str, directory: Directory) -> None:
    """Make this the directory of one source; groups and users of other sources stay."""
    old = store.directory()
    new = Directory(
        groups=(*(group for group in old.groups if group.source != source), *directory.groups),
        users=(*(user for user in old.users if user.source != source), *directory.users),
        numbers=directory.numbers,
    )
    if new != old:
        with store.write() as transaction:
            transaction.save_directory(new)


@asynccontextmanager
async def syncing(keeper: Keeper) -> AsyncIterator[None]:
    """Ask what is due while the block lasts. At its end a question on its way may be answered first.

    A token that was just renewed must not be lost, because its predecessor no longer works.
    """
    stop = asyncio.Event()
    task = asyncio.create_task(_watched(keeper, stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait({task}, timeout=LONGEST_GOODBYE_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _watched(keeper: Keeper, stop: asyncio.Event) -> None:
    """Run the questions; should they fail by a fault of ours, say so loudly and begin again after a while."""
    while not stop.is_set():
        try:
            await run_sync(keeper, stop)
        except Exception:
            log.exception("sync_crashed", source=keeper.source.name)
            await rest(stop, RESTART_SECONDS)


async def run_sync(keeper: Keeper, stop: asyncio.Event) -> None:
    """Ask what is due, every few seconds, until told to stop."""
    while not stop.is_set():
        await keeper.turn()
        await rest(stop, TURN_SECONDS)


async def rest(stop: asyncio.Event, seconds: float) -> None:
    """Wait until told to stop, but no longer than this."""
    # Not wait_for, which before Python 3.12 forgets that it was cancelled when what it waits for comes too.
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
