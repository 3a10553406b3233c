"""Duties of the service while the store is away: told once, by a word for everybody, and done as soon as can be."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from calltally.engine import duties as working
from calltally.engine.duties import NIGHT, Duties
from calltally.model.instants import DAY_MS, MINUTE_MS
from calltally.store.store import StoreError
from tests.engine.ingest_world import BERLIN, START_US, World, hangup, new_call
from tests.engine.test_duties import sole, with_duties

BEFORE_THREE_TEN = int(datetime(2028, 3, 1, 3, 9, 59, 999_000, tzinfo=BERLIN).timestamp() * 1_000_000)


@pytest.fixture
def world(tmp_path: Any) -> World:  # noqa: ANN401  pytest's folder
    return World(tmp_path)


async def _ended(*work: "asyncio.Task[None]") -> None:
    for task in work:
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)


def test_an_outage_is_told_once_and_so_is_its_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "ALIVE_SECONDS", 0)
    healthy = world.store.write
    failures, said = 0, asyncio.Event()

    async def scenario(duties: Duties) -> None:
        loop = asyncio.get_running_loop()

        def away() -> None:
            nonlocal failures
            failures += 1
            if failures == 5:
                loop.call_soon_threadsafe(said.set)
            raise StoreError("the database is away")

        def back() -> Any:  # noqa: ANN401  what the store gives
            loop.call_soon_threadsafe(said.set)
            return healthy()

        duties.writer.judge(StoreError("the database is away"))
        monkeypatch.setattr(world.store, "write", away)
        work = asyncio.create_task(duties.run())
        await said.wait()
        said.clear()
        monkeypatch.setattr(world.store, "write", back)
        for _ in range(3):
            await said.wait()
            said.clear()
        await _ended(work)

    presence = sole(world)
    presence.begin(world.ingest)
    world.clock.now_us = START_US + MINUTE_MS * 1000
    with capture_logs() as lines:
        with_duties(world, scenario, presence=presence)
    told = [(line["event"], line.get("duty") or line.get("reason")) for line in lines if "sign" in str(line.values())]
    assert told == [("duty_postponed", "sign_of_life"), ("duty_resumed", "sign_of_life")]
    reasons = [line["reason"] for line in lines if line["event"] == "outage_noted"]
    assert reasons == ["calltally could not store anything"]
    assert not any(str(line.get("duty")).startswith("_") for line in lines)


def test_retention_that_could_not_be_kept_at_night_is_kept_soon_after(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "LEAST_SECONDS", 0)
    monkeypatch.setattr(working, "RETRY_SECONDS", 0)
    prepare = world.store.prepare
    done = asyncio.Event()
    tries = 0

    async def scenario(duties: Duties) -> None:
        loop = asyncio.get_running_loop()

        def away_twice(now_ms: int) -> None:
            nonlocal tries
            tries += 1
            if tries < 3:
                raise StoreError("the database is away")
            prepare(now_ms)
            loop.call_soon_threadsafe(done.set)

        monkeypatch.setattr(world.store, "prepare", away_twice)
        work = asyncio.create_task(duties.run())
        await done.wait()
        while await asyncio.to_thread(world.store.value, NIGHT) is None:
            pass
        await _ended(work)

    world.ingest.apply([new_call(0, "A"), hangup(9, "A")])
    world.clock.now_us = BEFORE_THREE_TEN
    assert world.clock.now_us - START_US > 400 * DAY_MS * 1000
    with_duties(world, scenario)
    assert tries == 3
    assert list(world.store.all_calls(None, None)) == []
    assert world.store.value(NIGHT) == b"2028-03-01"


def test_retention_is_kept_by_the_process_that_gets_the_lease_if_nobody_held_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "LEAST_SECONDS", 0)
    monkeypatch.setattr(working, "RETRY_SECONDS", 0)
    value, looks = world.store.value, 0
    presence = sole(world)
    presence.is_sole = False

    def looked(key: str) -> bytes | None:
        nonlocal looks
        looks += key == NIGHT
        presence.is_sole = looks >= 3
        return value(key)

    async def scenario(duties: Duties) -> None:
        work = asyncio.create_task(duties.run())
        while await asyncio.to_thread(value, NIGHT) is None:
            pass
        await _ended(work)

    world.ingest.apply([new_call(0, "A"), hangup(9, "A")])
    world.clock.now_us = BEFORE_THREE_TEN
    monkeypatch.setattr(world.store, "value", looked)
    with_duties(world, scenario, presence=presence)
    assert looks >= 3
    assert list(world.store.all_calls(None, None)) == []
