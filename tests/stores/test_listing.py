"""Pages of calls: the order, every filter, and cursors that neither miss nor repeat a call."""

import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.model.instants import Span
from calltally.model.records import Call, Records
from calltally.model.words import Direction, Outcome
from calltally.store.asked import ALL, CallList, CallOrder, Filter
from calltally.store.store import Store
from tests.stores.kinds import Kind, opened
from tests.stores.samples import NOON_MS, any_flow, flow, keep_new

SPAN = Span(NOON_MS, NOON_MS + 1_000_000)
ORDERS = {
    CallOrder.NEWEST: lambda call: (-call.started_at_ms, call.call_id),
    CallOrder.OLDEST: lambda call: (call.started_at_ms, call.call_id),
    CallOrder.LONGEST_WAIT: lambda call: (-call.wait_ms, call.call_id),
    CallOrder.LONGEST_TALK: lambda call: (-call.talk_ms, call.call_id),
}


def pages(store: Store, question: CallList) -> list[tuple[Call, ...]]:
    """Return all pages from the first on."""
    found, page = [], store.calls(question)
    while page.next is not None:
        found.append(page.calls)
        page = store.calls(replace(question, after=page.next))
    return [*found, page.calls]


@settings(max_examples=30)
@given(data=st.data())
def test_pages_are_all_calls_in_order(kind: Kind, data: st.DataObject) -> None:
    """Many calls share starts and durations, so that the order among them is seen."""
    calls = [
        replace(
            records.call,
            call_id=str(number),
            started_at_ms=NOON_MS + data.draw(st.integers(-1, 3)),
            wait_ms=data.draw(st.none() | st.integers(0, 2)),
            talk_ms=data.draw(st.none() | st.integers(0, 2)),
        )
        for number in range(data.draw(st.integers(0, 8)))
        if (records := data.draw(any_flow(str(number)))).call
    ]
    calls = [replace(call, leg_ids=(), visit_ids=()) for call in calls]
    inside = [call for call in calls if NOON_MS <= call.started_at_ms < NOON_MS + 2]
    with opened(kind) as store:
        keep_new(store, [Records(call=call) for call in calls])
        for order, limit in product(CallOrder, (1, 2, 3, 50)):
            column = {CallOrder.LONGEST_WAIT: "wait_ms", CallOrder.LONGEST_TALK: "talk_ms"}.get(order, "started_at_ms")
            expected = sorted((call for call in inside if getattr(call, column) is not None), key=ORDERS[order])
            question = CallList(span=Span(NOON_MS, NOON_MS + 2), order=order, limit=limit)
            found = pages(store, question)
            assert [call for page in found for call in page] == expected
            assert all(len(page) == limit for page in found[:-1])


@pytest.mark.parametrize("order", [CallOrder.NEWEST, CallOrder.OLDEST])
def test_calls_are_in_order_where_very_many_began_at_once(store: Store, order: CallOrder) -> None:
    names = [f"{number:03}" for number in range(120)]
    starts = {name: NOON_MS + (number // 50) * 1_000 for number, name in enumerate(names)}
    keep_new(store, [flow(name, started_at_ms=starts[name]) for name in reversed(names)])
    sign = -1 if order is CallOrder.NEWEST else 1
    question = CallList(span=SPAN, order=order, limit=9)
    found = [call.call_id for page in pages(store, question) for call in page]
    assert found == sorted(names, key=lambda name: (sign * starts[name], name))


def test_the_longest_are_in_order_where_very_many_are_alike(store: Store) -> None:
    keep_new(store, [flow(f"{number:03}", wait_ms=7, is_open=number % 7 == 0) for number in range(120)])
    keep_new(store, [flow("longest", wait_ms=8), flow("shortest", wait_ms=6)])
    question = CallList(span=SPAN, order=CallOrder.LONGEST_WAIT, limit=20)
    found = [call.call_id for page in pages(store, question) for call in page]
    assert found == ["longest", *(f"{number:03}" for number in range(120)), "shortest"]


CALLS = [
    flow("a", caller="+49301", callee="+49211", agent="w1", agent_name="Jörg Groß", own_numbers=("+49211",)),
    flow("b", caller="+49302", queue="q", trunk="edge", outcome=Outcome.ABANDONED, agent=None, agent_name=None),
    flow("c", caller=None, caller_withheld=True, direction=Direction.INTERNAL, is_open=True, agent_name="100%_sure"),
    flow("d", source="asterisk", direction=Direction.OUTBOUND, caller="sip:anna", callee="+49301", agent_name="JÖRG"),
]
FILTERS = [
    (ALL, "abcd"),
    (Filter(sources=("asterisk",)), "d"),
    (Filter(sources=()), ""),
    (Filter(directions=(Direction.OUTBOUND, Direction.INTERNAL)), "cd"),
    (Filter(queues=("q",)), "b"),
    (Filter(agents=("w1", "w2")), "a"),
    (Filter(trunks=("edge",)), "b"),
    (Filter(outcomes=(Outcome.ABANDONED,)), "b"),
    (Filter(callers=("+49301", "+49302")), "ab"),
    (Filter(callers=("+4930",)), ""),
    (Filter(parties=("+49301",)), "ad"),
    (Filter(text="4930"), "abd"),
    (Filter(text="ANNA"), "d"),
    (Filter(text="jörg"), "ad"),
    (Filter(text="GROß"), "a"),
    (Filter(text="%"), "c"),
    (Filter(text="0%_S"), "c"),
    (Filter(text="_"), "c"),
    (Filter(text="\0"), ""),
    (Filter(text="ä\ud800"), ""),
    (Filter(callers=("+49301\0",)), ""),
    (Filter(callers=("+49301", "\ud800")), "a"),
    (Filter(caller_withheld=True), "c"),
    (Filter(caller_withheld=False, sources=("sipgate",)), "ab"),
    (Filter(with_queue=True), "b"),
    (Filter(with_queue=False), "acd"),
    (Filter(is_open=True), "c"),
    (Filter(is_open=False, directions=(Direction.INBOUND,)), "ab"),
]


@pytest.mark.parametrize(("where", "expected"), FILTERS)
@pytest.mark.parametrize("order", CallOrder)
def test_filters_compare_whole_values(store: Store, where: Filter, expected: str, order: CallOrder) -> None:
    keep_new(store, CALLS)
    found = store.calls(CallList(span=SPAN, where=where, order=order)).calls
    assert "".join(sorted(call.call_id for call in found)) == expected


def test_a_filter_by_own_numbers_takes_whole_sets(store: Store) -> None:
    keep_new(store, CALLS)
    (lines_id,) = (key for key, numbers in store.lines().items() if numbers == ("+49211",))
    found = store.calls(CallList(span=SPAN, where=Filter(lines=(lines_id,)))).calls
    assert [call.call_id for call in found] == ["a"]


HOSTILE = [
    ["newest", 1, "\0", 1],
    ["newest", 1, "\ud800", 1],
    ["newest", 2**63, "1", 1],
    ["newest", 1, "1", -(10**30)],
]
NONSENSE = [
    *(urlsafe_b64encode(json.dumps(each, separators=(",", ":")).encode()).decode() for each in HOSTILE),
    "",
    "x",
    "äöü",
    "e30",
    "W10",
    "bnVsbA",
    "WyJuZXdlc3QiLCJhIiwiYiIsMV0",
    "\x00",
    "W" * 5_000,
]


@pytest.mark.parametrize("cursor", NONSENSE)
def test_a_nonsense_cursor_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        store.calls(CallList(span=SPAN, after=cursor))


def test_a_cursor_of_another_order_is_refused(store: Store) -> None:
    keep_new(store, CALLS)
    cursor = store.calls(CallList(span=SPAN, limit=1)).next
    with pytest.raises(ValueError, match="cursor"):
        store.calls(CallList(span=SPAN, limit=1, order=CallOrder.OLDEST, after=cursor))
