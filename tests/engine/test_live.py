"""The board: what waits and what is active, and what viewers are told."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.engine.health import Health
from calltally.engine.live import FRAME_SECONDS, LATE_SECONDS, QUEUED_FRAMES, Board, Frame, Pace, Told
from calltally.model.messages import RawMessage
from calltally.model.records import NOTHING
from tests.engine.ingest_world import START_US, World, answer, hangup, new_call

CASES = [
    # pushed so far                                                               waiting  active  ringing out
    ((new_call(0, "A"),), (1, 0, 0)),
    ((new_call(0, "A"), answer(5, "A")), (0, 1, 0)),
    ((new_call(0, "A"), answer(5, "A"), hangup(9, "A")), (0, 0, 0)),
    ((new_call(0, "A"), hangup(9, "A", "cancel")), (0, 0, 0)),
    ((new_call(0, "A", direction="out"),), (0, 0, 1)),  # an outgoing call that rings is no waiting caller
    ((new_call(0, "A", direction="out"), answer(5, "A", direction="out", user="", fullUserId="")), (0, 1, 0)),
    (
        (new_call(0, "A", **{"user%5B%5D": "voicemail", "fullUserId%5B%5D": ""}),),
        (0, 0, 0),
    ),  # with a mailbox nobody waits
    (
        (new_call(0, "A"), hangup(20, "A", "forwarded"), new_call(21, "B", origCallId="A", xcid="xA")),
        (1, 0, 0),
    ),
    ((new_call(0, "A"), new_call(1, "B"), answer(5, "B")), (1, 1, 0)),
]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def _board(world: World) -> Board:
    return Board(clock_us=world.clock, health=Health(()), open_flows=world.store.open_flows())


@pytest.mark.parametrize(("pushed", "expected"), CASES)
def test_the_board_counts_what_is_open(
    world: World, pushed: tuple[RawMessage, ...], expected: tuple[int, int, int]
) -> None:
    board = _board(world)
    for message in pushed:
        board.heard(world.ingest.apply([message]))
    now = board.now()
    assert (now.waiting_now, now.active_now, now.ringing_out) == expected
    assert _board(world).now() == now  # a board that begins with the store's open calls says the same


def test_a_call_that_grows_out_of_two_is_on_the_board_once(world: World) -> None:
    board = _board(world)
    board.heard(world.ingest.apply([new_call(0, "A", xcid="", origCallId="")]))
    board.heard(world.ingest.apply([new_call(2, "B", xcid="", origCallId="")]))
    assert set(board.open) == {"A", "B"}
    board.heard(world.ingest.apply([answer(3, "B", xcid="flow", origCallId="A")]))
    assert set(board.open) == {"flow"}


def _sent(board: Board) -> tuple[list[str], tuple[str, ...]]:
    viewer = board.watch()
    viewer.get_nowait()
    board.send("delta")
    board.leave(viewer)
    frame = viewer.get_nowait()
    return [records.call.call_id for records in frame.changed if records.call], frame.gone


def test_a_frame_tells_which_ids_are_gone(world: World) -> None:
    board = _board(world)
    alone = {"xcid": "", "origCallId": ""}
    board.heard(world.ingest.apply([new_call(0, "A", **alone), new_call(2, "B", **alone)]))
    assert _sent(board) == (["A", "B"], ())
    board.heard(world.ingest.apply([answer(3, "A", xcid="one", origCallId="")]))  # its id changes
    assert _sent(board) == (["one"], ("A",))
    board.heard(world.ingest.apply([answer(4, "B", xcid="one", origCallId="")]))  # it becomes part of another
    assert _sent(board) == (["one"], ("B",))
    assert _sent(board) == ([], ())


def test_health_takes_over_what_another_process_counted(world: World) -> None:
    board = _board(world)
    board.heard(world.ingest.apply([new_call(0, "A")]))
    other = world.another_ingest(world.store)
    other.apply([new_call(1, "B"), hangup(2, "B"), new_call(3, "odd", event="ping")])
    board.health.catch_up(world.store.health(), now_us=START_US)
    hearing = board.health.of("sipgate")
    assert (hearing.received, hearing.set_aside, hearing.per_minute(START_US)) == (4, 1, 4)


def test_the_rate_of_a_source_at_which_nobody_looks_takes_no_more_room_every_second() -> None:
    hearing = Health(()).of("sipgate")
    for second in range(600):
        hearing.count(START_US + second * 1_000_000, 1)
    assert len(hearing.per_second) == 60
    assert hearing.per_minute(START_US + 599_000_000) == 60


OLD = 120 * 1_000_000


@pytest.mark.parametrize(("now_us", "rate"), [(START_US + 5_000_000, 3), (START_US + OLD, 1)])
def test_what_another_process_imports_does_not_count_as_heard_this_minute(world: World, now_us: int, rate: int) -> None:
    board = _board(world)
    world.another_ingest(world.store).apply([new_call(1, "B"), hangup(2, "B")])
    board.health.catch_up(world.store.health(), now_us=now_us)
    world.clock.now_us = now_us
    board.heard(world.ingest.apply([new_call((now_us - START_US) / 1_000_000, "A")]))
    assert board.health.of("sipgate").per_minute(now_us) == rate


def test_the_board_takes_in_what_another_process_changed_of_some_calls(world: World) -> None:
    world.ingest.apply([new_call(0, "A", xcid="", origCallId=""), new_call(1, "B"), new_call(2, "C")])
    board = _board(world)
    flows = {records.call.call_id: flow_id for flow_id, records in world.store.open_flows().items() if records.call}
    # A becomes part of another call, B ends, D begins.
    world.ingest.apply([hangup(9, "A", xcid="flow", origCallId="A"), hangup(9, "B"), new_call(9, "D")])
    changed = [flows["A"], flows["xB"], max(flows.values()) + 1]
    known = world.store.flows(changed)
    board.told(Told(flows={flow_id: known.get(flow_id, NOTHING) for flow_id in changed}, totals=world.store.health()))
    assert sorted(board.open) == ["xC", "xD"]
    board.send("delta")
    viewer = board.watch()
    board.told(Told(flows={flows["xC"]: NOTHING}, totals=()))
    board.send("delta")
    viewer.get_nowait()
    assert viewer.get_nowait().gone == ("xC",)


def _frames_of(board: Board, happenings: list[World], message: RawMessage) -> list[Frame]:
    async def watch() -> list[Frame]:
        running = asyncio.create_task(board.run())
        await asyncio.sleep(0)
        viewer = board.watch()
        frames = [await viewer.get()]
        board.heard(happenings[0].ingest.apply([message]))
        frames.append(await viewer.get())
        board.leave(viewer)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return frames

    return asyncio.run(watch())


def test_a_viewer_gets_a_snapshot_and_then_what_changed(world: World) -> None:
    world.ingest.apply([new_call(0, "A")])
    world.clock.now_us += 40_000
    snapshot, delta = _frames_of(_board(world), [world], new_call(0.02, "B"))
    assert (snapshot.kind, [records.call.call_id for records in snapshot.changed if records.call]) == (
        "snapshot",
        ["xA"],
    )
    assert (delta.kind, [records.call.call_id for records in delta.changed if records.call]) == ("delta", ["xB"])
    assert delta.number == snapshot.number + 1
    assert delta.delay_ms == 20
    assert delta.now.waiting_now == 2


def test_a_viewer_is_told_what_another_process_has_changed(world: World) -> None:
    world.ingest.apply([new_call(0, "A"), new_call(1, "B")])
    board = _board(world)

    async def watch() -> list[Frame]:
        running = asyncio.create_task(board.run())
        await asyncio.sleep(0)
        viewer = board.watch()
        frames = [await viewer.get()]
        world.another_ingest(world.store).apply([hangup(9, "A")])
        board.reload(world.store.open_flows(), world.store.health())
        frames.append(await viewer.get())
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return frames

    first, second = asyncio.run(watch())
    assert (second.kind, second.number) == ("snapshot", first.number + 1)
    assert [records.call.call_id for records in second.changed if records.call] == ["xB"]


def test_a_viewer_who_falls_behind_gets_a_fresh_snapshot_and_costs_no_memory(world: World) -> None:
    board = _board(world)
    viewer = board.watch()
    for number in range(QUEUED_FRAMES + 5):
        board.heard(world.ingest.apply([new_call(number, f"c{number}")]))
        board.send("delta")
    frames = [viewer.get_nowait() for _ in range(viewer.qsize())]
    assert len(frames) <= QUEUED_FRAMES
    snapshots = [frame for frame in frames if frame.kind == "snapshot"]
    shown = {records.call.call_id for frame in frames for records in frame.changed if records.call}
    assert snapshots
    assert shown == {f"xc{number}" for number in range(QUEUED_FRAMES + 5)}


def test_the_board_ends_also_when_something_happens_at_the_same_moment(world: World) -> None:
    board = _board(world)

    async def ends() -> bool:
        running = asyncio.create_task(board.run())
        for _ in range(3):
            await asyncio.sleep(0)
        board.reload({}, ())
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait({running}, timeout=1)
        return running.cancelled()

    assert asyncio.run(ends())


PACES = [
    # something changes at       each frame late by   so frames go out at
    ((100.0,), 0.0, [100.0]),  # after a silence at once
    ((100.0, 100.01), 0.0, [100.0, 100.25]),
    ((100.0, 100.1, 100.3), 0.015, [100.015, 100.265, 100.515]),  # what is late does not make the next ones later
    ((100.0, 100.1, 100.35), 0.3, [100.3, 100.83]),  # but two frames are never close to each other
    ((100.0, 100.6, 100.61), 0.0, [100.0, 100.6, 100.83]),
]


@pytest.mark.parametrize(("changes", "late", "expected"), PACES)
def test_frames_go_out_at_once_after_a_silence_and_then_steadily(
    changes: tuple[float, ...], late: float, expected: list[float]
) -> None:
    assert _frame_times(changes, late=lambda: late) == pytest.approx(expected)


@given(st.lists(st.floats(0, 0.4), min_size=1, max_size=60), st.lists(st.floats(0, 0.6), min_size=60, max_size=60))
def test_no_viewer_gets_more_than_four_frames_a_second(gaps: list[float], late_by: list[float]) -> None:
    upcoming = iter(late_by)
    times = _frame_times(list(accumulate(gaps)), late=lambda: next(upcoming))
    for first, time in enumerate(times):
        for count, later in enumerate(times[first + 1 :], 1):
            assert later - time >= count * FRAME_SECONDS - LATE_SECONDS - 1e-6


def _frame_times(changes: Sequence[float], late: Callable[[], float]) -> list[float]:
    """Return when frames go out that tell of changes at these times, if the loop is late each time."""
    pace, now = Pace(changes[0]), changes[0]
    times: list[float] = []
    waiting = list(changes)
    while waiting:
        now = max(now, waiting[0])
        now += pace.rest(now) + late()
        pace.went(now)
        times.append(now)
        waiting = [change for change in waiting if change > now]
    return times
