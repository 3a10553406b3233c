"""Retention takes whole flows, keeps roll-ups, and tells beforehand what it would take."""

import pytest

from calltally.model.instants import DAY_MS
from calltally.store.asked import RECORDS_PRUNED, Dimension, JournalEntry, PruneCounts
from calltally.store.store import Store
from tests.stores.samples import NOON_MS, VISIT, cells, clear, flow, keep_new, message

EARLIER, LATER = NOON_MS - DAY_MS, NOON_MS + DAY_MS


def site(store: Store) -> dict[str, int]:
    """Store an old call, an old one of which something was heard later, and a new one; return their flows."""
    flows = {
        "a": (flow("a", legs=2, visits=[VISIT], started_at_ms=EARLIER, agent="anna"), [EARLIER]),
        "b": (flow("b", started_at_ms=EARLIER, agent="ben"), [EARLIER, LATER]),
        "c": (flow("c", started_at_ms=LATER, agent="carla"), [LATER]),
    }
    found = {name: keep_new(store, [records], heard_ms=heard)[0] for name, (records, heard) in flows.items()}
    with store.write() as transaction:
        transaction.append(
            [JournalEntry(message=message(77, at_ms=EARLIER), flow_id=None, problem="bad", stored_at_us=1)]
        )
    return found


CASES = [
    # messages before, records before    messages gone, calls gone
    (EARLIER, EARLIER, 0, ""),
    (NOON_MS, EARLIER, 2, ""),  # a's and the one that was set aside; b's go together, later
    (NOON_MS, NOON_MS, 2, "a"),
    (EARLIER, NOON_MS, 0, ""),  # a record stays as long as its messages
    (LATER + 1_000, NOON_MS, 5, "ab"),
    (LATER + 1_000, LATER + 1, 5, "abc"),
]


@pytest.mark.parametrize(("messages_ms", "records_ms", "messages", "calls"), CASES)
def test_whole_flows_are_taken(store: Store, messages_ms: int, records_ms: int, messages: int, calls: str) -> None:
    flow_ids = site(store)
    before = cells(store)
    legs = len(calls) + ("a" in calls)
    gone = PruneCounts(messages=messages, calls=len(calls), legs=legs, visits=int("a" in calls))

    assert store.count_prunable(messages_before_us=messages_ms * 1000, records_before_ms=records_ms) == gone
    with store.write() as transaction:
        assert transaction.prune(messages_before_us=messages_ms * 1000, records_before_ms=records_ms) == gone

    assert {call.call_id for call in store.all_calls(None, None)} == set("abc") - set(calls)
    assert len(list(store.journal(since_us=None, until_us=None, source=None))) == 5 - messages
    assert cells(store) == before
    assert store.verify(lambda _: None) == []
    agents = {"a": "anna", "b": "ben", "c": "carla"}
    assert store.values_of(Dimension.AGENT) == [agents[name] for name in "abc" if name not in calls]
    with store.write() as transaction:
        linked = transaction.flows_of([f"sipgate|c:{name}" for name in "abc"])
    assert linked == {f"sipgate|c:{name}": flow_ids[name] for name in "abc"}


def test_a_sealed_record_is_not_made_again(store: Store) -> None:
    site(store)
    with store.write() as transaction:
        transaction.prune(messages_before_us=NOON_MS * 1000, records_before_ms=EARLIER)
    before = cells(store)
    clear(store)
    assert [call.call_id for call in store.all_calls(None, None)] == ["a"]
    assert [found.where for found in store.verify(lambda _: None)] == ["messages of flow 2", "messages of flow 3"]
    assert cells(store) != before


def pruned(store: Store, messages_us: int, records_ms: int) -> PruneCounts:
    with store.write() as transaction:
        return transaction.prune(messages_before_us=messages_us, records_before_ms=records_ms)


NOTHING_GONE = PruneCounts(messages=0, calls=0, legs=0, visits=0)


def test_a_message_of_the_very_instant_of_the_limit_stays(store: Store) -> None:
    (flow_id,) = keep_new(store, [flow("1")], heard_ms=[EARLIER])
    aside = JournalEntry(message=message(77, at_ms=LATER), flow_id=None, problem="bad", stored_at_us=1)
    with store.write() as transaction:
        transaction.append([aside])
    (entry,) = store.journal_of(flow_id)
    for limit_us in (entry.message.received_at_us, aside.message.received_at_us):
        assert pruned(store, limit_us, 0) == NOTHING_GONE
        assert pruned(store, limit_us + 1, 0).messages == 1


def test_nothing_of_an_open_call_goes_however_old_it_is(store: Store) -> None:
    keep_new(store, [flow("open", started_at_ms=EARLIER, is_open=True)], heard_ms=[EARLIER])
    assert pruned(store, LATER * 1000, LATER) == NOTHING_GONE
    assert store.call("open") is not None


def test_what_was_pruned_is_remembered_though_less_is_pruned_later(store: Store) -> None:
    """An old log may be imported after a night that pruned more."""
    older = EARLIER - 9 * DAY_MS
    keep_new(store, [flow("1", started_at_ms=EARLIER)], heard_ms=[EARLIER])
    assert pruned(store, NOON_MS * 1000, NOON_MS).calls == 1
    keep_new(store, [flow("2", started_at_ms=older)], heard_ms=[older])
    assert pruned(store, EARLIER * 1000, EARLIER).calls == 1
    assert store.value(RECORDS_PRUNED) == str(NOON_MS).encode()
    with store.write() as transaction:
        assert transaction.journal_pruned_before_us() == NOON_MS * 1000


def test_nothing_goes_while_records_are_made_again(store: Store) -> None:
    keep_new(store, [flow("1", started_at_ms=EARLIER)], heard_ms=[EARLIER])
    with store.write() as transaction:
        transaction.begin_rebuild()
    assert pruned(store, LATER * 1000, LATER) == NOTHING_GONE
    assert len(list(store.all_calls(None, None))) == 1
    assert len(list(store.journal(since_us=None, until_us=None, source=None))) == 1
    with store.write() as transaction:
        transaction.records_made()
    assert pruned(store, LATER * 1000, LATER).calls == 1


def test_a_late_message_that_was_set_aside_takes_no_tokens_of_its_call_with_it(store: Store) -> None:
    (flow_id,) = keep_new(store, [flow("1", started_at_ms=EARLIER)], heard_ms=[EARLIER])
    pruned(store, NOON_MS * 1000, NOON_MS)
    late = JournalEntry(message=message(77, at_ms=NOON_MS), flow_id=flow_id, problem="too late", stored_at_us=1)
    with store.write() as transaction:
        transaction.append([late])
    assert pruned(store, LATER * 1000, LATER).messages == 1
    with store.write() as transaction:
        assert transaction.flows_of(["sipgate|c:1"]) == {"sipgate|c:1": flow_id}
