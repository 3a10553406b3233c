"""Several processes, and their sudden end: nothing acknowledged is lost, nothing is half there."""

import subprocess
import sys
from contextlib import closing
from threading import Thread
from time import monotonic

import pytest

from calltally.store.open import open_store
from calltally.store.store import Store, StoreError
from tests.stores.kinds import ZONE, Kind
from tests.stores.samples import flow, keep_new

WRITER = (sys.executable, "-m", "tests.stores.crash_writer")
REBUILDER = (sys.executable, "-m", "tests.stores.crash_rebuilder")


def test_d22_everything_acknowledged_is_there_after_a_kill(kind: Kind) -> None:
    address = kind.fresh()
    acknowledged: set[int] = set()
    for _ in range(3):
        with subprocess.Popen([*WRITER, address], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            acknowledged.update(int(writer.stdout.readline()) for _ in range(20))
            writer.kill()
            acknowledged.update(int(line) for line in writer.stdout if line.endswith("\n"))
        with closing(open_store(address, zone=ZONE)) as store:
            heard = [entry.flow_id for entry in store.journal(since_us=None, until_us=None, source=None)]
            assert len(heard) == len(set(heard))
            assert acknowledged <= set(heard)
            assert {call.call_id for call in store.all_calls(None, None)} == set(map(str, heard))
            assert store.verify(lambda _: None) == []


def test_a_rebuild_that_is_killed_leaves_no_lock_behind(kind: Kind) -> None:
    address = kind.fresh()
    with closing(open_store(address, zone=ZONE)) as store:
        with subprocess.Popen([*REBUILDER, address], stdout=subprocess.PIPE, text=True) as rebuilder:
            assert rebuilder.stdout is not None
            assert rebuilder.stdout.readline() == "holds it\n"
            with pytest.raises(StoreError, match="is running already"), store.rebuilding():
                pass
            rebuilder.kill()
        until = monotonic() + 30
        while not is_free(store) and monotonic() < until:
            store.wait_for_change(0.05)  # a server notices the end of a process a little later
        assert is_free(store)


def is_free(store: Store) -> bool:
    """Return whether a rebuild could begin."""
    try:
        with store.rebuilding():
            return True
    except StoreError:
        return False


def test_two_stores_write_the_same_database_in_turn(kind: Kind) -> None:
    address = kind.fresh()
    with closing(open_store(address, zone=ZONE)) as one, closing(open_store(address, zone=ZONE)) as two:

        def write(store: Store, name: str) -> None:
            for number in range(25):
                keep_new(store, [flow(f"{name}{number}", own_numbers=(f"+4921{number % 5}",))])

        threads = [Thread(target=write, args=(one, "one")), Thread(target=write, args=(two, "two"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(list(one.all_calls(None, None))) == 50
        assert one.verify(lambda _: None) == []
        assert len(two.lines()) == 5


def test_a_writer_learns_that_another_has_written(kind: Kind) -> None:
    address = kind.fresh()
    with closing(open_store(address, zone=ZONE)) as one, closing(open_store(address, zone=ZONE)) as two:

        def generation() -> int:
            with one.write() as transaction:
                return transaction.generation()

        first = generation()
        keep_new(one, [flow("mine")])
        assert generation() == first
        watched = one.generation()
        keep_new(two, [flow("theirs")])
        assert generation() != first
        assert one.generation() != watched


def test_a_store_waits_for_what_another_writes_and_not_for_its_own(kind: Kind) -> None:
    address = kind.fresh()
    with closing(open_store(address, zone=ZONE)) as one, closing(open_store(address, zone=ZONE)) as two:
        keep_new(one, [flow("mine")])
        one.wait_for_change(0)
        keep_new(one, [flow("mine, too")])
        assert not one.wait_for_change(0)
        keep_new(two, [flow("theirs")])
        assert one.wait_for_change(60)
        assert not one.wait_for_change(0)
        writer = Thread(target=keep_new, args=(two, [flow("while it waits")]))
        writer.start()
        assert one.wait_for_change(60)
        writer.join()


def test_closing_ends_the_waiting(kind: Kind) -> None:
    store = open_store(kind.fresh(), zone=ZONE)
    store.wait_for_change(0)
    waiter = Thread(target=store.wait_for_change, args=(600,))
    waiter.start()
    store.close()
    waiter.join()


def test_what_another_changed_is_told_to_whoever_asks(kind: Kind) -> None:
    """Some databases can say which flows, others only that something was written; nothing is never too little."""
    address = kind.fresh()
    with closing(open_store(address, zone=ZONE)) as one, closing(open_store(address, zone=ZONE)) as two:

        def changed() -> frozenset[int] | None:
            with one.write() as transaction:
                return transaction.changed_flows()

        assert changed() is None
        keep_new(one, [flow("mine")])
        assert changed() == frozenset()
        theirs = frozenset(keep_new(two, [flow("theirs")]))
        with one.write() as transaction:
            transaction.set_value("not", b"asked")
        assert changed() in (None, theirs)
        assert changed() == frozenset()


def test_a_record_that_another_process_changed_is_replaced_whole(kind: Kind) -> None:
    """What a store remembers of records that it wrote itself must not outlive another's change."""
    address = kind.fresh()
    with closing(open_store(address, zone=ZONE)) as one, closing(open_store(address, zone=ZONE)) as two:
        (flow_id,) = keep_new(one, [flow("1")])
        with two.write() as transaction:
            transaction.save([(flow_id, 1, flow("1", legs=3, caller="+49999"))])
        with one.write() as transaction:
            transaction.save([(flow_id, 1, flow("1"))])
        assert one.call("1") == (flow_id, flow("1"))
        assert list(two.all_legs(None, None)) == list(flow("1").legs)


def test_a_transaction_that_fails_leaves_nothing_behind(store: Store) -> None:
    (flow_id,) = keep_new(store, [flow("1")])
    with pytest.raises(ZeroDivisionError), store.write() as transaction:  # noqa: PT012  all of it is to be undone
        transaction.save([(flow_id, 1, flow("1", legs=3, caller="+49999", own_numbers=("+4977",)))])
        transaction.lines_id(("+4978",))
        _ = 1 / 0
    assert store.call("1") == (flow_id, flow("1"))
    with store.write() as transaction:
        transaction.save([(flow_id, 1, flow("1", own_numbers=("+4978",)))])
    assert store.call("1") == (flow_id, flow("1", own_numbers=("+4978",)))
    assert list(store.all_legs(None, None)) == list(flow("1").legs)
