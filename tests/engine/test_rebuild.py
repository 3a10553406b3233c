"""Making all records again: whatever comes meanwhile, whatever was damaged, and after an interruption."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.engine.answers import Answer, Question
from calltally.engine.heard import FIRST_START
from calltally.engine.questions import Questions
from calltally.engine.unfinished import REBUILDING
from calltally.model.instants import HOUR_MS, Span
from calltally.store.asked import JournalEntry, SumQuestion, SumRow
from calltally.store.store import StoreError, Transaction
from tests.engine.ingest_world import BERLIN, STORY, World, hangup, new_call
from tests.stores.samples import cells, clear


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_rebuild_goes_on_while_the_service_takes_messages_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    late = [hangup(95, "A"), new_call(200, "G"), hangup(61, "E", "forwarded", xcid="", origCallId="")]
    world.ingest.apply([message for message in STORY if message not in late])
    service = world.another_ingest(world.store)
    unplaced = world.store.unplaced

    def beside(first_new: int, _batch: int) -> Iterator[list[JournalEntry]]:
        """Give one message at a time, and let the service hear something before each of the first."""
        waiting = list(late)
        for entries in unplaced(first_new, 1):
            if waiting:
                service.apply([waiting.pop(0)])
            yield entries

    monkeypatch.setattr(world.store, "unplaced", beside)
    world.ingest.rebuild(lambda _count: None)
    with tempfile.TemporaryDirectory() as folder:
        straight = World(Path(folder))
        straight.ingest.apply([*STORY, late[1]])
        assert world.exported() == straight.exported()
        straight.store.close()
    assert world.differences() == []


@settings(max_examples=25)
@given(writes=st.lists(st.integers(0, 40), min_size=3, max_size=3))
def test_what_comes_between_two_portions_of_a_rebuild_is_kept_and_counted_once(writes: list[int]) -> None:
    late = [hangup(95, "A"), new_call(200, "G"), hangup(61, "E", "forwarded", xcid="", origCallId="")]
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two, pytest.MonkeyPatch.context() as to:
        to.setattr("calltally.store.clearing.PORTION", 1)
        to.setattr("calltally.engine.ingest.REST_SECONDS", 0)
        world, straight = World(Path(one)), World(Path(two))
        world.ingest.apply([message for message in STORY if message not in late])
        service = World(Path(one))
        write, number = world.store.write, count()

        def beside() -> AbstractContextManager[Transaction]:
            """Let the service hear something before one of the writes of the rebuild."""
            for _ in range(writes.count(next(number))):
                service.ingest.apply([late.pop(0)])
            return write()

        to.setattr(world.store, "write", beside)
        world.ingest.rebuild(lambda _count: None)
        service.ingest.apply(late)
        straight.ingest.apply([*STORY, new_call(200, "G")])
        assert world.exported() == straight.exported()
        assert world.differences() == []
        assert cells(world.store) == cells(straight.store)
        for each in (world, service, straight):
            each.store.close()


def test_a_rebuild_that_was_interrupted_is_found_and_run_again(world: World) -> None:
    world.ingest.apply(STORY)
    before = world.exported()

    def interrupt(_count: int) -> None:
        raise KeyboardInterrupt

    clear(world.store)
    assert world.differences() != []
    with pytest.raises(KeyboardInterrupt):
        world.ingest.rebuild(interrupt)
    world.restart()
    with world.store.write() as transaction:
        assert transaction.prune(messages_before_us=2**60, records_before_ms=2**50).messages == 0
    world.ingest.rebuild(lambda _count: None)
    assert world.exported() == before
    assert world.differences() == []
    with world.store.write() as transaction:
        assert transaction.prune(messages_before_us=2**60, records_before_ms=2**50).messages == len(STORY)


def asked(world: World, span: Span) -> Answer:
    """Return how many calls there are in a range, as if calltally had always listened."""
    with world.store.write() as transaction:
        transaction.set_value(FIRST_START, b"0")
    question = Question(metrics=("calls",), span=span, zone=BERLIN)
    return Questions(world.store, BERLIN, lambda: ()).ask(question)


def test_while_a_rebuild_has_not_ended_what_it_may_lack_is_incomplete(world: World) -> None:
    world.ingest.apply(STORY)
    began_ms = world.clock.now_us // 1000 + 1
    past, around, later = (
        Span(began_ms - 2 * HOUR_MS, began_ms - HOUR_MS),
        Span(began_ms - HOUR_MS, began_ms + HOUR_MS),
        Span(began_ms, began_ms + HOUR_MS),
    )
    during: list[list[tuple[int, float, float]]] = []

    def told() -> list[tuple[int, float, float]]:
        answers = [asked(world, span) for span in (past, around, later)]
        assert all(gap.reason == REBUILDING and gap.source is None for answer in answers for gap in answer.gaps)
        return [(len(each.gaps), each.total.completeness, each.rows[0].completeness) for each in answers]

    world.ingest.rebuild(lambda _count: during.append(told()))
    assert during == [[(1, 0.0, 0.0), (1, 0.5, 0.5), (0, 1.0, 1.0)]]
    assert told() == [(0, 1.0, 1.0)] * 3


def test_an_answer_is_incomplete_whose_calls_left_or_came_back_while_it_was_made(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    span = Span(world.clock.now_us // 1000 - HOUR_MS, world.clock.now_us // 1000)
    sums = world.store.sums

    def beginning(question: SumQuestion) -> list[SumRow]:
        """Let a rebuild begin behind the first look, and read what it has left."""
        with world.store.write() as transaction:
            transaction.begin_rebuild()
        return sums(question)

    def ending(question: SumQuestion) -> list[SumRow]:
        """Let the rebuild end behind what was read of it."""
        found = sums(question)
        with world.store.write() as transaction:
            transaction.records_made()
        return found

    for meanwhile in (beginning, ending):
        with monkeypatch.context() as to:
            to.setattr(world.store, "sums", meanwhile)
            assert asked(world, span).total.completeness == 0
    assert asked(world, span).total.completeness == 1


def test_a_second_rebuild_is_refused_until_the_first_has_ended(world: World) -> None:
    world.ingest.apply(STORY)
    second = World(world.folder)
    refused: list[str] = []

    def beside(_count: int) -> None:
        with pytest.raises(StoreError) as refusal:
            second.ingest.rebuild(lambda _count: None)
        refused.append(str(refusal.value))

    world.ingest.rebuild(beside)
    assert refused == ["a rebuild of this database is running already; wait until it has ended"]
    assert second.ingest.rebuild(lambda _count: None) > 0
    assert world.differences() == []
    second.store.close()


DAMAGE = (
    "UPDATE call_day SET answered = answered + 1",
    "DELETE FROM call_quarter",
    "UPDATE call_day SET bucket_ms = bucket_ms + 86400000",
    "UPDATE spread_quarter SET count = 9",
    "UPDATE calls SET outcome = 'busy'",
    "DELETE FROM calls",
    "DELETE FROM legs WHERE leg_no = 1",
    "DELETE FROM links",
    "UPDATE calls SET call_id = 'other'",
)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_rebuild_mends_what_was_damaged(world: World, damage: str) -> None:
    world.ingest.apply(STORY)
    before, counted = world.exported(), cells(world.store)
    with closing(sqlite3.connect(world.folder / "calls.db")) as connection, connection:
        connection.execute(damage)
    assert world.differences() != []
    world.restart()
    world.ingest.rebuild(lambda _count: None)
    assert (world.exported(), cells(world.store)) == (before, counted)
    assert world.differences() == []
