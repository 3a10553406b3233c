"""Two processes that take messages in side by side: together they keep what one alone would have kept."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calltally.engine.duties import told_by_others
from calltally.engine.health import Health
from calltally.engine.ingest import Ingest
from calltally.engine.live import Board
from calltally.model.instants import Gap
from calltally.sources.sipgate.parse import parse
from calltally.store.open import open_store
from calltally.store.store import Store
from tests.engine.ingest_world import START_US, answer, hangup, new_call, push
from tests.stores.kinds import ZONE, Kind

START_MS = START_US // 1000
STORY = (
    new_call(0, "A"),
    answer(12, "A"),
    hangup(95, "A"),
    new_call(1, "B"),
    hangup(9, "B", "cancel"),
    # a forwarded flow that origCallId alone joins
    new_call(2, "C", xcid=""),
    hangup(22, "C", "forwarded", xcid=""),
    new_call(22.1, "D", xcid="", origCallId="C"),
    answer(22.4, "D", xcid="", origCallId="C"),
    # two legs that only a late message shows to be one call
    new_call(3, "E", xcid="", origCallId=""),
    new_call(30, "F", xcid="flow", origCallId=""),
    hangup(60, "F", xcid="flow", origCallId="E"),
    new_call(40, "G"),
    push(5, "event=ping&callId=Z"),
)
GAP = Gap(source=None, since_ms=START_MS + 20_000, until_ms=START_MS + 45_000, reason="calltally was not running")


class Process:
    """One process, with the board that it shows."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.board = Board(clock_us=lambda: START_US, health=Health(()), open_flows={})
        self.ingest = Ingest(
            store=store,
            parsers={"sipgate": parse},
            zone=ZoneInfo(ZONE),
            clock_us=lambda: START_US,
            committed=self.board.heard,
        )
        self.look()

    def look(self) -> None:
        """Take in what the other one did."""
        told = told_by_others(self.store)
        if told is None:
            self.board.reload(self.store.open_flows(), self.store.health())
        else:
            self.board.told(told)

    def note_gap(self) -> None:
        """Learn that nobody listened for a while."""
        with self.store.write() as transaction:
            transaction.add_gap(GAP)
        self.ingest.refold(list(self.store.open_flows()))


@contextmanager
def processes(address: str, count: int) -> Iterator[Sequence[Process]]:
    """Give processes on one database."""
    if not count:
        yield ()
        return
    with closing(open_store(address, zone=ZONE)) as store, processes(address, count - 1) as others:
        yield (Process(store), *others)


def exported(store: Store) -> list[bytes]:
    """Return all records, byte by byte."""
    everything = (*store.all_calls(None, None), *store.all_legs(None, None), *store.all_visits(None, None))
    return [msgspec.json.encode(record) for record in everything]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_two_processes_keep_what_one_would_have_kept(kind: Kind, data: st.DataObject) -> None:
    order = data.draw(st.permutations(STORY + STORY[:4]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(order)), max_size=8)))
    learns = data.draw(st.integers(0, len(cuts)))
    with processes(kind.fresh(), 1) as (alone,):
        alone.ingest.apply(STORY)
        alone.note_gap()
        expected = exported(alone.store)
        shown = alone.board.open
    with processes(kind.fresh(), 2) as both:
        for number, (begin, end) in enumerate(zip([0, *cuts], [*cuts, len(order)], strict=True)):
            process = both[data.draw(st.integers(0, 1))]
            process.ingest.apply(order[begin:end])
            if number == learns:
                process.note_gap()
            if data.draw(st.booleans()):
                both[data.draw(st.integers(0, 1))].look()
        for process in both:
            process.look()
            assert process.board.open == shown
            assert process.board.health.of("sipgate").received == len(STORY)
        assert exported(both[0].store) == expected
        assert both[1].store.verify(lambda _: None) == []
