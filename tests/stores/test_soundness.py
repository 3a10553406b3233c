"""What should be changed at a database server is said before it costs anything."""

from pathlib import Path

import pytest

from calltally.store.open import open_store, warnings_of
from tests.servers import Server
from tests.stores.kinds import ZONE

GRANTED = "GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO"
RIGHTS = [
    # what a user of PostgreSQL may do                             what is said
    ((), "may not make tables"),
    (("GRANT ALL ON SCHEMA public TO {user}",), None),
    (("tables", "GRANT ALL ON SCHEMA public TO {user}"), "may not write"),
    (("tables", "GRANT ALL ON SCHEMA public TO {user}", f"{GRANTED} {{user}}"), "belong to another user"),
]


@pytest.mark.parametrize("number", range(len(RIGHTS)))
def test_a_user_without_all_rights_is_told(postgresql_server: Server, number: int) -> None:
    given, said = RIGHTS[number]
    url = postgresql_server.fresh_database()
    database, user = url.rpartition("/")[2], f"user_{number}"
    postgresql_server.ask(f"CREATE ROLE {user} LOGIN PASSWORD 'x'")
    for statement in given:
        if statement == "tables":
            open_store(url, zone=ZONE).close()
        else:
            postgresql_server.ask(statement.format(user=user), database)
    found = warnings_of(postgresql_server.url(database, user=user, password="x"))
    found = [each for each in found if "fsync" not in each]
    assert found == [] if said is None else said in " ".join(found)


def test_a_sound_server_is_left_alone(mariadb_server: Server, tmp_path: Path) -> None:
    assert warnings_of(mariadb_server.fresh_database()) == []
    assert warnings_of(str(tmp_path / "calltally.db")) == []


def test_a_server_that_may_lose_what_it_acknowledged_is_told(mariadb_server: Server) -> None:
    url = mariadb_server.fresh_database()
    mariadb_server.ask("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
    try:
        (said,) = warnings_of(url)
    finally:
        mariadb_server.ask("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    assert "innodb_flush_log_at_trx_commit" in said


def test_a_server_without_fsync_is_told(postgresql_server: Server) -> None:
    """As the one of the tests is, to spare the disk."""
    (setting,) = postgresql_server.ask("SHOW fsync")
    told = [each for each in warnings_of(postgresql_server.fresh_database()) if "fsync" in each]
    assert bool(told) == (setting == ("off",))
