"""Sessions on MariaDB: what they depend on, how they end, plans of questions, and errors in words."""

from contextlib import closing
from threading import Thread

import pymysql
import pytest
from sqlalchemy import make_url

from calltally.store import mariadb
from calltally.store.driver import Use
from calltally.store.mariadb_address import address_from
from calltally.store.mariadb_errors import sentence
from calltally.store.open import open_store
from calltally.store.store import Store, StoreError
from tests.servers import PASSWORD, Server
from tests.stores.kinds import ZONE, Kind, MariaDbDatabases
from tests.stores.mariadb_world import end_connections, engine_of, name_of
from tests.stores.samples import NOON_MS, flow, keep_new


@pytest.fixture(scope="session", params=("mariadb",))
def kind(mariadb_server: Server) -> Kind:
    """Return what makes empty databases; here of one kind only."""
    return MariaDbDatabases(mariadb_server)


def calls_in(store: Store) -> set[str]:
    return {call.call_id for call in store.all_calls(None, None)}


# --- what a session depends on


def test_a_session_depends_on_no_default_of_the_server(kind: Kind) -> None:
    with (
        closing(open_store(kind.fresh(), zone=ZONE)) as store,
        closing(engine_of(store)._connect(Use.READING)) as connection,  # noqa: SLF001  what is looked at
    ):
        cursor = connection.cursor()
        cursor.execute("SELECT @@time_zone, @@sql_mode, @@collation_connection, NOW() = UTC_TIMESTAMP()")
        ((zone, modes, collation, is_utc),) = cursor.fetchall()
        cursor.execute("SHOW VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation')")
        isolations = {isolation for _, isolation in cursor.fetchall()}
    assert (zone, collation, is_utc, isolations) == ("+00:00", "utf8mb4_nopad_bin", 1, {"REPEATABLE-READ"})
    assert set(modes.split(",")) == {"STRICT_ALL_TABLES", "ERROR_FOR_DIVISION_BY_ZERO", "NO_ENGINE_SUBSTITUTION"}


def test_a_session_whose_texts_mean_something_else_is_not_written_to(kind: Kind) -> None:
    """A proxy may hand out sessions that others have changed; then quotes would be read differently."""
    with closing(open_store(kind.fresh(), zone=ZONE)) as store:
        keep_new(store, [flow("1")])
        with engine_of(store)._writer.cursor() as cursor:  # noqa: SLF001  what is changed
            cursor.execute("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'")
        with pytest.raises(StoreError, match="sql_mode"):
            keep_new(store, [flow("2")])
        keep_new(store, [flow("3")])
        assert calls_in(store) == {"1", "3"}


# --- how sessions end


def test_connections_that_were_ended_while_nobody_used_them_cost_nothing(mariadb_server: Server, kind: Kind) -> None:
    url = kind.fresh()
    with closing(open_store(url, zone=ZONE)) as store:
        for number in range(3):
            keep_new(store, [flow(str(number))])
            assert len(calls_in(store)) == number + 1
            assert not store.wait_for_change(0)
            generation = store.generation()
            assert end_connections(mariadb_server, url) >= 3
            assert store.generation() == generation
            end_connections(mariadb_server, url)
        assert store.verify(lambda _: None) == []


def test_a_connection_that_ends_in_the_middle_undoes_the_write_and_the_next_one_works(
    mariadb_server: Server, kind: Kind
) -> None:
    url = kind.fresh()
    with closing(open_store(url, zone=ZONE)) as store:
        keep_new(store, [flow("before")])
        with pytest.raises(StoreError, match="connects again by itself"), store.write() as transaction:  # noqa: PT012  all of it is to be undone
            transaction.new_flow_ids(1)
            end_connections(mariadb_server, url)
            transaction.save([(99, 1, flow("lost"))])
        keep_new(store, [flow("after")])
        assert calls_in(store) == {"before", "after"}
        assert store.verify(lambda _: None) == []


def test_an_export_that_nobody_reads_to_its_end_is_let_go(kind: Kind) -> None:
    """What is still on its way must not come in the way of the next question, nor be waited for."""
    with closing(open_store(kind.fresh(), zone=ZONE)) as store:
        keep_new(store, [flow(str(number), started_at_ms=NOON_MS + number) for number in range(3_000)])
        for _ in range(20):
            calls = store.all_calls(None, None)
            assert next(calls).call_id == "0"
            del calls
            assert len(store.lines()) == 1
        assert len(calls_in(store)) == 3_000


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_nothing_is_lost_or_doubled_when_the_server_ends_under_load(
    mariadb_server: Server, kind: Kind, how: str
) -> None:
    acknowledged: list[str] = []
    refused: list[str] = []
    with closing(open_store(kind.fresh(), zone=ZONE)) as store:
        some, again = (Thread(target=_write, args=(store, until, acknowledged, refused)) for until in (60, 90))
        some.start()
        while len(acknowledged) < 20:
            some.join(0.001)
        if how == "restart":
            mariadb_server.stop()
        else:
            mariadb_server.kill()
        while not refused:
            some.join(0.001)
        mariadb_server.start()
        some.join()
        again.start()
        again.join()
        assert len(acknowledged) == 90
        assert refused
        assert calls_in(store) >= set(acknowledged)
        assert calls_in(store) <= {*acknowledged, *refused}
        heard = [entry.flow_id for entry in store.journal(since_us=None, until_us=None, source=None)]
        assert len(heard) == len(set(heard)) == len(calls_in(store))
        assert store.verify(lambda _: None) == []


def _write(store: Store, until: int, acknowledged: list[str], refused: list[str]) -> None:
    """Write calls, one after the other, each under a new name if it was refused, until so many were taken."""
    while len(acknowledged) < until:
        name = f"call{len(acknowledged) + len(refused)}"
        try:
            keep_new(store, [flow(name)])
        except StoreError:
            refused.append(name)
        else:
            acknowledged.append(name)


def test_a_lock_that_another_holds_for_long_is_told_and_then_forgotten(kind: Kind) -> None:
    url = kind.fresh()
    with closing(open_store(url, zone=ZONE)) as one, closing(open_store(url, zone=ZONE)) as two:
        keep_new(one, [flow("1")])
        keep_new(two, [flow("2")])
        with engine_of(two)._writer.cursor() as cursor:  # noqa: SLF001  so that the test need not wait for long
            cursor.execute("SET SESSION innodb_lock_wait_timeout = 1")
        with one.write() as transaction:
            transaction.new_flow_ids(1)
            with pytest.raises(StoreError, match="locked by another program"):
                keep_new(two, [flow("3")])
        keep_new(two, [flow("4")])
        assert calls_in(one) == {"1", "2", "4"}
        assert one.verify(lambda _: None) == []


# --- how long a question may take


def test_a_question_that_takes_too_long_is_told(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mariadb, "READ_SECONDS", 0.03)
    with closing(open_store(kind.fresh(), zone=ZONE)) as store:
        with pytest.raises(StoreError, match="too busy"), engine_of(store).reading() as connection:
            connection.exec_driver_sql("SELECT * FROM stored_values, (SELECT SLEEP(10)) slept")
        assert calls_in(store) == set()


def test_exports_and_questions_about_whole_tables_take_as_long_as_they_take(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of a question that is streamed runs until its last row was fetched."""
    monkeypatch.setattr(mariadb, "READ_SECONDS", 1)
    slow = "SELECT name, SLEEP(1.2) FROM stored_values LIMIT 1"
    with closing(open_store(kind.fresh(), zone=ZONE)) as store:
        with engine_of(store).reading() as connection:
            streamed = connection.execution_options(yield_per=1).exec_driver_sql(slow)
            assert len(streamed.all()) > 0
        with engine_of(store).studying() as connection:
            assert len(connection.exec_driver_sql(slow).all()) > 0


# --- errors

ADDRESS = address_from(make_url("mysql://tally:geheim@db/calls"))
SENTENCES = [
    # number  what is said
    (1045, "refused the user tally with this password"),
    (1049, "CREATE DATABASE `calls`; GRANT ALL ON `calls`.* TO 'tally'@'%';"),
    (1142, "GRANT ALL ON `calls`.*"),
    (1021, "disk is full"),
    (1040, "max_connections"),
    (1053, "when it is back"),
    (1205, "locked by another program"),
    (1213, "tried again"),
    (1153, "max_allowed_packet"),
    (1290, "read-only"),
    (1927, "by an administrator"),
    (2003, "check that it runs"),
    (2006, "connects again by itself"),
    (2013, "connects again by itself"),
    (1665, "binlog_format"),
    (1064, None),  # a statement of ours that is wrong
    (1062, None),
    (1406, None),
]


@pytest.mark.parametrize(("number", "said"), SENTENCES)
def test_an_error_says_what_to_do_or_is_our_own_mistake(number: int, said: str | None) -> None:
    told = sentence(pymysql.err.OperationalError(number, "something happened"), ADDRESS)
    if said is None:
        assert told is None
    else:
        assert told is not None
        assert said in told
        assert "db:3306" in told
        assert "geheim" not in told


def test_what_cannot_be_opened_is_told_without_the_password(mariadb_server: Server) -> None:
    url = mariadb_server.fresh_database()
    name = name_of(url)
    open_store(url, zone=ZONE).close()
    mariadb_server.ask("CREATE USER IF NOT EXISTS stranger IDENTIFIED BY 'x'")
    cases = [
        (url.replace(f":{mariadb_server.port}/", ":1/"), "check that it runs"),
        (url.replace("@127.0.0.1", "@nowhere.invalid"), "check that it runs"),
        (mariadb_server.url(name, password=f"{PASSWORD}!"), "check both in database.url"),
        (mariadb_server.url("nothing_here"), "CREATE DATABASE `nothing_here`"),
        (mariadb_server.url(name, user="stranger", password="x"), "GRANT ALL"),
        (f"{url}?nonsense=1", "which is not known; known are unix_socket, ssl_ca"),
        (f"{url}?ssl_ca=/not/there.pem", "/not/there.pem"),
        (f"{url}?ssl_verify_cert=perhaps", "expected true or false"),
        (url.rpartition("/")[0], "names no user or no database"),
    ]
    for address, said in cases:
        with pytest.raises(StoreError) as refused:
            open_store(address, zone=ZONE)
        assert said in str(refused.value), address
        assert PASSWORD not in str(refused.value)


def test_a_server_can_be_reached_by_its_socket(mariadb_server: Server) -> None:
    url = f"{mariadb_server.fresh_database()}?unix_socket={mariadb_server.folder / 'socket'}"
    with closing(open_store(url, zone=ZONE)) as store:
        keep_new(store, [flow("1")])
        assert calls_in(store) == {"1"}
