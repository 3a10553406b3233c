"""What the service does by itself: downtime noted, endless calls given up, retention kept, a lost store outlived."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from calltally.engine import duties as working
from calltally.engine.duties import Duties, Retention, prune
from calltally.engine.health import Health
from calltally.engine.ingest import Ingest
from calltally.engine.live import Board
from calltally.engine.presence import Presence, lives_in
from calltally.engine.refusals import Refused, refusals
from calltally.engine.writer import Writer
from calltally.model.instants import DAY_MS, HOUR_MS, MINUTE_MS, Span
from calltally.model.messages import RawMessage
from calltally.model.records import Call, Leg
from calltally.model.words import End
from calltally.sources.asterisk import SOURCE as ASTERISK
from calltally.sources.asterisk.lines import raw_messages
from calltally.store.asked import PruneCounts
from calltally.store.store import StoreError
from tests.engine.ingest_world import BERLIN, START_US, World, answer, hangup, new_call

START_MS = START_US // 1000
EVER = Span(0, 2**60)
PATIENCE_SECONDS = 20
LONGEST_HOURS = 4


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    parsers = {"sipgate": world.parse, "asterisk": ASTERISK.parse}
    world.ingest = Ingest(
        store=world.store, parsers=parsers, zone=BERLIN, clock_us=world.clock, committed=world.applied.append
    )
    return world


def leg(world: World, leg_id: str) -> Leg:
    return next(leg for leg in world.store.all_legs(None, None) if leg.leg_id == leg_id)


def calls(world: World) -> list[Call]:
    return list(world.store.all_calls(None, None))


# --- calls without end ----------------------------------------------------------------------------------------------


def sole(world: World) -> Presence:
    """Return the life of a process that shares its database with no other."""
    return Presence(
        store=world.store,
        instance="sole",
        is_sole=True,
        clock_us=world.clock,
        steady_ms=lambda: world.clock.now_us // 1000,
    )


def with_duties(
    world: World, scenario: Callable[[Duties], Awaitable[None]], *, presence: Presence | None = None
) -> None:
    """Run a scenario with the duties of a service on the world's store; their clock is the world's."""

    async def go() -> None:
        board = Board(clock_us=world.clock, health=Health(()), open_flows=world.store.open_flows())
        writer = Writer(world.ingest)
        writer.start()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await scenario(
                    Duties(
                        store=world.store,
                        writer=writer,
                        board=board,
                        presence=presence or sole(world),
                        retention=Retention(journal_days=30, records_months=13),
                        zone=BERLIN,
                        clock_us=world.clock,
                        longest_call_hours={"sipgate": LONGEST_HOURS, "asterisk": LONGEST_HOURS},
                    )
                )
        finally:
            writer.stop()

    asyncio.run(go())


def after(world: World, hours: float) -> None:
    """Let so many hours pass since the start, and the service look for calls that it gives up."""
    world.clock.now_us = START_US + int(hours * HOUR_MS * 1000)
    with_duties(world, lambda duties: duties.load_board())


def test_a_call_is_given_up_when_nothing_was_heard_of_it_for_too_long(world: World) -> None:
    world.ingest.apply([new_call(0, "A"), answer(3 * 3600, "A")])
    after(world, LONGEST_HOURS + 2.9)
    assert leg(world, "A").end is End.OPEN
    after(world, LONGEST_HOURS + 3)
    assert leg(world, "A").end is not End.OPEN
    assert not calls(world)[0].is_open
    assert world.differences() == []


def test_only_the_open_legs_of_a_call_are_given_up(world: World) -> None:
    world.ingest.apply(
        [new_call(0, "A", xcid="x"), hangup(9, "A", "forwarded", xcid="x"), new_call(9.1, "B", xcid="x")]
    )
    after(world, LONGEST_HOURS + 1)
    assert (leg(world, "A").end, leg(world, "B").end) == (End.KNOWN, End.UNKNOWN)
    kept = list(world.store.journal(since_us=None, until_us=None, source=None))
    assert [entry.message.kind for entry in kept] == ["", "", "", "expired"]


def test_a_call_that_has_a_queue_and_no_legs_is_given_up_too(world: World) -> None:
    line = f"{START_US // 1_000_000}|{START_US // 1_000_000}.7|support|NONE|ENTERQUEUE||015112345678|1\n"
    world.ingest.apply(list(raw_messages([line.encode()])))
    after(world, LONGEST_HOURS - 0.1)
    assert [call.is_open for call in calls(world)] == [True]
    after(world, LONGEST_HOURS)
    assert [call.is_open for call in calls(world)] == [False]
    assert world.store.set_aside(10) == []
    assert world.differences() == []


def test_a_hangup_after_a_call_was_given_up_is_its_end(world: World) -> None:
    world.ingest.apply([new_call(0, "A"), answer(5, "A")])
    after(world, LONGEST_HOURS + 1)
    world.ingest.apply([hangup((LONGEST_HOURS + 2) * 3600, "A")])
    assert (leg(world, "A").end, leg(world, "A").talk_ms) == (End.KNOWN, (LONGEST_HOURS + 2) * HOUR_MS - 5_000)


# --- retention ------------------------------------------------------------------------------------------------------

LIMITS = [
    # now, in the zone              zone               months  records before
    ("2026-11-20T12:00:00+01:00", "Europe/Berlin", 13, "2025-10-01T00:00:00+02:00"),  # back into summer time
    ("2026-03-31T23:59:59+02:00", "Europe/Berlin", 1, "2026-02-01T00:00:00+01:00"),  # a month without a 31st
    ("2026-01-01T00:00:00+01:00", "Europe/Berlin", 1, "2025-12-01T00:00:00+01:00"),
    ("2025-12-31T23:30:00Z", "Europe/Berlin", 1, "2025-12-01T00:00:00+01:00"),  # the new year has begun in Berlin
    ("2026-02-28T00:00:00Z", "UTC", 12, "2025-02-01T00:00:00Z"),
    ("2026-02-28T00:00:00Z", "UTC", 24, "2024-02-01T00:00:00Z"),
    ("2026-12-15T00:00:00Z", "UTC", 12, "2025-12-01T00:00:00Z"),
    ("2026-11-20T12:00:00-05:00", "America/New_York", 1, "2026-10-01T00:00:00-04:00"),
    ("2026-04-26T12:00:00+02:00", "Africa/Cairo", 0, "2026-04-01T00:00:00+02:00"),
]


@pytest.mark.parametrize(("now", "zone", "months", "before"), LIMITS)
def test_records_go_by_whole_months_of_the_site(now: str, zone: str, months: int, before: str) -> None:
    now_ms = int(datetime.fromisoformat(now).timestamp()) * 1000
    retention = Retention(journal_days=30, records_months=months)
    messages_before_us, records_before_ms = retention.limits(now_ms, ZoneInfo(zone))
    assert records_before_ms == int(datetime.fromisoformat(before).timestamp()) * 1000
    assert messages_before_us == (now_ms - 30 * DAY_MS) * 1000


def test_a_dry_run_says_what_goes_and_takes_nothing(world: World) -> None:
    day, retention = 86_400, Retention(journal_days=30, records_months=2)
    for age in (0, 20, 29, 31, 59, 100, 150):
        world.ingest.apply([new_call(-age * day, f"c{age}"), hangup(60 - age * day, f"c{age}", "cancel")])
    world.ingest.apply(
        [RawMessage(source="sipgate", received_at_us=START_US - 40 * DAY_MS * 1000, headers={}, body=b"")]
    )
    before = world.exported()

    told = prune(world.store, retention, START_MS, BERLIN, dry_run=True)
    assert world.exported() == before
    assert prune(world.store, retention, START_MS, BERLIN, dry_run=False) == told
    # START is in November 2026: what began before September goes, and messages of more than thirty days ago.
    assert told == PruneCounts(messages=4 * 2 + 1, calls=2, legs=2, visits=0)
    assert {call.call_id for call in calls(world)} == {"xc0", "xc20", "xc29", "xc31", "xc59"}
    nothing = PruneCounts(messages=0, calls=0, legs=0, visits=0)
    assert prune(world.store, retention, START_MS, BERLIN, dry_run=True) == nothing
    assert world.differences() == []


def test_an_open_call_outlives_the_retention_and_can_still_be_given_up(world: World) -> None:
    world.ingest.apply([new_call(0, "A"), answer(5, "A"), new_call(0, "B"), hangup(9, "B", "cancel")])
    world.clock.now_us = START_US + 100 * DAY_MS * 1000
    gone = prune(
        world.store, Retention(journal_days=30, records_months=1), world.clock.now_us // 1000, BERLIN, dry_run=False
    )
    assert gone == PruneCounts(messages=2, calls=1, legs=1, visits=0)
    after(world, 100 * 24)
    assert [(call.call_id, call.is_open) for call in calls(world)] == [("xA", False)]
    assert world.store.set_aside(10) == []
    assert world.differences() == []


# --- a store that is away -------------------------------------------------------------------------------------------


def test_a_store_that_was_away_is_known_to_be_back_before_the_next_message(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "ALIVE_SECONDS", 0)
    healthy = world.store.write
    tried, back = asyncio.Event(), asyncio.Event()

    async def scenario(duties: Duties) -> None:
        loop = asyncio.get_running_loop()

        def full() -> None:
            loop.call_soon_threadsafe(tried.set)
            raise StoreError("the disk is full")

        def judged(problem: StoreError | None) -> None:
            judge(problem)
            if problem is None:
                loop.call_soon_threadsafe(back.set)

        judge = duties.writer.judge
        monkeypatch.setattr(duties.writer, "judge", judged)
        monkeypatch.setattr(world.store, "write", full)
        work = asyncio.create_task(duties.run())
        await tried.wait()
        tried.clear()
        await tried.wait()
        seen = [duties.writer.degraded]
        monkeypatch.setattr(world.store, "write", healthy)
        await back.wait()
        seen.append(duties.writer.degraded)
        assert seen == ["the disk is full", None]
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    world.clock.now_us = START_US + MINUTE_MS
    with_duties(world, scenario)
    assert [life.at_ms for life in lives_in(world.store).values()] == [world.clock.now_us // 1000]


def be_away_once(world: World, monkeypatch: pytest.MonkeyPatch, question: str) -> None:
    """Have the store not answer the next time when it is asked this."""
    healthy = getattr(world.store, question)

    def away() -> None:
        monkeypatch.setattr(world.store, question, healthy)
        raise StoreError("the connection was lost")

    monkeypatch.setattr(world.store, question, away)


def test_calls_of_before_the_start_are_taken_up_as_soon_as_the_store_answers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "REST_SECONDS", 0)

    async def scenario(duties: Duties) -> None:
        duties.board.reload({}, ())
        be_away_once(world, monkeypatch, "open_flow_ids")
        work = asyncio.create_task(duties.run())
        await duties.has_taken_up.wait()
        assert list(duties.board.open) == ["xA"]
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    killed = sole(world)
    killed.instance = "killed"
    killed.begin(world.ingest)
    world.ingest.apply([new_call(0, "A")])
    world.clock.now_us = START_US + MINUTE_MS * 1000
    presence = sole(world)
    presence.begin(world.ingest)
    with_duties(world, scenario, presence=presence)
    assert leg(world, "A").crashed


def test_what_could_not_be_read_of_others_is_read_when_the_store_is_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "REST_SECONDS", 0)

    async def scenario(duties: Duties) -> None:
        await duties.load_board()
        viewer = duties.board.watch()
        viewer.get_nowait()
        be_away_once(world, monkeypatch, "open_flows")
        work = [asyncio.create_task(duties.board.run()), asyncio.create_task(duties.run())]
        await asyncio.to_thread(other.ingest.apply, [new_call(0, "A")])
        while [call.call_id for records in (await viewer.get()).changed if (call := records.call)] != ["xA"]:
            pass
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)

    presence = sole(world)
    presence.begin(world.ingest)
    other = World(world.folder)
    with_duties(world, scenario, presence=presence)
    other.store.close()


def alive(world: World, presence: Presence, seconds: float, *, failing: bool = False) -> None:
    """Let the service note at this time that it is alive, after the store turned something away if `failing`."""
    world.clock.now_us = START_US + int(seconds * 1_000_000)

    async def scenario(duties: Duties) -> None:
        if failing:
            duties.writer.judge(StoreError("the disk is full"))
            duties.writer.judge(None)  # a batch was stored again before the mark
        await duties.note_alive()
        await duties.mark()
        assert duties.writer.degraded is None
        assert not duties.writer.turned_away

    with_duties(world, scenario, presence=presence)


OUTAGES = [
    # marks at, the last one after a failure  the gap
    ((5, 10, 15), False, None),
    ((5, 35), False, None),
    ((5, 36), False, (5, 36, "calltally stood still")),
    ((5, 7200), False, (5, 7200, "calltally stood still")),
    ((5, 10), True, (5, 10, "calltally could not store anything")),
    ((5, 90), True, (5, 90, "calltally could not store anything")),
]


@pytest.mark.parametrize(("marks", "failing", "expected"), OUTAGES)
def test_an_outage_of_a_running_service_is_a_gap(
    world: World, marks: tuple[int, ...], *, failing: bool, expected: tuple[int, int, str] | None
) -> None:
    world.ingest.apply([new_call(0, "A"), answer(4, "A")])
    presence = sole(world)
    presence.begin(world.ingest)
    for mark in marks:
        alive(world, presence, mark, failing=failing and mark == marks[-1])
    gaps = [
        ((gap.since_ms - START_MS) // 1000, (gap.until_ms - START_MS) // 1000, gap.reason)
        for gap in world.store.gaps(EVER)
    ]
    assert gaps == ([] if expected is None else [expected])
    assert leg(world, "A").crashed == (expected is not None)
    assert world.differences() == []


def test_a_busy_writer_is_no_outage(world: World) -> None:
    presence = sole(world)
    presence.begin(world.ingest)

    async def scenario(duties: Duties) -> None:
        begun, release = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def long_job(_ingest: Ingest) -> None:
            loop.call_soon_threadsafe(begun.set)
            release.wait(PATIENCE_SECONDS)

        job = asyncio.create_task(duties.writer.run(long_job))
        await begun.wait()
        world.clock.now_us += 5_000_000
        noting = asyncio.create_task(duties.note_alive())
        await asyncio.sleep(0)
        world.clock.now_us += 600_000_000
        release.set()
        await asyncio.gather(job, noting)

    with_duties(world, scenario, presence=presence)
    assert world.store.gaps(EVER) == []


def test_a_refused_push_is_written_down_for_commands_beside_the_service(world: World) -> None:
    async def scenario(duties: Duties) -> None:
        await duties.note_refused()
        duties.board.health.refused("sipgate", "The push has no signature.", START_US)
        await duties.note_refused()

    with_duties(world, scenario)
    assert refusals(world.store, "sipgate") == Refused(1, "The push has no signature.", START_US)
