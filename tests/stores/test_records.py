"""What is saved is given back, found by its ids, and listed in the order of exports."""

from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.model.directory import Directory, User
from calltally.model.instants import Span
from calltally.model.records import NOTHING, Records
from calltally.store.asked import Dimension
from calltally.store.open import open_store
from calltally.store.store import Store
from tests.stores.kinds import ZONE, Kind, opened
from tests.stores.samples import NOON_MS, VISIT, any_flow, flow, keep, keep_new


@settings(max_examples=60)
@given(data=st.data())
def test_any_records_come_back_as_they_were_saved(kind: Kind, data: st.DataObject) -> None:
    flows = [data.draw(any_flow(f"call{number}")) for number in range(data.draw(st.integers(1, 4)))]
    with opened(kind) as store:
        flow_ids = keep_new(store, flows)
        with store.write() as transaction:
            assert transaction.records_of(flow_ids) == dict(zip(flow_ids, flows, strict=True))
            assert transaction.message_counts(flow_ids) == dict.fromkeys(flow_ids, 1)
        calls = [records.call for records in flows if records.call]
        assert list(store.all_calls(None, None)) == sorted(
            calls, key=lambda call: (call.started_at_ms, call.source, call.call_id)
        )
        assert list(store.all_legs(None, None)) == sorted(
            (leg for records in flows for leg in records.legs),
            key=lambda leg: (leg.started_at_ms, leg.source, leg.leg_id),
        )
        assert list(store.all_visits(None, None)) == sorted(
            (visit for records in flows for visit in records.visits),
            key=lambda visit: (visit.entered_at_ms, visit.source, visit.visit_id),
        )
        assert store.open_flows() == {
            flow_id: records
            for flow_id, records in zip(flow_ids, flows, strict=True)
            if records.call and records.call.is_open
        }
        for flow_id, records in zip(flow_ids, flows, strict=True):
            assert store.call(f"call{flow_id - flow_ids[0]}") == (flow_id, records)
            for leg in records.legs:
                assert store.call(leg.leg_id) == (flow_id, records)


@settings(max_examples=60)
@given(data=st.data())
def test_records_that_change_replace_those_before(kind: Kind, data: st.DataObject) -> None:
    with opened(kind) as store:
        (flow_id,) = keep_new(store, [NOTHING])
        before = NOTHING
        for _ in range(3):
            after = data.draw(st.just(NOTHING) | any_flow("call"))
            keep(store, [(flow_id, before, after)])
            with store.write() as transaction:
                assert transaction.records_of([flow_id]).get(flow_id, NOTHING) == after
            before = after


CHANGES = [
    # before, after
    (flow("1", legs=3), flow("1", legs=1)),
    (flow("1", visits=[VISIT]), flow("1")),
    (flow("1"), flow("1", started_at_ms=NOON_MS - 5_000)),
    (flow("1"), flow("1", caller="+4930222")),
    (flow("1"), NOTHING),
]


@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_nothing_of_the_former_records_remains(store: Store, before: Records, after: Records) -> None:
    (flow_id,) = keep_new(store, [before])
    keep(store, [(flow_id, before, after)])

    assert list(store.all_calls(None, None)) == ([after.call] if after.call else [])
    assert list(store.all_legs(None, None)) == list(after.legs)
    assert list(store.all_visits(None, None)) == list(after.visits)
    assert store.verify(lambda _: None) == []


def test_an_id_that_nobody_has_finds_nothing(store: Store) -> None:
    keep_new(store, [flow("known")])
    assert store.call("unknown") is None
    assert store.call("' OR 1=1 --") is None


def test_a_call_is_found_by_its_own_id_before_one_with_a_leg_of_that_id(store: Store) -> None:
    own = flow("7", source="sipgate")
    of_leg = flow("8", source="asterisk")
    of_leg = Records(call=of_leg.call, legs=flow("7", source="asterisk").legs)
    own_id, _ = keep_new(store, [own, of_leg])
    assert store.call("7") == (own_id, own)


def test_records_are_found_that_another_process_wrote(kind: Kind) -> None:
    address = kind.fresh()
    with closing(open_store(address, zone=ZONE)) as one, closing(open_store(address, zone=ZONE)) as two:
        one.lines()
        records = flow("1", own_numbers=("+49211777", "+49211778"))
        (flow_id,) = keep_new(two, [records])
        assert one.call("1") == (flow_id, records)
        assert [call.own_numbers for call in one.all_calls(None, None)] == [("+49211777", "+49211778")]
        with one.write() as transaction:
            assert transaction.lines_id(("+49211777", "+49211778")) in two.lines()


def test_exports_can_be_limited_to_a_range_and_a_source(store: Store) -> None:
    keep_new(
        store,
        [
            flow("early", started_at_ms=NOON_MS - 1),
            flow("first", started_at_ms=NOON_MS),
            flow("other", started_at_ms=NOON_MS, source="asterisk"),
            flow("late", started_at_ms=NOON_MS + 10),
        ],
    )
    span = Span(NOON_MS, NOON_MS + 10)
    assert [call.call_id for call in store.all_calls(span, None)] == ["other", "first"]
    assert [call.call_id for call in store.all_calls(span, "sipgate")] == ["first"]
    assert [leg.leg_id for leg in store.all_legs(span, "asterisk")] == ["other"]
    assert store.first_and_last() == Span(NOON_MS - 1, NOON_MS + 11)


def test_an_empty_store_has_no_first_call(store: Store) -> None:
    assert store.first_and_last() is None
    assert store.lines() == {}


def test_values_seen_in_records_can_be_listed(store: Store) -> None:
    keep_new(
        store,
        [
            flow("1", agent="b", trunk="t", queue="q"),
            flow("2", agent="a", source="asterisk", visits=[VISIT]),
            flow("3", agent=None),
        ],
    )
    assert store.values_of(Dimension.SOURCE) == ["asterisk", "sipgate"]
    assert store.values_of(Dimension.AGENT) == ["a", "b"]
    assert store.values_of(Dimension.TRUNK) == ["t"]
    assert store.values_of(Dimension.QUEUE) == ["q", "support"]


def test_teams_are_those_saved_last_in_their_order(store: Store) -> None:
    with store.write() as transaction:
        transaction.save_teams([("Sales", ("+49301", "+49302")), ("Ätsch", ())])
    assert store.teams() == [("Sales", ("+49301", "+49302")), ("Ätsch", ())]
    with store.write() as transaction:
        transaction.save_teams([("One", ("+49309",)), ("One", ("+49308",))])
    assert store.teams() == [("One", ("+49309",)), ("One", ("+49308",))]
    with store.write() as transaction:
        transaction.save_teams([])
    assert store.teams() == []


def test_a_name_in_the_directory_that_holds_nul_is_the_same_everywhere(store: Store) -> None:
    with store.write() as transaction:
        transaction.save_directory(
            Directory(groups=(), users=(User(source="s", user_id="1", name="A\0B"),), numbers={})
        )
    assert store.directory().users == (User(source="s", user_id="1", name="A\ufffdB"),)
