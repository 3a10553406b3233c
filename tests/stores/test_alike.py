"""The same history gives the same bytes and the same figures on every database."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from operator import methodcaller
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.engine.answers import Answer, By, Question
from calltally.engine.questions import Questions
from calltally.model.buckets import Unit, day_start_ms
from calltally.model.instants import DAY_MS, Span
from calltally.model.records import NOTHING, Records
from calltally.store.asked import CallList, CallOrder, Dimension, Filter, Grain, Subject, SumQuestion
from calltally.store.store import Store
from tests.engine.any_questions import NAMES, ask_of
from tests.engine.histories import TEAMS, History, made_up
from tests.servers import Server
from tests.stores.kinds import Kind, MariaDbDatabases, PostgresqlDatabases, SqliteFiles, opened
from tests.stores.samples import NOON_MS, TEXTS, any_flow, cells, keep, keep_new

Kinds = tuple[Kind, ...]
Found = TypeVar("Found")
SPAN = Span(NOON_MS - 10 * DAY_MS, NOON_MS + 10 * DAY_MS)


@pytest.fixture(scope="session")
def kinds(tmp_path_factory: pytest.TempPathFactory, postgresql_server: Server, mariadb_server: Server) -> Kinds:
    """Return what makes empty databases of every kind."""
    files = SqliteFiles(tmp_path_factory.mktemp("alike"))
    return files, PostgresqlDatabases(postgresql_server), MariaDbDatabases(mariadb_server)


def exported(store: Store) -> bytes:
    """Return all records in the order of exports."""
    records = (*store.all_calls(None, None), *store.all_legs(None, None), *store.all_visits(None, None))
    return b"\n".join(map(msgspec.json.encode, records))


def alike(stores: list[Store], ask: Callable[[Store], Found]) -> Found:
    """Return the answer of every store, which is the same."""
    first, *others = map(ask, stores)
    for other in others:
        assert other == first
    return first


@settings(max_examples=12)
@given(data=st.data())
def test_the_same_changes_give_the_same_records_and_roll_ups(kinds: Kinds, data: st.DataObject) -> None:
    with ExitStack() as stack:
        stores = [stack.enter_context(opened(kind)) for kind in kinds]
        first = [data.draw(any_flow(f"call{number}")) for number in range(data.draw(st.integers(1, 5)))]
        flow_ids = [list(keep_new(store, first)) for store in stores]
        now: dict[int, Records] = dict(zip(flow_ids[0], first, strict=True))
        names = {flow_id: f"call{number}" for number, flow_id in enumerate(flow_ids[0])}
        for _ in range(data.draw(st.integers(0, 3))):
            some = data.draw(st.lists(st.sampled_from(flow_ids[0]), unique=True, min_size=1))
            after = {flow_id: data.draw(st.just(NOTHING) | any_flow(names[flow_id])) for flow_id in some}
            for store in stores:
                keep(store, [(flow_id, now[flow_id], records) for flow_id, records in after.items()])
            now |= after
        assert alike(stores, lambda store: store.verify(lambda _: None)) == []
        for ask in (exported, cells, Store.open_flows, Store.lines, Store.health, Store.first_and_last):
            alike(stores, ask)
        for dimension in (Dimension.SOURCE, Dimension.QUEUE, Dimension.AGENT, Dimension.TRUNK):
            alike(stores, methodcaller("values_of", dimension))
        text = data.draw(TEXTS)
        for where in (Filter(), Filter(text=text), Filter(callers=(text,)), Filter(with_queue=True)):
            for order in CallOrder:
                asked = CallList(span=SPAN, where=where, order=order, limit=2)
                alike(stores, methodcaller("calls", asked))
            for by in (Dimension.CALLER, Dimension.AGENT, Dimension.LINES, None):
                question = SumQuestion(
                    subject=Subject.CALL,
                    grain=Grain.RECORD,
                    measures=("calls", "talk_ms"),
                    span=SPAN,
                    where=where,
                    by=by,
                    order_by="talk_ms",
                    limit=3,
                )
                alike(stores, methodcaller("sums", question))


SITES = (
    ("Europe/Berlin", date(2026, 10, 21)),  # a day of 25 hours
    ("Asia/Kathmandu", date(2024, 2, 25)),  # quarter hours off, and a leap day
)


@pytest.fixture(scope="module", params=SITES, ids=[zone for zone, _ in SITES])
def histories(request: pytest.FixtureRequest, kinds: Kinds) -> Iterator[list[History]]:
    """Give the same made-up history on every database."""
    name, first = request.param
    zone = ZoneInfo(name)
    made = [made_up(kind.fresh(), zone, day_start_ms(first, zone)) for kind in kinds]
    yield made
    for history in made:
        history.store.close()


def answer(history: History, question: Question) -> Answer:
    return Questions(history.store, history.zone, lambda: TEAMS).ask(question)


@pytest.mark.parametrize("by", [None, *By])
@pytest.mark.parametrize("unit", [None, Unit.HOUR, Unit.DAY, Unit.MONTH])
def test_every_metric_has_the_same_value_everywhere(histories: list[History], by: By | None, unit: Unit | None) -> None:
    history = histories[0]
    limit = 3 if by is By.CALLER else None
    question = Question(metrics=NAMES, span=history.span, zone=history.zone, unit=unit, by=by, limit=limit)
    first, *others = (answer(each, question) for each in histories)
    assert others == [first, first]


@settings(max_examples=40)
@given(data=st.data())
def test_any_question_has_the_same_answer_everywhere(histories: list[History], data: st.DataObject) -> None:
    question = ask_of(data, histories[0], by=(None, *(each for each in By if each is not By.CALLER)))
    first, *others = (answer(each, question) for each in histories)
    assert others == [first, first]


def test_what_is_exported_is_the_same_everywhere(histories: list[History]) -> None:
    first, *others = (exported(history.store) for history in histories)
    assert len(first) > 100_000
    assert others == [first, first]
