"""The odd site on each kind of server, made once."""

from collections.abc import Iterator
from typing import Final

import pytest

from tests.grafana.macros import Kind
from tests.grafana.worlds import World, make_site, world

KINDS = (
    pytest.param(Kind.POSTGRESQL, marks=pytest.mark.needs("postgresql")),
    pytest.param(Kind.MYSQL, marks=pytest.mark.needs("mariadb")),
)
SERVERS: Final = {Kind.POSTGRESQL: "postgresql_server", Kind.MYSQL: "mariadb_server"}
"""Fixtures of the servers."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of the odd site in SQLite."""
    return make_site(tmp_path_factory.mktemp("odd"))


@pytest.fixture(scope="session", params=KINDS)
def grafana(request: pytest.FixtureRequest, site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give the odd site on each kind of server."""
    server = request.getfixturevalue(SERVERS[request.param])
    with world(request.param, site, tmp_path_factory.mktemp("world"), server) as made:
        yield made
