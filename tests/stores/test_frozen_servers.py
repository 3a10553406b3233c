"""A database server that stands still, as a stopped process or a machine without a disk does: nobody waits for ever."""

from collections.abc import Iterator
from contextlib import closing
from time import monotonic
from zoneinfo import ZoneInfo

import pytest

from calltally.engine.ingest import Ingest
from calltally.sources.sipgate.parse import parse
from calltally.store.open import open_store
from calltally.store.store import StoreError
from tests.servers import MARIADB, POSTGRESQL, Server, running_server
from tests.stores.kinds import ZONE
from tests.stores.test_server_restarts import call

FLAVOURS = {"postgresql": POSTGRESQL, "mariadb": MARIADB}
FROZEN_SECONDS = 30
"""In which a write and a question must have ended while the server stands still."""


@pytest.fixture(params=FLAVOURS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Give a server of its own, as others could not work meanwhile."""
    request.getfixturevalue(f"{request.param}_server")  # says that the program is needed
    with running_server(FLAVOURS[request.param]) as server:
        yield server


def test_a_frozen_server_is_given_up_and_comes_back(server: Server) -> None:
    with closing(open_store(server.fresh_database(), zone=ZONE)) as store:
        ingest = Ingest(store=store, parsers={"sipgate": parse}, zone=ZoneInfo(ZONE), clock_us=lambda: 1)
        first, second, third = call(7_000_000)
        ingest.apply([first])
        server.freeze()
        try:
            began = monotonic()
            with pytest.raises(StoreError):
                ingest.apply([second])
            with pytest.raises(StoreError, match="does not answer"):
                store.health()
            assert monotonic() - began < FROZEN_SECONDS
        finally:
            server.thaw()
        ingest.apply([second, third])
        assert [entry.message for entry in store.journal(since_us=None, until_us=None, source=None)] == [
            first,
            second,
            third,
        ]
        assert store.verify(lambda _: None) == []
