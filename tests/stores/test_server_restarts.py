"""A database server that ends in the middle of a load, in order or by force: nothing is lost, nothing is doubled."""

from collections.abc import Callable, Iterator
from contextlib import closing
from threading import Event, Thread
from zoneinfo import ZoneInfo

import pytest

from calltally.engine.ingest import Ingest
from calltally.model.messages import RawMessage
from calltally.sources.sipgate.parse import parse
from calltally.store.open import open_store
from calltally.store.store import StoreError
from tests.servers import POSTGRESQL, Server, running_server
from tests.stores.kinds import ZONE
from tests.stores.samples import NOON_MS

EVENTS = ("newCall", "answer", "hangup")


@pytest.fixture(scope="module")
def server(postgresql_server: Server) -> Iterator[Server]:  # noqa: ARG001  says that the program is needed
    """Give a server of its own, as it is ended again and again."""
    with running_server(POSTGRESQL) as server:
        yield server


def call(number: int) -> list[RawMessage]:
    """Return the three messages of one call."""
    return [
        RawMessage(
            source="sipgate",
            received_at_us=NOON_MS * 1_000 + number * 1_000_000 + place,
            headers={},
            body=f"event={name}&direction=in&from=4930{number}&to=492115550100&callId=c{number}&cause=normalClearing".encode(),
        )
        for place, name in enumerate(EVENTS)
    ]


class Load:
    """Takes in one call after the other, as a sender does that repeats what was not acknowledged."""

    def __init__(self, address: str, *, first: int, step: int) -> None:
        self._store = open_store(address, zone=ZONE)
        self._ingest = Ingest(store=self._store, parsers={"sipgate": parse}, zone=ZoneInfo(ZONE), clock_us=lambda: 1)
        self._next, self._step = first, step
        self._ended = Event()
        self._thread = Thread(target=self._run)
        self.acknowledged: list[RawMessage] = []
        self.refused = 0
        self.progressed = Event()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wait(self) -> None:
        """Wait until more is acknowledged than now."""
        self.progressed.clear()
        assert self.progressed.wait(60)

    def end(self) -> None:
        """End behind the call that is taken in now."""
        self._ended.set()
        self._thread.join()
        self._store.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            for message in call(self._next):
                while not self._is_taken_in(message):
                    pass
                self.acknowledged.append(message)
            self._next += self._step
            self.progressed.set()

    def _is_taken_in(self, message: RawMessage) -> bool:
        try:
            self._ingest.apply([message])
        except StoreError:
            self.refused += 1
            return self._ended.wait(0.01)
        return True


WAYS: dict[str, Callable[[Server], None]] = {"kill": Server.kill, "stop": Server.stop}


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_ends_under_load_loses_and_doubles_nothing(server: Server, way: str) -> None:
    address = server.fresh_database()
    loads = [Load(address, first=number, step=2) for number in range(2)]
    for load in loads:
        load.start()
    for _ in range(3):
        for load in loads:
            load.wait()
        WAYS[way](server)
        server.start()
        for load in loads:
            load.wait()
    for load in loads:
        load.end()
    acknowledged = [message.identity for load in loads for message in load.acknowledged]
    with closing(open_store(address, zone=ZONE)) as store:
        heard = [entry.message.identity for entry in store.journal(since_us=None, until_us=None, source=None)]
        assert len(heard) == len(set(heard))
        assert set(acknowledged) <= set(heard)
        calls = [each.call_id for each in store.all_calls(None, None)]
        assert len(calls) == len(set(calls)) == len({identity[0] // 1_000_000 for identity in heard})
        assert store.verify(lambda _: None) == []
    assert all(load.refused for load in loads)
