"""Which times count as heard: since the first start, and where history was imported."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.engine.answers import By, Question
from calltally.engine.heard import (
    FIRST_START,
    first_heard_ms,
    heard_in,
    not_heard,
    note_first_start,
    note_import,
    noting_imports,
    uncovered,
    united,
)
from calltally.engine.questions import Questions
from calltally.model.instants import HOUR_MS, Span
from calltally.store.store import Store
from tests.engine.ingest_world import BERLIN, START_US, World, hangup, new_call, push

START_MS = START_US // 1000
HOUR = HOUR_MS


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    with closing(world.store):
        yield world


def first_start(store: Store, hour: int) -> None:
    """Start calltally for the first time."""
    with store.write() as transaction:
        note_first_start(store, transaction, START_MS + hour * HOUR)


def hours(text: str) -> list[Span]:
    """Return ranges of hours, `1-3 5-6`."""
    ends = [each.split("-") for each in text.split()]
    return [Span(START_MS + int(since) * HOUR, START_MS + int(until) * HOUR) for since, until in ends]


def missing(store: Store, since: int, until: int, sources: tuple[str, ...] | None = None) -> str:
    """Return what is not heard of a range of hours."""
    found = not_heard(store, Span(START_MS + since * HOUR, START_MS + until * HOUR), sources)
    return " ".join(
        f"{gap.source or 'all'} {(gap.since_ms - START_MS) // HOUR}-{(gap.until_ms - START_MS) // HOUR}"
        for gap in found
    )


TIMES = [
    # first start  imported                       asked     sources          not heard
    (10,           {},                            (10, 20), None,            ""),
    (10,           {},                            (0, 20),  None,            "all 0-10"),
    (10,           {},                            (0, 5),   ("sipgate",),    "all 0-5"),
    (10,           {"sipgate": "2-10"},           (0, 20),  None,            "all 0-2"),
    (10,           {"sipgate": "2-8"},            (0, 20),  None,            "all 0-2 all 8-10"),
    (10,           {"sipgate": "2-4 5-9"},        (3, 6),   None,            "all 4-5"),
    (10,           {"sipgate": "2-9 1-3"},        (0, 5),   None,            "all 0-1"),
    (10,           {"sipgate": "8-14"},           (0, 20),  None,            "all 0-8"),
    (10,           {"a": "2-8", "b": "4-10"},     (0, 20),  None,            "all 0-2 a 8-10 b 2-4"),
    (10,           {"a": "2-8", "b": "4-10"},     (0, 20),  ("b",),          "all 0-4"),
    (10,           {"a": "2-8", "b": "4-10"},     (0, 20),  ("c",),          "all 0-10"),
    (None,         {"a": "2-8"},                  (0, 20),  None,            "all 0-2 all 8-20"),
]  # fmt: skip


@pytest.mark.parametrize(("started", "imported", "asked", "sources", "expected"), TIMES)
def test_a_time_is_heard_since_the_first_start_and_where_it_was_imported(
    world: World,
    started: int | None,
    imported: dict[str, str],
    asked: tuple[int, int],
    sources: tuple[str, ...] | None,
    expected: str,
) -> None:
    if started is not None:
        first_start(world.store, started)
    for source, spans in imported.items():
        for span in hours(spans):
            note_import(world.store, {source: span})
    assert missing(world.store, *asked, sources) == expected


def test_a_source_that_pushes_was_not_heard_where_only_another_was_imported(world: World) -> None:
    world.ingest.apply([new_call(12 * 3600, "A")])
    note_import(world.store, {"asterisk": hours("2-10")[0]})
    first_start(world.store, 10)
    assert missing(world.store, 0, 20) == "all 0-2 sipgate 2-10"
    assert missing(world.store, 0, 20, ("asterisk",)) == "all 0-2"


def test_without_any_note_everything_since_the_first_call_counts(world: World) -> None:
    assert missing(world.store, 0, 20) == "all 0-20"
    world.ingest.apply([new_call(5 * 3600, "A")])
    assert missing(world.store, 0, 20) == "all 0-5"
    first_start(world.store, 10)
    assert missing(world.store, 0, 20) == "all 0-5"
    first_start(world.store, 11)
    assert world.store.value(FIRST_START) == str(START_MS + 5 * HOUR).encode()


def test_the_first_start_after_an_import_counts_from_itself(world: World) -> None:
    with noting_imports(world.store, world.ingest.apply_new) as apply:
        apply([new_call(2 * 3600, "A"), hangup(3 * 3600, "A")])
    first_start(world.store, 10)
    assert heard_in(world.store).since_ms == START_MS + 10 * HOUR


def test_an_import_counts_from_its_oldest_to_its_newest_message(world: World) -> None:
    with noting_imports(world.store, world.ingest.apply_new) as apply:
        apply([new_call(7 * 3600, "A"), hangup(8 * 3600, "A")])
        apply([new_call(2 * 3600, "B"), push(0, "event=ping&callId=Z")])  # what is not understood tells of no time
    assert dict(heard_in(world.store).imported) == {"sipgate": (Span(START_MS + 2 * HOUR, START_MS + 8 * HOUR + 1),)}
    with noting_imports(world.store, world.ingest.apply_new) as apply:
        apply([new_call(2 * 3600, "B")])
    assert len(heard_in(world.store).imported["sipgate"]) == 1


def test_an_import_that_breaks_off_counts_as_far_as_it_came(world: World) -> None:
    def breaks_off() -> None:
        with noting_imports(world.store, world.ingest.apply_new) as apply:
            apply([new_call(2 * 3600, "A")])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        breaks_off()
    first = Span(START_MS + 2 * HOUR, START_MS + 2 * HOUR + 1)
    assert dict(heard_in(world.store).imported) == {"sipgate": (first,)}


def test_an_answer_says_what_was_not_heard(world: World) -> None:
    world.ingest.apply([new_call(12 * 3600, "A")])
    first_start(world.store, 10)
    questions = Questions(world.store, BERLIN, lambda: ())
    span = Span(START_MS, START_MS + 40 * HOUR)
    answer = questions.ask(Question(metrics=("calls",), span=span, zone=BERLIN, by=By.SOURCE))
    # It was started first when the clock said 10, but a call of 12 is there: 10 counts.
    assert [row.completeness for row in (answer.total, *answer.rows)] == [0.75, 0.75]
    assert [(gap.source, gap.since_ms, gap.until_ms) for gap in answer.gaps] == [(None, START_MS, START_MS + 10 * HOUR)]
    assert first_heard_ms(answer.gaps, span) == START_MS + 10 * HOUR
    assert first_heard_ms(answer.gaps, Span(START_MS - 1, START_MS + HOUR)) is None


SPANS = st.lists(st.tuples(st.integers(-5, 30), st.integers(1, 9)).map(lambda each: Span(each[0], each[0] + each[1])))


@given(SPANS)
def test_every_moment_is_covered_or_uncovered(spans: list[Span]) -> None:
    def holds(some: list[Span], moment: int) -> bool:
        return any(span.since_ms <= moment < span.until_ms for span in some)

    rest = uncovered(spans, Span(0, 25))
    assert all(holds(spans, moment) != holds(rest, moment) for moment in range(25))
    assert all(one.until_ms < two.since_ms for one, two in zip(united(spans), united(spans)[1:], strict=False))
