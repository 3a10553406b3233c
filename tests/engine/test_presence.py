"""Lives in a real store: gaps that follow from them, calls that are uncertain then, and who runs the schedules."""

from collections.abc import Callable
from pathlib import Path

import pytest

from calltally.engine import presence as living
from calltally.engine.lease import TAKEN_OVER_MS
from calltally.engine.lives import FORGOTTEN_MS, PATIENCE_MS
from calltally.engine.presence import TO_MARK, Presence, lives_in
from calltally.model.instants import Gap, Span
from calltally.store.store import StoreError
from tests.engine.ingest_world import START_US, World, answer, hangup, new_call

START_MS = START_US // 1000
EVER = Span(0, 2**60)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def process(world: World, name: str, *, sole: bool = False, late_ms: int = 0) -> Presence:
    """Return the life of a process whose clock is late by so much."""
    return Presence(
        store=world.store,
        instance=name,
        is_sole=sole,
        clock_us=lambda: world.clock.now_us - late_ms * 1000,
        steady_ms=lambda: world.clock.now_us // 1000 - START_MS,
    )


def at(world: World, second: float) -> None:
    """Set the clock."""
    world.clock.now_us = START_US + round(second * 1_000_000)


def begin(world: World, presence: Presence, second: float) -> None:
    """Start a process."""
    at(world, second)
    presence.begin(world.ingest)
    mark(world, presence)


def note(world: World, presence: Presence, second: float, *, failed: bool = False) -> None:
    """Let a process note that it lives."""
    at(world, second)
    presence.note(world.ingest, awake_ms=presence.clock_us() // 1000, has_failed=failed)
    mark(world, presence)


def mark(world: World, presence: Presence) -> None:
    """Mark what was open in a gap."""
    while presence.mark_some(world.ingest):
        pass


def gaps(world: World) -> list[tuple[float, float, str]]:
    """Return the gaps in seconds."""
    return [
        ((gap.since_ms - START_MS) / 1000, (gap.until_ms - START_MS) / 1000, gap.reason)
        for gap in world.store.gaps(EVER)
    ]


def crashed(world: World, names: str) -> list[bool]:
    """Return of these legs whether they are uncertain."""
    legs = {leg.leg_id: leg.crashed for leg in world.store.all_legs(None, None)}
    return [legs[name] for name in names]


# --- one process ----------------------------------------------------------------------------------------------------


def test_the_first_start_notes_no_gap(world: World) -> None:
    begin(world, process(world, "a", sole=True), 0)
    assert gaps(world) == []
    assert {name: life.at_ms for name, life in lives_in(world.store).items()} == {"a.1": START_MS}


def test_a_start_after_a_kill_notes_at_once_since_when_nothing_was_heard(world: World) -> None:
    killed = process(world, "a", sole=True)
    begin(world, killed, 0)
    note(world, killed, 5)
    begin(world, process(world, "b", sole=True), 7)
    assert gaps(world) == [(5, 7, "calltally was not running")]
    assert list(lives_in(world.store)) == ["b.1"]


def test_a_start_after_a_clean_end_counts_from_the_end(world: World) -> None:
    ended = process(world, "a", sole=True)
    begin(world, ended, 0)
    note(world, ended, 5)
    at(world, 8)
    ended.end(has_failed=False)
    begin(world, process(world, "b", sole=True), 65)
    assert gaps(world) == [(8, 65, "calltally was not running")]


def test_the_end_of_a_process_that_could_not_store_lately_is_its_last_mark(world: World) -> None:
    failed = process(world, "a", sole=True)
    begin(world, failed, 0)
    note(world, failed, 5)
    at(world, 9)
    failed.end(has_failed=True)
    begin(world, process(world, "b", sole=True), 10)
    assert gaps(world) == [(5, 10, "calltally was not running")]


def test_an_end_that_cannot_be_written_down_is_no_failure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    presence = process(world, "a", sole=True)
    begin(world, presence, 0)

    def full() -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "write", full)
        presence.end(has_failed=False)
    assert [life.is_over for life in lives_in(world.store).values()] == [False]


def test_a_clock_that_was_set_back_notes_no_gap(world: World) -> None:
    begin(world, process(world, "a", sole=True), 0)
    begin(world, process(world, "b", sole=True), -1)
    assert gaps(world) == []


def test_calls_open_meanwhile_are_uncertain_until_they_are_heard_of(world: World) -> None:
    world.ingest.apply([new_call(0, "A"), answer(5, "A"), new_call(1, "B"), new_call(2, "C"), hangup(3, "C")])
    begin(world, process(world, "a", sole=True), 10)
    begin(world, process(world, "b", sole=True), 60)
    assert crashed(world, "ABC") == [True, True, False]

    world.ingest.apply([new_call(70, "D")])
    world.ingest.apply([hangup(80, "A"), answer(81, "B")])
    assert crashed(world, "ABCD") == [False, False, False, False]
    assert world.differences() == []


def test_calls_that_could_not_be_marked_with_their_gap_are_marked_with_the_next_note(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ingest.apply([new_call(0, "A")])
    begin(world, process(world, "a", sole=True), 5)
    next_one = process(world, "b", sole=True)

    def away() -> None:
        raise StoreError("the connection was lost")

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "open_flows", away)
        with pytest.raises(StoreError, match="lost"):
            begin(world, next_one, 60)
    assert (gaps(world), crashed(world, "A")) == ([(5, 60, "calltally was not running")], [False])
    note(world, next_one, 65)
    assert crashed(world, "A") == [True]
    assert len(gaps(world)) == 1
    assert list(lives_in(world.store)) == ["b.1"]


def test_calls_are_marked_some_at_a_time_and_what_is_heard_meanwhile_knows_of_the_gap(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(living, "MARKED_AT_ONCE", 2)
    begin(world, process(world, "a", sole=True), 0)
    world.ingest.apply([new_call(1, leg, xcid=flow) for leg, flow in ("Ax", "By", "Cz", "Dz", "Ev")])
    world.restart()
    at(world, 60)
    next_one = process(world, "b", sole=True)
    next_one.begin(world.ingest)
    world.ingest.apply([answer(61, "D"), new_call(61, "F", xcid="v")])
    assert crashed(world, "ABCDEF") == [False, False, True, False, True, False]
    assert next_one.mark_some(world.ingest)
    world.ingest.apply([hangup(62, "B")])
    assert not next_one.mark_some(world.ingest)
    assert crashed(world, "ABCDEF") == [True, False, True, False, True, False]
    exported = world.exported()
    world.ingest.rebuild(lambda _: None)
    assert (world.exported(), world.differences()) == (exported, [])


@pytest.mark.parametrize("others_live", [False, True])
def test_calls_that_a_process_did_not_come_to_mark_are_marked_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch, *, others_live: bool
) -> None:
    monkeypatch.setattr(living, "MARKED_AT_ONCE", 1)
    begin(world, process(world, "a"), 0)
    world.ingest.apply([new_call(1, leg, xcid=leg.lower()) for leg in "ABC"])
    killed, stays = process(world, "b"), process(world, "c")
    at(world, 60)
    killed.begin(world.ingest)
    if others_live:
        begin(world, stays, 61)
    at(world, 75)
    killed.note(world.ingest, awake_ms=START_MS + 75_000, has_failed=False)
    assert killed.mark_some(world.ingest)
    assert sorted(crashed(world, "ABC")) == [False, False, True]
    if not others_live:
        begin(world, stays, 76)
    for second in range(76, 80 + TAKEN_OVER_MS // 1000 * 2, 5):
        note(world, stays, second)
    assert crashed(world, "ABC") == [True, True, True]
    assert len(gaps(world)) == 1 + (not others_live)
    assert world.store.value(TO_MARK) is None


# --- several processes ----------------------------------------------------------------------------------------------

Story = Callable[[World], None]


def one_goes_and_one_stays(world: World) -> None:
    stays, goes = process(world, "stays"), process(world, "goes")
    begin(world, stays, 0)
    begin(world, goes, 1)
    note(world, stays, 5)
    comes = process(world, "comes")
    begin(world, comes, 8)
    note(world, stays, 10)
    note(world, comes, 13)
    note(world, comes, 60)


def one_stays_by_a_late_clock(world: World) -> None:
    stays, comes = process(world, "stays", late_ms=60_000), process(world, "comes")
    begin(world, stays, 0)
    note(world, stays, 5)
    begin(world, comes, 8)
    note(world, stays, 10)
    note(world, comes, 13)
    note(world, stays, 15)
    note(world, comes, 25)


def all_are_killed_and_one_comes(world: World) -> None:
    one, two = process(world, "one"), process(world, "two")
    begin(world, one, 0)
    begin(world, two, 1)
    note(world, one, 5)
    note(world, two, 6)
    comes = process(world, "comes")
    begin(world, comes, 8)
    assert gaps(world) == []  # the two may live still
    note(world, comes, 13)
    note(world, comes, 18)
    assert gaps(world) == []
    note(world, comes, 8 + PATIENCE_MS / 1000)


def all_end_and_two_come(world: World) -> None:
    one, two = process(world, "one"), process(world, "two")
    begin(world, one, 0)
    begin(world, two, 1)
    at(world, 5)
    one.end(has_failed=False)
    at(world, 6)
    two.end(has_failed=False)
    begin(world, process(world, "three"), 8)
    assert gaps(world) == [(6, 8, "calltally was not running")]  # nobody can have listened
    begin(world, process(world, "four"), 9)


def the_one_that_would_have_noted_it_is_killed_too(world: World) -> None:
    begin(world, process(world, "one"), 0)
    begin(world, process(world, "two"), 8)
    last = process(world, "three")
    begin(world, last, 12)
    note(world, last, 12 + PATIENCE_MS / 1000)


def the_database_was_away_for_all(world: World) -> None:
    one, two = process(world, "one"), process(world, "two")
    begin(world, one, 0)
    begin(world, two, 1)
    note(world, one, 5)
    note(world, two, 6)
    note(world, two, 40, failed=True)
    note(world, one, 42, failed=True)
    note(world, two, 45)


def one_stood_still_and_the_other_did_not(world: World) -> None:
    one, two = process(world, "one"), process(world, "two")
    begin(world, one, 0)
    begin(world, two, 1)
    note(world, one, 5)
    for second in range(6, 100, 5):
        note(world, two, second)
    note(world, one, 97)
    note(world, two, 101)
    note(world, one, 102)
    note(world, one, 120)


STORIES: list[tuple[Story, list[tuple[float, float, str]]]] = [
    (one_goes_and_one_stays, []),
    (one_stays_by_a_late_clock, []),
    (all_are_killed_and_one_comes, [(6, 8, "calltally was not running")]),
    (all_end_and_two_come, [(6, 8, "calltally was not running")]),
    (
        the_one_that_would_have_noted_it_is_killed_too,
        [(0, 8, "calltally was not running"), (8, 12, "calltally was not running")],
    ),
    (the_database_was_away_for_all, [(6, 40, "calltally could not store anything")]),
    (one_stood_still_and_the_other_did_not, []),
]


@pytest.mark.parametrize(("story", "expected"), STORIES, ids=[story.__name__ for story, _ in STORIES])
def test_a_gap_is_a_time_in_which_no_process_lived(
    world: World, story: Story, expected: list[tuple[float, float, str]]
) -> None:
    world.ingest.apply([new_call(-1, "A")])
    story(world)
    assert gaps(world) == expected
    assert crashed(world, "A") == [expected != []]
    assert world.differences() == []


def test_lives_that_are_long_over_are_forgotten(world: World) -> None:
    stays, goes = process(world, "stays"), process(world, "goes")
    begin(world, goes, 0)
    begin(world, stays, 1)
    note(world, goes, 5)
    note(world, stays, 6)
    assert set(lives_in(world.store)) == {"goes.1", "stays.1"}
    for second in range(11, 5 + FORGOTTEN_MS // 1000, 5):
        note(world, stays, second)
        assert set(lives_in(world.store)) == {"goes.1", "stays.1"}
    note(world, stays, 7 + FORGOTTEN_MS / 1000)
    assert set(lives_in(world.store)) == {"stays.1"}
    assert gaps(world) == []


# --- the lease ------------------------------------------------------------------------------------------------------


def test_a_process_alone_with_its_file_runs_the_schedules_at_once(world: World) -> None:
    presence = process(world, "a", sole=True)
    assert presence.holds_lease()


def test_one_of_two_runs_the_schedules_and_the_other_after_its_kill(world: World) -> None:
    one, two = process(world, "one"), process(world, "two")
    begin(world, one, 0)
    begin(world, two, 1)
    assert [one.holds_lease(), two.holds_lease()] == [True, False]
    for second in (5, 10, 15, 20):
        note(world, one, second)
        note(world, two, second + 1)
        assert [one.holds_lease(), two.holds_lease()] == [True, False]
    note(world, two, 26)
    note(world, two, 31)
    assert [one.holds_lease(), two.holds_lease()] == [True, False]
    note(world, two, 21 + TAKEN_OVER_MS / 1000)
    assert [one.holds_lease(), two.holds_lease()] == [False, True]
    note(world, one, 40)
    assert [one.holds_lease(), two.holds_lease()] == [False, True]


def test_whoever_ends_well_hands_the_schedules_over(world: World) -> None:
    one, two = process(world, "one"), process(world, "two")
    begin(world, one, 0)
    begin(world, two, 1)
    at(world, 3)
    one.end(has_failed=False)
    note(world, two, 6)
    assert two.holds_lease()


def test_a_gap_is_told_with_its_reason(world: World) -> None:
    presence = process(world, "a", sole=True)
    begin(world, presence, 0)
    note(world, presence, 5, failed=True)
    assert world.store.gaps(EVER) == [
        Gap(source=None, since_ms=START_MS, until_ms=START_MS + 5_000, reason="calltally could not store anything")
    ]
