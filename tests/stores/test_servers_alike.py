"""What the stores on database servers promise beyond the others, the same on each."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from calltally.model.records import NOTHING
from calltally.store import schema
from calltally.store.open import administering, open_store
from calltally.store.store import Store
from tests.servers import Server
from tests.stores.kinds import ZONE
from tests.stores.samples import clear, flow, keep, keep_new

SERVERS = [
    pytest.param("postgresql", marks=pytest.mark.needs("postgresql")),
    pytest.param("mariadb", marks=pytest.mark.needs("mariadb")),
]
NONE: frozenset[int] = frozenset()


@pytest.fixture(params=SERVERS)
def fresh(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Return what makes an empty database on a server."""
    server: Server = request.getfixturevalue(f"{request.param}_server")
    return server.fresh_database


def test_several_may_open_a_new_database_at_once(fresh: Callable[[], str]) -> None:
    url = fresh()
    with ThreadPoolExecutor(4) as threads:
        stores = list(threads.map(lambda _: open_store(url, zone=ZONE), range(4)))
    for number, store in enumerate(stores):
        keep_new(store, [flow(str(number))])
    assert len(list(stores[0].all_calls(None, None))) == 4
    for store in stores:
        store.close()


def test_several_may_be_the_first_to_write_at_once(fresh: Callable[[], str]) -> None:
    for _ in range(10):
        url = fresh()
        with administering(url) as connection:
            schema.upgrade(connection)
        with ThreadPoolExecutor(8) as threads:
            for store in threads.map(lambda _: open_store(url, zone=ZONE), range(8)):  # noqa: B023  used up in this round
                store.close()


def changed(store: Store) -> frozenset[int] | None:
    with store.write() as transaction:
        return transaction.changed_flows()


def test_what_another_process_changed_is_told_by_flow(fresh: Callable[[], str]) -> None:
    url = fresh()
    with closing(open_store(url, zone=ZONE)) as one, closing(open_store(url, zone=ZONE)) as two:
        assert changed(one) is None
        mine, theirs, more = *keep_new(one, [flow("mine")]), *keep_new(two, [flow("theirs"), flow("more")])
        assert changed(one) == frozenset({theirs, more})
        assert changed(one) == NONE
        with pytest.raises(ZeroDivisionError), two.write() as transaction:  # noqa: PT012  all of it is to be undone
            transaction.save([(mine, 1, flow("mine", legs=2))])
            _ = 1 / 0
        assert changed(one) == NONE
        keep(two, [(mine, flow("mine"), NOTHING)])
        keep(one, [(theirs, flow("theirs"), NOTHING)])
        with pytest.raises(ZeroDivisionError), one.write() as transaction:  # noqa: PT012  the same
            assert transaction.changed_flows() == frozenset({mine})
            _ = 1 / 0
        assert changed(one) == frozenset({mine})
        clear(two)
        assert changed(one) is None
