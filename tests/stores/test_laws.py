"""Running roll-ups are what a recount gives, whatever happened; and `verify` finds what is wrong."""

from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.model.instants import DAY_MS
from calltally.model.records import NOTHING, Records
from calltally.store.open import open_store
from calltally.store.store import Store
from tests.stores.kinds import ZONE, Kind, opened
from tests.stores.samples import NOON_MS, any_flow, cells, clear, flow, keep, keep_new, message

ZONES = ("Europe/Berlin", "Asia/Kathmandu", "America/Sao_Paulo", "Australia/Lord_Howe")


def verified(store: Store) -> list[object]:
    return list(store.verify(lambda _: None))


@settings(max_examples=50)
@given(data=st.data())
def test_running_roll_ups_equal_a_recount_after_any_changes(kind: Kind, data: st.DataObject) -> None:
    zone = data.draw(st.sampled_from(ZONES))
    with opened(kind, zone=zone) as store:
        flow_ids = keep_new(store, [NOTHING] * 4)
        now: dict[int, Records] = dict.fromkeys(flow_ids, NOTHING)
        for _ in range(data.draw(st.integers(1, 4))):
            some = data.draw(st.lists(st.sampled_from(flow_ids), unique=True, min_size=1))
            after = {flow_id: data.draw(st.just(NOTHING) | any_flow(f"call{flow_id}")) for flow_id in some}
            keep(store, [(flow_id, now[flow_id], records) for flow_id, records in after.items()], zone=zone)
            now |= after
        assert verified(store) == []
        clear(store)
        assert list(store.all_calls(None, None)) == []
        keep(store, [(flow_id, NOTHING, records) for flow_id, records in now.items()], zone=zone)
        assert verified(store) == []


@settings(max_examples=25)
@given(data=st.data(), zones=st.permutations(ZONES))
def test_another_time_zone_makes_the_days_again(kind: Kind, data: st.DataObject, zones: list[str]) -> None:
    address = kind.fresh()
    flows = [data.draw(any_flow(f"call{number}")) for number in range(4)]
    with closing(open_store(address, zone=ZONE)) as store:
        keep_new(store, flows)
    for zone in zones:
        with closing(open_store(address, zone=zone)) as store:
            assert verified(store) == []
    kind.give_back(address)


@settings(max_examples=25)
@given(data=st.data())
def test_what_pruned_records_counted_outlives_a_rebuild(kind: Kind, data: st.DataObject) -> None:
    """Pruning, and then a rebuild, leave the roll-ups as they were, and no cell is counted twice."""
    with opened(kind) as store:
        flows = [data.draw(any_flow(f"call{number}")) for number in range(4)]
        flow_ids = keep_new(store, flows)
        before = cells(store)
        limits = data.draw(st.integers(NOON_MS - 9 * DAY_MS, NOON_MS + 9 * DAY_MS))
        messages = message(data.draw(st.sampled_from(flow_ids))).received_at_us
        with store.write() as transaction:
            transaction.prune(messages_before_us=messages, records_before_ms=limits)
        assert cells(store) == before
        assert verified(store) == []
        with store.write() as transaction:
            left = transaction.records_of(flow_ids)
        first_new = clear(store)
        with store.write() as transaction:
            sealed = transaction.records_of(flow_ids)
        again = sorted({entry.flow_id or 0 for batch in store.unplaced(first_new, 2) for entry in batch})
        assert sorted([*again, *sealed]) == sorted(left)
        keep(store, [(flow_id, NOTHING, left[flow_id]) for flow_id in again])
        assert cells(store) == before
        assert verified(store) == []


def test_records_of_absurd_times_are_counted_and_verified_at_once(store: Store) -> None:
    """Centuries without a call cost nothing."""
    years = [0, 40 * 365 * DAY_MS, 4_000 * 365 * DAY_MS, 253_402_250_000_000]  # the last is 9999-12-31
    keep_new(store, [flow(str(year), started_at_ms=year) for year in years])
    steps: list[str] = []
    assert store.verify(steps.append) == []
    assert len(steps) == 2 + len(years)
    before = cells(store)
    with store.write() as transaction:
        transaction.prune(messages_before_us=NOON_MS * 2_000, records_before_ms=1)
    clear(store)
    assert cells(store) == before
    assert verified(store) == []
