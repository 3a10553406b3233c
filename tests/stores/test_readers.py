"""A role for readers: it reads the views, nothing else, and can be made twice."""

from contextlib import closing
from urllib.parse import quote

import psycopg
import pymysql
import pytest
from sqlalchemy import make_url

from calltally.app.granting import grant
from calltally.store.open import administering, open_store
from calltally.store.reports.views import MARK, VIEWS
from calltally.store.store import StoreError
from tests.servers import Server

ZONE = "Europe/Berlin"
PASSWORD = 'it\'s "odd" \\ 100% Grüße'
NAME = "reader_of_tests"

pytestmark = [pytest.mark.needs("postgresql"), pytest.mark.needs("mariadb")]


@pytest.fixture(params=("postgresql_server", "mariadb_server"))
def url(request: pytest.FixtureRequest) -> str:
    """Return the address of a database with views."""
    server: Server = request.getfixturevalue(request.param)
    address = server.fresh_database()
    open_store(address, zone=ZONE).close()
    return address


def _ask(url: str, sql: str, *, password: str = PASSWORD) -> list[tuple[object, ...]]:
    """Ask as the reader does."""
    parts = make_url(url)
    if parts.get_backend_name() == "postgresql":
        address = f"postgresql://{NAME}:{quote(password, safe='')}@{parts.host}:{parts.port}/{parts.database}"
        with psycopg.connect(address, autocommit=True) as connection:
            return connection.execute(sql.encode()).fetchall()
    reader = pymysql.connect(
        host=parts.host or "",
        port=parts.port or 0,
        user=NAME,
        password=password.encode(),
        database=parts.database,
        charset="utf8mb4",
        autocommit=True,
    )
    with closing(reader), reader.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def test_a_reader_reads_every_view_and_nothing_else(url: str) -> None:
    said: list[str] = []
    for _ in range(2):
        grant(url, name=NAME, password=PASSWORD, tell=said.append)
    assert not any(PASSWORD in line for line in said)
    assert any("'...'" in line for line in said)
    for view in VIEWS:
        _ask(url, f"SELECT * FROM {view.name} LIMIT 1")  # noqa: S608  our own names
    for refused in ("SELECT * FROM calls", "SELECT * FROM stored_values", "DELETE FROM gaps", "DROP VIEW report_calls"):
        with pytest.raises((psycopg.Error, pymysql.MySQLError)):
            _ask(url, refused)


def test_a_new_password_takes_the_place_of_the_old(url: str) -> None:
    grant(url, name=NAME, password="the first", tell=print)
    grant(url, name=NAME, password="the second", tell=print)
    assert _ask(url, "SELECT version FROM report_version", password="the second")
    with pytest.raises((psycopg.Error, pymysql.MySQLError)):
        _ask(url, "SELECT 1", password="the first")


def test_a_reader_still_reads_when_the_views_are_made_anew(url: str) -> None:
    grant(url, name=NAME, password=PASSWORD, tell=print)
    with administering(url) as connection:
        connection.exec_driver_sql("DROP VIEW report_gaps")
        connection.exec_driver_sql("CREATE VIEW report_gaps AS SELECT 1 AS one")
        connection.exec_driver_sql(f"DELETE FROM stored_values WHERE name = '{MARK}'")  # noqa: S608  our own name
    open_store(url, zone=ZONE).close()
    assert _ask(url, "SELECT reason FROM report_gaps") == []


def test_a_role_that_may_do_more_is_refused(url: str) -> None:
    with administering(url) as connection:
        if url.startswith("postgresql"):
            connection.exec_driver_sql("CREATE ROLE mighty_one LOGIN")
            connection.exec_driver_sql("GRANT SELECT ON calls TO mighty_one")
        else:
            connection.exec_driver_sql("CREATE USER IF NOT EXISTS 'mighty_one'@'%%'")
            connection.exec_driver_sql("GRANT SELECT ON calls TO 'mighty_one'@'%%'")
    with pytest.raises(StoreError, match="may do more than read"):
        grant(url, name="mighty_one", password=PASSWORD, tell=print)
    with pytest.raises(StoreError, match="may do more than read"):
        grant(url, name="calltally", password=PASSWORD, tell=print)


@pytest.mark.parametrize("name", ["", "Grafana", "a b", "x'; DROP", "a" * 33])
def test_a_name_that_would_have_to_be_quoted_is_refused(url: str, name: str) -> None:
    with pytest.raises(StoreError, match="cannot be the name of a role"):
        grant(url, name=name, password=PASSWORD, tell=print)


def test_a_database_without_views_says_how_they_are_made(mariadb_server: Server) -> None:
    with pytest.raises(StoreError):
        grant(mariadb_server.fresh_database(), name=NAME, password=PASSWORD, tell=print)
