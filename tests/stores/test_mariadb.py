"""What is special about MariaDB: its tables, and rows as texts of statements."""

from collections.abc import Iterator
from contextlib import closing
from zoneinfo import ZoneInfo

import pymysql
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url

from calltally.engine.ingest import Ingest
from calltally.model.messages import RawMessage
from calltally.sources.sipgate.parse import parse
from calltally.store import tables
from calltally.store.driver import Use
from calltally.store.mariadb_address import address_from
from calltally.store.mariadb_statements import MOST_ROWS, MariaDbDialect, rows_text, values_text
from calltally.store.open import open_store
from calltally.store.statements import Fields
from tests.servers import Server
from tests.stores.kinds import ZONE, Kind, MariaDbDatabases
from tests.stores.mariadb_world import Recorder, engine_of, name_of, statements_of
from tests.stores.samples import NOON_MS, flow, keep_new


@pytest.fixture(scope="session", params=("mariadb",))
def kind(mariadb_server: Server) -> Kind:
    """Return what makes empty databases; here of one kind only."""
    return MariaDbDatabases(mariadb_server)


# --- tables

ELSEWHERE = {
    "calls_done": ["is_open", "started_at_ms", "direction", "lines_id", "source", "wait_ms", "talk_ms", "caller"],
    "calls_open": [],
    "messages_problem": ["problem", "received_at_us"],
}
"""Indexes of a part of the rows on other engines; here they begin with what chooses the part, or are another's part."""


def test_migrations_give_the_tables_of_today(mariadb_server: Server, kind: Kind) -> None:
    name = name_of(kind.fresh())
    columns = (
        f"SELECT table_name, column_name, is_nullable FROM information_schema.columns WHERE table_schema = '{name}'"  # noqa: S608  a name of ours
    )
    found = {(table, column): nullable for table, column, nullable in mariadb_server.ask(columns)}
    expected = {
        (table.name, column.name): "YES" if column.nullable else "NO"
        for table in tables.METADATA.sorted_tables
        for column in table.c
    }
    views = {key for key in found if str(key[0]).startswith("report_") or key[0] == "alembic_version"}
    assert {key: nullable for key, nullable in found.items() if key not in views} == expected


def test_migrations_give_the_indexes_of_today(mariadb_server: Server, kind: Kind) -> None:
    name = name_of(kind.fresh())
    listed = "SELECT table_name, index_name, column_name FROM information_schema.statistics"
    found: dict[tuple[object, object], list[object]] = {}
    for table, index, column in mariadb_server.ask(
        f"{listed} WHERE table_schema = '{name}' AND table_name <> 'alembic_version' ORDER BY 1, 2, seq_in_index"
    ):
        found.setdefault((table, index), []).append(column)
    expected = {(table.name, "PRIMARY"): table.primary_key.columns.keys() for table in tables.METADATA.sorted_tables}
    for table in tables.METADATA.sorted_tables:
        for index in table.indexes:
            expected[table.name, str(index.name)] = ELSEWHERE.get(str(index.name), index.columns.keys())
    assert found == {key: columns for key, columns in expected.items() if columns}


def test_every_text_compares_by_its_bytes(mariadb_server: Server, kind: Kind) -> None:
    name = name_of(kind.fresh())
    found = mariadb_server.ask(
        f"SELECT DISTINCT collation_name FROM information_schema.columns WHERE table_schema = '{name}'"  # noqa: S608  a name of ours
        " AND collation_name IS NOT NULL AND table_name NOT LIKE 'report%' AND table_name <> 'alembic_version'"
    )
    assert found == [("utf8mb4_nopad_bin",)]


def test_a_migration_that_was_interrupted_is_done_again(mariadb_server: Server, kind: Kind) -> None:
    url = kind.fresh()
    database = name_of(url)
    mariadb_server.run(["DELETE FROM alembic_version", "DROP TABLE teams", "DROP TABLE calls"], database)
    with closing(open_store(url, zone=ZONE)) as store:
        keep_new(store, [flow("1")])
        assert store.verify(lambda _: None) == []


# --- rows as texts

NASTY = (
    "",
    "'",
    '"',
    "\\",
    "\\'; --",
    "a\nb\r\tc\bd",
    "\x00",
    "\x0c",
    "\x1a",
    "\x1f",
    "\\u0041",
    "\\f",
    "100 %s %",
    "é🙂\u2028",
)
TEXTS = st.sampled_from(NASTY) | st.text(st.characters(codec="utf-8"), max_size=12)
ROWS = st.lists(
    st.tuples(st.integers(-(2**63), 2**63 - 1), st.none() | TEXTS, st.binary(max_size=8) | TEXTS.map(str.encode)),
    min_size=1,
    max_size=5,
    unique_by=lambda row: row[0],
)


@pytest.fixture(scope="module")
def cursor(mariadb_server: Server) -> Iterator[pymysql.cursors.Cursor]:
    """Give a cursor in a session as the store makes it, on a table of numbers, texts and bytes."""
    url = mariadb_server.fresh_database()
    with closing(open_store(url, zone=ZONE)) as store, closing(engine_of(store)._connect(Use.READING)) as connection:  # noqa: SLF001  the same
        cursor = connection.cursor()
        cursor.execute(
            "CREATE TABLE kept (number BIGINT PRIMARY KEY, words LONGTEXT CHARACTER SET utf8mb4, bytes LONGBLOB)"
        )
        yield cursor


@given(rows=ROWS)
def test_any_rows_come_back_as_they_were_written(cursor: pymysql.cursors.Cursor, rows: list[Fields]) -> None:
    cursor.execute("DELETE FROM kept")
    cursor.execute(f"INSERT INTO kept VALUES {rows_text(rows, (2,))}")  # noqa: S608  what is tried
    cursor.execute("SELECT * FROM kept ORDER BY number")
    assert list(cursor.fetchall()) == sorted(rows, key=lambda row: (row[0],))


@given(values=st.lists(TEXTS, min_size=1, max_size=4))
def test_any_values_are_found_in_a_list(cursor: pymysql.cursors.Cursor, values: list[str]) -> None:
    for value in values:
        cursor.execute(f"SELECT _utf8mb4 X'{value.encode().hex()}' IN ({values_text(values)})")
        assert cursor.fetchall() == ((1,),)


def test_a_statement_stays_below_what_the_server_takes(cursor: pymysql.cursors.Cursor) -> None:
    dialect = MariaDbDialect(lambda name: f"`{name}`")
    dialect.longest_statement = 3_000
    cursor.execute("DELETE FROM teams")
    rows = [(position, "x" * 200, "[]") for position in range(40)]
    recorder = Recorder(cursor)
    assert dialect.insert(tables.TEAMS, tables.TEAMS.c.keys()).write(recorder, rows) == 40
    assert len(recorder.said) > 2
    assert max(map(len, recorder.said)) < 3_000
    cursor.execute("SELECT * FROM teams ORDER BY position")
    assert list(cursor.fetchall()) == rows


def test_long_lists_take_several_statements(cursor: pymysql.cursors.Cursor) -> None:
    dialect = MariaDbDialect(lambda name: f"`{name}`")
    cursor.execute("DELETE FROM teams")
    count = 2 * MOST_ROWS + 1
    rows = [(position, str(position), "[]") for position in range(count)]
    recorder = Recorder(cursor)
    put = dialect.put(tables.TEAMS, ("position", "name", "numbers"), ("position",))
    assert put.write(recorder, rows) == count
    assert put.write(recorder, rows) == 0
    found = dialect.ask(tables.TEAMS, ("position",), "name").ask(
        recorder, [str(number) for number in range(5, count + 9)]
    )
    assert sorted(row[0] for row in found) == list(range(5, count))
    assert len(recorder.said) == 9


# --- statements of a batch


def push(number: int, event_name: str) -> RawMessage:
    body = f"event={event_name}&direction=in&from=4930{number}&to=492115550{number % 50:03}&callId=c{number}"
    return RawMessage(source="sipgate", received_at_us=NOON_MS * 1_000 + number, headers={}, body=body.encode())


@pytest.mark.parametrize("event_name", ["newCall", "answer", "hangup"])
def test_a_batch_takes_as_many_statements_whether_it_is_small_or_large(kind: Kind, event_name: str) -> None:
    with closing(open_store(kind.fresh(), zone=ZONE)) as store:
        ingest = Ingest(store=store, parsers={"sipgate": parse}, zone=ZoneInfo(ZONE), clock_us=lambda: NOON_MS * 1_000)
        ingest.apply([push(number, "newCall") for number in range(1_000)])
        ingest.apply([push(number, "answer") for number in range(1_000)])
        start = 2_000 if event_name == "newCall" else 0
        counts = [statements_of(store)]
        for first, count in ((start, 20), (start + 20, 500)):
            ingest.apply([push(number, event_name) for number in range(first, first + count)])
            counts.append(statements_of(store))
        few, many = counts[1] - counts[0], counts[2] - counts[1]
        assert 0 < many <= few + 1 <= 40
        assert store.verify(lambda _: None) == []


# --- addresses

ADDRESSES = [
    (
        "mysql://u:p%40ss%2F@db.example.org/calls",
        "db.example.org:3306",
        {"host": "db.example.org", "password": b"p@ss/"},
    ),
    ("mariadb://u@db:3307/calls", "db:3307", {"port": 3307, "password": b""}),
    ("mysql+pymysql://u:%C3%A9@[::1]/calls", "[::1]:3306", {"password": "é".encode(), "ssl_disabled": True}),
    ("mysql://u@localhost/calls?unix_socket=/run/db.sock", "/run/db.sock", {"unix_socket": "/run/db.sock"}),
    ("mysql://u@db/calls?ssl_verify_cert=yes", "db:3306", {"ssl_verify_cert": True}),
]


@pytest.mark.parametrize(("url", "server", "arguments"), ADDRESSES)
def test_an_address_says_how_to_connect(url: str, server: str, arguments: dict[str, object]) -> None:
    address = address_from(make_url(url))
    assert (address.server, address.database, address.user) == (server, "calls", "u")
    assert {name: address.arguments[name] for name in arguments} == arguments
