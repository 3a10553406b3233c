"""Every database says how large it is, and grows with what is written."""

from calltally.store.store import Store
from tests.stores.samples import flow, keep_new


def test_a_database_tells_its_size(store: Store) -> None:
    empty = store.size_bytes()
    assert isinstance(empty, int)
    assert empty > 0
    keep_new(store, [flow(f"call-{number}") for number in range(3)])
    assert store.size_bytes() >= empty
