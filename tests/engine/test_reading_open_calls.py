"""The board is read some calls at a time after a start, while messages are stored: it must show what is open."""

import asyncio
import threading
from collections.abc import Collection
from pathlib import Path

import pytest

from calltally.engine import duties as working
from calltally.engine.duties import Duties
from calltally.model.records import Records
from tests.engine.ingest_world import World, answer, hangup, new_call
from tests.engine.test_duties import sole, with_duties


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_board_is_read_between_two_batches_so_that_no_ended_call_comes_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers: list[str] = []
    flows = world.store.flows

    def watched(flow_ids: Collection[int]) -> dict[int, Records]:
        readers.append(threading.current_thread().name)
        return flows(flow_ids)

    world.ingest.apply([new_call(0, "A")])
    monkeypatch.setattr(world.store, "flows", watched)

    async def load(duties: Duties) -> None:
        duties.board.reload({}, ())
        await duties.load_board()
        assert list(duties.board.open) == ["xA"]

    with_duties(world, load)
    assert readers[-1] == "writer"


def test_the_board_holds_what_is_open_although_calls_begin_and_end_while_it_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "READ_AT_ONCE", 2)
    world.ingest.apply([new_call(0, name, xcid=name) for name in "ABCDEFG"])
    flows = world.store.flows
    # G is heard of before all are read, F behind itself, B before itself, and H and I are new: one ends, one goes on.
    batches = [
        [hangup(1, "G")],
        [hangup(2, "F"), hangup(2, "B"), new_call(2, "H", xcid="H")],
        [new_call(3, "I", xcid="I"), answer(3, "A"), answer(3, "E")],
        [hangup(4, "H")],
    ]
    reads: list[int] = []

    async def load(duties: Duties) -> None:
        loop = asyncio.get_running_loop()

        def watched(flow_ids: Collection[int]) -> dict[int, Records]:
            world.ingest.apply(batches[len(reads)])
            loop.call_soon_threadsafe(duties.board.heard, world.applied[-1])
            reads.append(len(flow_ids))
            return flows(flow_ids)

        monkeypatch.setattr(world.store, "flows", watched)
        duties.board.reload({}, ())
        await duties.load_board()
        open_now = {call.call_id: records for records in world.store.open_flows().values() if (call := records.call)}
        assert duties.board.open == open_now
        assert sorted(open_now) == ["A", "C", "D", "E", "I"]

    with_duties(world, load)
    assert reads == [2, 2, 2, 1]


def test_a_call_that_begins_while_the_board_is_read_is_marked_by_a_gap_that_follows_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "READ_AT_ONCE", 1)
    world.ingest.apply([new_call(0, name, xcid=name) for name in "ABC"])
    presence = sole(world)
    presence.begin(world.ingest)
    while presence.mark_some(world.ingest):
        pass
    flows = world.store.flows
    reads: list[int] = []

    def watched(flow_ids: Collection[int]) -> dict[int, Records]:
        reads.append(len(flow_ids))
        if len(reads) == 2:
            world.ingest.apply([new_call(1, "D", xcid="D")])
            world.clock.now_us += 10_000_000
            presence.note(world.ingest, awake_ms=world.clock.now_us // 1000, has_failed=True)
        return flows(flow_ids)

    async def take_up(duties: Duties) -> None:
        monkeypatch.setattr(world.store, "flows", watched)
        await duties.take_up()

    with_duties(world, take_up, presence=presence)
    assert {leg.leg_id: leg.crashed for leg in world.store.all_legs(None, None)} == dict.fromkeys("ABCD", True)
