"""Plans of questions on PostgreSQL, its sessions, and its errors in words."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from calltally.model.instants import DAY_MS, Span
from calltally.store import postgresql
from calltally.store.asked import CallList, Dimension, Grain, SpreadQuestion, Subject, SumQuestion
from calltally.store.open import open_store
from calltally.store.postgresql_errors import Address, sentence
from calltally.store.store import Store, StoreError
from tests.servers import PASSWORD, Server
from tests.stores.kinds import ZONE, Kind, PostgresqlDatabases
from tests.stores.postgresql_world import asked, engine_of
from tests.stores.samples import NOON_MS, VISIT, flow, keep_new


@pytest.fixture(scope="session", params=("postgresql",))
def kind(postgresql_server: Server) -> Kind:
    """Return what makes empty databases; here of one kind only."""
    return PostgresqlDatabases(postgresql_server)


# --- plans


@pytest.fixture(scope="module")
def two_years(postgresql_server: Server) -> Iterator[tuple[str, Store]]:
    """Give a store with a few calls of each day of two years."""
    url = postgresql_server.fresh_database()
    with closing(open_store(url, zone=ZONE)) as store:
        keep_new(
            store,
            [
                flow(str(number), visits=(replace(VISIT, entered_at_ms=start),), started_at_ms=start)
                for number, start in enumerate(range(NOON_MS - 730 * DAY_MS, NOON_MS, DAY_MS))
            ],
        )
        yield url, store


LAST_30_DAYS = Span(NOON_MS - 30 * DAY_MS, NOON_MS)
ASKED = {
    "sums by hour": lambda store: store.sums(
        SumQuestion(
            subject=Subject.CALL,
            grain=Grain.RECORD,
            measures=("calls", "talk_ms"),
            span=LAST_30_DAYS,
            step_ms=3_600_000,
        )
    ),
    "callers": lambda store: store.sums(
        SumQuestion(
            subject=Subject.CALL,
            grain=Grain.RECORD,
            measures=("calls",),
            span=LAST_30_DAYS,
            by=Dimension.CALLER,
            order_by="calls",
            limit=20,
        )
    ),
    "visits": lambda store: store.sums(
        SumQuestion(subject=Subject.VISIT, grain=Grain.RECORD, measures=("offered",), span=LAST_30_DAYS)
    ),
    "spread": lambda store: store.spread(
        SpreadQuestion(subject=Subject.CALL, grain=Grain.RECORD, spread="talk", span=LAST_30_DAYS)
    ),
    "page of calls": lambda store: store.calls(CallList(span=LAST_30_DAYS)),
    "export": lambda store: list(store.all_legs(LAST_30_DAYS, None)),
}


def plans(url: str, store: Store, ask: Any, *settings: str) -> str:  # noqa: ANN401  any question
    """Return how PostgreSQL would answer what a question asks it."""
    said: list[tuple[str, Any]] = []
    with engine_of(store) as engine:

        def note(_: object, __: object, statement: str, values: Any, *___: object) -> None:  # noqa: ANN401  SQLAlchemy's signature
            said.append((statement, values))

        event.listen(engine._readers, "before_cursor_execute", note)  # noqa: SLF001  the same
        ask(store)
        event.remove(engine._readers, "before_cursor_execute", note)  # noqa: SLF001  the same
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        for setting in settings:
            connection.execute(setting.encode())
        return "\n".join(
            row
            for statement, values in said
            if statement.startswith("SELECT")
            for (row,) in connection.execute(f"EXPLAIN {statement}".encode(), values)
        )


@pytest.mark.parametrize("name", ASKED)
def test_thirty_days_are_read_from_their_months_alone(two_years: tuple[str, Store], name: str) -> None:
    plan = plans(*two_years, ASKED[name])
    read = {
        word for word in plan.replace("(", " ").split() if "_y20" in word and "_idx" not in word and "_pkey" not in word
    }
    assert {word[-8:] for word in read} <= {"y2025m02", "y2025m03"}
    assert "_default" not in plan


@pytest.mark.parametrize("name", [name for name in ASKED if name != "callers"])
def test_thirty_days_can_be_read_through_an_index(two_years: tuple[str, Store], name: str) -> None:
    plan = plans(*two_years, ASKED[name], "SET enable_seqscan = off", "SET enable_bitmapscan = off")
    assert "Seq Scan" not in plan
    assert "Index" in plan


# --- sessions


def test_a_session_depends_on_no_default_of_the_server(kind: Kind) -> None:
    url = kind.fresh()
    asked(url, f'ALTER DATABASE {url.rpartition("/")[2]} SET datestyle = "German"')
    with closing(open_store(url, zone=ZONE)) as store, engine_of(store) as engine:
        keep_new(store, [flow("1")])
        writer = engine._writer  # noqa: SLF001  the same
        said = {
            name: writer.execute(f"SHOW {name}").fetchone()[0]
            for name in (
                "timezone",
                "datestyle",
                "synchronous_commit",
                "standard_conforming_strings",
                "application_name",
            )
        }
    assert said == {
        "timezone": "UTC",
        "datestyle": "ISO, YMD",
        "synchronous_commit": "on",
        "standard_conforming_strings": "on",
        "application_name": "calltally",
    }


KILL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def test_connections_that_were_ended_while_nobody_used_them_cost_nothing(kind: Kind) -> None:
    url = kind.fresh()
    with closing(open_store(url, zone=ZONE)) as store:
        for number in range(3):
            keep_new(store, [flow(str(number))])
            assert len(list(store.all_calls(None, None))) == number + 1
            assert not store.wait_for_change(0)
            generation = store.generation()
            asked(url, KILL)
            assert store.generation() == generation
            asked(url, KILL)
        assert store.verify(lambda _: None) == []


def test_a_connection_that_ends_in_the_middle_undoes_the_write_and_the_next_one_works(kind: Kind) -> None:
    url = kind.fresh()
    with closing(open_store(url, zone=ZONE)) as store:
        keep_new(store, [flow("before")])
        with pytest.raises(StoreError, match="connects again by itself"), store.write() as transaction:  # noqa: PT012  all of it is to be undone
            transaction.new_flow_ids(1)
            asked(url, KILL)
            transaction.save([(99, 1, flow("lost"))])
        keep_new(store, [flow("after")])
        assert {call.call_id for call in store.all_calls(None, None)} == {"before", "after"}
        assert store.verify(lambda _: None) == []


# --- errors

ADDRESS = Address(server="db:5432", user="tally", database="calls")
SENTENCES = [
    # state    what is said
    ("28P01", "refused the user tally with this password"),
    ("3D000", 'CREATE DATABASE "calls" OWNER "tally"'),
    ("42501", "GRANT ALL"),
    ("53100", "disk is full"),
    ("53300", "max_connections"),
    ("57014", "too busy"),
    ("57P01", "connects again by itself"),
    ("57P03", "starting or ending"),
    ("25006", "read-only"),
    ("40001", "tried again"),
    ("40P01", "tried again"),
    ("55P03", "locked by another program"),
    ("08006", "connects again"),
    ("58030", "disk and its log"),
    ("42601", None),  # a statement of ours that is wrong
    ("23505", None),
]


@pytest.mark.parametrize(("state", "said"), SENTENCES)
def test_an_error_says_what_to_do_or_is_our_own_mistake(state: str, said: str | None) -> None:
    told = sentence(psycopg.errors.lookup(state)("something happened"), ADDRESS)
    assert told is None if said is None else told is not None and said in told and "db:5432" in told


def test_what_cannot_be_opened_is_told_without_the_password(postgresql_server: Server) -> None:
    url = postgresql_server.fresh_database()
    name = url.rpartition("/")[2]
    open_store(url, zone=ZONE).close()
    postgresql_server.ask("CREATE ROLE stranger LOGIN PASSWORD 'x'")
    cases = [
        (url.replace(f":{postgresql_server.port}/", ":1/"), "check that it runs"),
        (url.replace("@127.0.0.1", "@nowhere.invalid"), "not known by this name"),
        (postgresql_server.url(name, password=f"{PASSWORD}!"), "check both in database.url"),
        (postgresql_server.url("nothing_here"), 'CREATE DATABASE "nothing_here"'),
        (postgresql_server.url(name, user="stranger", password="x"), "the role that owns"),
        (f"{url}?nonsense=1", "behind the question mark"),
        (url.rpartition("/")[0], "names no database"),
    ]
    for address, said in cases:
        with pytest.raises(StoreError) as refused:
            open_store(address, zone=ZONE)
        assert said in str(refused.value), address
        assert PASSWORD not in str(refused.value)


def test_a_locked_database_is_told_and_waited_for(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(postgresql._WRITER, "lock_timeout", "50ms")  # noqa: SLF001  else this takes half a minute
    url = kind.fresh()
    with closing(open_store(url, zone=ZONE)) as store, closing(psycopg.connect(url)) as other:
        keep_new(store, [flow("before")])
        other.execute("UPDATE counters SET next = next + 1 WHERE name = 'generation'")
        with pytest.raises(StoreError, match="locked by another program"):
            keep_new(store, [flow("lost")])
        other.rollback()
        keep_new(store, [flow("after")])
        assert {call.call_id for call in store.all_calls(None, None)} == {"before", "after"}


def test_a_read_only_database_is_told(kind: Kind) -> None:
    url = kind.fresh()
    asked(url, f"ALTER DATABASE {url.rpartition('/')[2]} SET default_transaction_read_only = on")
    with closing(open_store(url, zone=ZONE)) as store:
        assert list(store.all_calls(None, None)) == []
        with pytest.raises(StoreError, match="read-only"):
            keep_new(store, [flow("1")])


def test_a_question_that_takes_too_long_is_told(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(postgresql._READER, "statement_timeout", "30ms")  # noqa: SLF001  else this takes minutes
    with closing(open_store(kind.fresh(), zone=ZONE)) as store, engine_of(store) as engine:
        with pytest.raises(StoreError, match="too busy"), engine.reading() as connection:
            connection.exec_driver_sql("SELECT pg_sleep(10)")
        assert list(store.all_calls(None, None)) == []
