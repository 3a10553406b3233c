"""The servers that tests start: odd in their settings, quick to make databases, and whole again after a sudden end."""

import pytest

from tests.servers import Server

KINDS = ("postgresql_server", "mariadb_server")


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.needs(name.removesuffix("_server"))) for name in KINDS])
def server(request: pytest.FixtureRequest) -> Server:
    """Return each server in turn."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Server)
    return found


def _database(url: str) -> str:
    return url.rpartition("/")[2]


def test_every_database_is_a_new_one(server: Server) -> None:
    one, two = _database(server.fresh_database()), _database(server.fresh_database())
    server.ask("CREATE TABLE only_here (number INTEGER)", one)
    with pytest.raises(Exception, match="only_here"):
        server.ask("SELECT * FROM only_here", two)


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_what_was_committed_is_there_after_an_end(server: Server, how: str) -> None:
    database = _database(server.fresh_database())
    server.ask("CREATE TABLE kept (number INTEGER)", database)
    server.ask("INSERT INTO kept VALUES (7)", database)
    if how == "restart":
        server.restart()
    else:
        server.ask("CHECKPOINT" if server.flavour.scheme == "postgresql" else "DO 0")
        server.kill()
        server.start()
    assert server.ask("SELECT number FROM kept", database) == [(7,)]


def test_the_time_of_the_server_is_that_of_an_odd_zone(server: Server) -> None:
    zone = {
        "postgresql": "SELECT current_setting('timezone')",
        "mysql": "SELECT timediff(now(), utc_timestamp()) > '12:00'",
    }
    assert server.ask(zone[server.flavour.scheme]) in ([("Pacific/Chatham",)], [(1,)])
