"""The writer's thread: who is answered when, what happens when the store fails, and that nothing ends the thread."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest

from calltally.engine import writer as writing
from calltally.engine.ingest import Applied, Ingest
from calltally.engine.writer import BusyError, NotStoredError, Writer
from calltally.model.events import Event
from calltally.model.messages import RawMessage
from calltally.store.store import StoreError, Transaction
from tests.engine.ingest_world import BERLIN, World, new_call

PATIENCE_SECONDS = 20


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def run(world: World, scenario: Callable[[Writer], Awaitable[None]]) -> None:
    """Run a scenario with a writer that is stopped afterwards."""

    async def go() -> None:
        writer = Writer(world.ingest)
        writer.start()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await scenario(writer)
        finally:
            writer.stop()

    asyncio.run(go())


@asynccontextmanager
async def held(writer: Writer) -> AsyncIterator[threading.Event]:
    """Keep the thread busy with a job until the block ends, or the event is set."""
    begun, release = threading.Event(), threading.Event()

    def wait(_ingest: Ingest) -> None:
        begun.set()
        release.wait(PATIENCE_SECONDS)

    job = asyncio.create_task(writer.run(wait))
    await asyncio.to_thread(begun.wait, PATIENCE_SECONDS)
    try:
        yield release
    finally:
        release.set()
        await job


def test_a_write_under_way_tells_how_long_it_takes(world: World) -> None:
    async def scenario(writer: Writer) -> None:
        assert writer.busy_seconds == 0
        async with held(writer):
            first = writer.busy_seconds
            assert 0 < first < PATIENCE_SECONDS
            assert writer.busy_seconds > first
        await writer.accept(new_call(0, "A"))
        while writer.busy_seconds:  # noqa: ASYNC110  the answer is given just before the thread rests
            await asyncio.sleep(0)

    run(world, scenario)


def stored(world: World) -> list[bytes]:
    return [entry.message.body for entry in world.store.journal(since_us=None, until_us=None, source=None)]


def test_all_who_wait_are_answered_by_one_commit(world: World) -> None:
    messages = [new_call(number, f"c{number}") for number in range(50)]

    async def scenario(writer: Writer) -> None:
        async with held(writer):
            answers = [writer.accept(message) for message in messages]
            assert writer.backlog == 50
        await asyncio.gather(*answers)
        assert writer.backlog == 0

    run(world, scenario)
    assert [len(applied.messages) for applied in world.applied] == [50]
    assert stored(world) == [message.body for message in messages]


def test_what_the_store_refuses_is_not_acknowledged_and_the_next_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise StoreError("the disk is full")

    async def scenario(writer: Writer) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(world.store, "write", full)
            answers = await asyncio.gather(
                writer.accept(new_call(0, "A")), writer.accept(new_call(1, "B")), return_exceptions=True
            )
            assert [type(answer) for answer in answers] == [NotStoredError, NotStoredError]
            assert writer.degraded == "the disk is full"
        await writer.accept(new_call(2, "C"))
        assert writer.degraded is None

    run(world, scenario)
    assert stored(world) == [new_call(2, "C").body]


def test_a_job_that_cannot_write_says_so_and_one_that_could_takes_it_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_ingest: Ingest) -> None:
        with world.store.write() as transaction:
            transaction.set_value("test", b"1")

    def full() -> None:
        raise StoreError("the disk is full")

    async def scenario(writer: Writer) -> None:
        def proof(ingest: Ingest) -> None:
            write(ingest)
            writer.judge(None)

        with monkeypatch.context() as broken:
            broken.setattr(world.store, "write", full)
            with pytest.raises(StoreError):
                await writer.run(write)
        assert writer.degraded == "the disk is full"
        await writer.run(proof)
        assert writer.degraded is None

    run(world, scenario)


def test_beyond_the_limit_senders_are_told_to_come_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST_WAITING", 3)

    async def scenario(writer: Writer) -> None:
        async with held(writer):
            answers = [writer.accept(new_call(number, f"c{number}")) for number in range(3)]
            with pytest.raises(BusyError):
                await writer.accept(new_call(9, "too-many"))
            assert writer.turned_away
        await asyncio.gather(*answers)
        await writer.accept(new_call(9, "in-time"))

    run(world, scenario)
    assert len(stored(world)) == 4


def test_stopping_stores_what_waits_and_takes_nothing_more(world: World) -> None:
    async def scenario(writer: Writer) -> None:
        async with held(writer) as release:
            answers = [writer.accept(new_call(number, f"c{number}")) for number in range(5)]
            release.set()
            writer.stop()
        await asyncio.gather(*answers)
        with pytest.raises(BusyError):
            await writer.accept(new_call(9, "late"))
        with pytest.raises(BusyError):
            await writer.run(lambda _ingest: None)

    run(world, scenario)
    assert len(stored(world)) == 5


@dataclass(frozen=True)
class Storing:
    """A batch that is being stored: it is until `done` is set."""

    done: threading.Event
    answers: list[asyncio.Future[None]]


@asynccontextmanager
async def storing(
    world: World, writer: Writer, size: int, monkeypatch: pytest.MonkeyPatch, *, commit: bool = False
) -> AsyncIterator[Storing]:
    """Keep the thread storing, or committing, a batch of some messages until the block ends, or the event is set."""
    begun, done = threading.Event(), threading.Event()
    write = world.store.write

    def wait() -> None:
        begun.set()
        done.wait(PATIENCE_SECONDS)

    @contextmanager
    def slow() -> Iterator[Transaction]:
        with write() as transaction:
            if not commit:
                wait()
            yield transaction
            if commit:
                wait()

    monkeypatch.setattr(world.store, "write", slow)
    async with held(writer):
        answers = [writer.accept(new_call(number, f"c{number}")) for number in range(size)]
    await asyncio.to_thread(begun.wait, PATIENCE_SECONDS)
    try:
        yield Storing(done, answers)
    finally:
        done.set()
        await asyncio.gather(*answers)


def test_who_brings_a_message_while_a_large_batch_is_stored_waits_for_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "TURN_SECONDS", PATIENCE_SECONDS)

    async def scenario(writer: Writer) -> None:
        async with storing(world, writer, writing.BUSY_BATCH, monkeypatch) as batch:
            threading.Timer(0.05, batch.done.set).start()
            answer = writer.accept(new_call(999, "late"))
            assert batch.done.is_set()
        await answer

    run(world, scenario)
    assert len(stored(world)) == writing.BUSY_BATCH + 1


def test_nobody_waits_for_the_disk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "TURN_SECONDS", PATIENCE_SECONDS * 2)

    async def scenario(writer: Writer) -> None:
        async with storing(world, writer, writing.BUSY_BATCH, monkeypatch, commit=True) as batch:
            batch.answers.append(writer.accept(new_call(999, "late")))
            assert not world.applied

    run(world, scenario)
    assert [len(applied.messages) for applied in world.applied] == [writing.BUSY_BATCH, 1]


def test_nobody_waits_for_a_small_batch(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "TURN_SECONDS", PATIENCE_SECONDS * 2)

    async def scenario(writer: Writer) -> None:
        async with storing(world, writer, writing.BUSY_BATCH - 1, monkeypatch) as batch:
            batch.answers.append(writer.accept(new_call(999, "late")))
            assert not world.applied

    run(world, scenario)
    assert [len(applied.messages) for applied in world.applied] == [writing.BUSY_BATCH - 1, 1]


def test_a_store_that_hangs_holds_the_event_loop_once_and_not_for_each_message(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 0.2
    monkeypatch.setattr(writing, "TURN_SECONDS", limit)

    async def scenario(writer: Writer) -> None:
        async with storing(world, writer, writing.BUSY_BATCH, monkeypatch) as batch:
            began = monotonic()
            batch.answers.extend(writer.accept(new_call(1000 + number, f"late{number}")) for number in range(50))
            assert limit <= monotonic() - began < 50 * limit
            assert not world.applied

    run(world, scenario)
    assert len(stored(world)) == writing.BUSY_BATCH + 50


def test_a_flood_does_not_keep_jobs_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "LARGEST_BATCH", 2)
    order: list[str] = []
    first, asked = threading.Event(), threading.Event()

    def heard(_applied: Applied) -> None:
        order.append("batch")
        first.set()
        asked.wait(PATIENCE_SECONDS)

    parsers = {"sipgate": world.parse}
    world.ingest = Ingest(store=world.store, parsers=parsers, zone=BERLIN, clock_us=world.clock, committed=heard)

    async def scenario(writer: Writer) -> None:
        async with held(writer):
            answers = [writer.accept(new_call(number, f"c{number}")) for number in range(6)]
        await asyncio.to_thread(first.wait, PATIENCE_SECONDS)
        job = asyncio.create_task(writer.run(lambda _ingest: order.append("job")))
        await asyncio.sleep(0)
        asked.set()
        await asyncio.gather(job, *answers)

    run(world, scenario)
    assert order == ["batch", "job", "batch", "batch"]


def test_a_job_that_nobody_waits_for_any_more_is_left_out(world: World) -> None:
    done: list[str] = []

    async def scenario(writer: Writer) -> None:
        async with held(writer):
            job = asyncio.create_task(writer.run(lambda _ingest: done.append("forgotten")))
            await asyncio.sleep(0)
            job.cancel()
            await asyncio.gather(job, return_exceptions=True)
        await writer.run(lambda _ingest: done.append("wanted"))
        await writer.accept(new_call(0, "A"))

    run(world, scenario)
    assert done == ["wanted"]
    assert len(stored(world)) == 1


def test_senders_are_answered_whatever_fails_when_a_failure_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_messages: Sequence[RawMessage], **_named: object) -> Applied:
        raise StoreError("the disk is full")

    def fail(_messages: Sequence[RawMessage]) -> None:
        raise ZeroDivisionError

    async def scenario() -> None:
        writer = Writer(world.ingest, fail)
        monkeypatch.setattr(world.ingest, "apply", full)
        writer.start()
        for number in range(2):
            with pytest.raises(NotStoredError):
                await writer.accept(new_call(number, f"c{number}"))
        writer.stop()

    asyncio.run(scenario())


def test_a_failing_job_is_the_askers_matter_alone(world: World) -> None:
    def fail(_ingest: Ingest) -> None:
        raise ZeroDivisionError

    async def scenario(writer: Writer) -> None:
        with pytest.raises(ZeroDivisionError):
            await writer.run(fail)
        assert writer.degraded is None
        await writer.accept(new_call(0, "A"))

    run(world, scenario)


def test_a_message_we_fail_on_is_set_aside_even_when_it_comes_alone(world: World) -> None:
    healthy = world.parse

    def faulty(message: RawMessage) -> Sequence[Event]:
        if b"callId=A&" in message.body:
            raise ZeroDivisionError
        return healthy(message)

    world.parse = faulty

    async def scenario(writer: Writer) -> None:
        await writer.accept(new_call(0, "A"))
        await writer.accept(new_call(1, "B"))

    run(world, scenario)
    (aside,) = world.store.set_aside(10)
    assert aside.message.body == new_call(0, "A").body
    assert [call.call_id for call in world.store.all_calls(None, None)] == ["xB"]
    assert [len(applied.problems) for applied in world.applied] == [1, 0]


def test_a_fault_that_nothing_can_set_aside_is_no_answer_and_not_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty() -> None:
        raise ZeroDivisionError

    async def scenario(writer: Writer) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(world.store, "write", faulty)
            with pytest.raises(NotStoredError):
                await writer.accept(new_call(0, "A"))
            assert writer.degraded is not None
        await writer.accept(new_call(1, "B"))
        assert writer.degraded is None

    run(world, scenario)
    assert stored(world) == [new_call(1, "B").body]
