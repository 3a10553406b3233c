"""Retention takes whole flows, keeps roll-ups, and tells beforehand what it would take."""

import pytest

from calltally.model.instants import DAY_MS
from calltally.store.asked import Dimension, JournalEntry, PruneCounts
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
