"""Every test here that takes `kind` or `store` runs on every kind of database."""

from collections.abc import Iterator

import pytest

from calltally.store.store import Store
from tests.stores.kinds import Kind, SqliteFiles, opened


@pytest.fixture(scope="session", params=("sqlite",))
def kind(tmp_path_factory: pytest.TempPathFactory) -> Kind:
    """Return what makes empty databases."""
    return SqliteFiles(tmp_path_factory.mktemp("stores"))


@pytest.fixture
def store(kind: Kind) -> Iterator[Store]:
    """Give an empty store."""
    with opened(kind) as store:
        yield store
