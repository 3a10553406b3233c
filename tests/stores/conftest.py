"""Every test here that takes `kind` or `store` runs on every kind of database."""

from collections.abc import Iterator

import pytest

from calltally.store.store import Store
from tests.stores.kinds import Kind, MariaDbDatabases, PostgresqlDatabases, SqliteFiles, opened

KINDS = (
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.needs("postgresql")),
    pytest.param("mariadb", marks=pytest.mark.needs("mariadb")),
)


@pytest.fixture(scope="session", params=KINDS)
def kind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kind:
    """Return what makes empty databases."""
    if request.param == "postgresql":
        return PostgresqlDatabases(request.getfixturevalue("postgresql_server"))
    if request.param == "mariadb":
        return MariaDbDatabases(request.getfixturevalue("mariadb_server"))
    return SqliteFiles(tmp_path_factory.mktemp("stores"))


@pytest.fixture
def store(kind: Kind) -> Iterator[Store]:
    """Give an empty store."""
    with opened(kind) as store:
        yield store
