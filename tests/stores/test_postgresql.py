"""What is special about PostgreSQL: its keys, its months, and statements for whole batches."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from zoneinfo import ZoneInfo

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine

from calltally.engine.ingest import Ingest
from calltally.model.instants import DAY_MS
from calltally.model.messages import RawMessage
from calltally.sources.sipgate.parse import parse
from calltally.store import arrays, partitions
from calltally.store.open import open_store
from calltally.store.store import Store
from calltally.store.tables import DISTRIBUTED_BY, METADATA
from tests.servers import Server
from tests.stores.kinds import ZONE, Kind, PostgresqlDatabases
from tests.stores.postgresql_world import asked, engine_of, months
from tests.stores.samples import NOON_MS, VISIT, flow, keep, keep_new

MARCH = "y2025m03"
YEAR_MS = 365 * DAY_MS


@pytest.fixture(scope="session", params=("postgresql",))
def kind(postgresql_server: Server) -> Kind:
    """Return what makes empty databases; here of one kind only."""
    return PostgresqlDatabases(postgresql_server)


# --- tables


def test_migrations_give_the_tables_of_today(kind: Kind) -> None:
    engine = create_engine(kind.fresh().replace("postgresql:", "postgresql+psycopg:"))

    def is_whole(name: str | None, kind_of: str, parents: Mapping[str, str | None]) -> bool:
        table = name if kind_of == "table" else parents.get("table_name")
        return re.search(r"_(default|y\d{4}m\d\d)$", table or "") is None

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_whole})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


KEYS = """
SELECT parent.relname, array_agg(attname) FROM pg_index JOIN pg_class parent ON parent.oid = indrelid
JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
WHERE indisunique AND relnamespace = 'public'::regnamespace GROUP BY indexrelid, parent.relname
"""
DIVIDED = """
SELECT relname, attname FROM pg_partitioned_table JOIN pg_class ON oid = partrelid
JOIN pg_attribute ON attrelid = partrelid AND attnum = partattrs[0]
"""


def test_every_key_holds_what_its_table_is_distributed_and_divided_by(kind: Kind) -> None:
    url = kind.fresh()
    keys = asked(url, KEYS)
    divided = {table: {column} for table, column in asked(url, DIVIDED)}
    assert divided.keys() == {"messages", "calls", "legs", "visits"}
    assert {table for table, _ in keys} >= DISTRIBUTED_BY.keys()
    for table, columns in keys:
        whole = table.removesuffix("_default")
        distributed = {DISTRIBUTED_BY[whole]} if whole in DISTRIBUTED_BY else set()
        assert set(columns) >= distributed | divided.get(whole, set()), table


OTHER_TEXTS = """
SELECT table_name, column_name FROM information_schema.columns JOIN pg_tables ON tablename = table_name
WHERE schemaname = 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'
"""


def test_texts_compare_by_their_bytes(kind: Kind) -> None:
    assert asked(kind.fresh(), OTHER_TEXTS) == []


# --- months


def test_this_month_and_the_next_two_are_made_ahead(kind: Kind) -> None:
    url = kind.fresh()
    with closing(open_store(url, zone=ZONE)) as store:
        store.prepare(NOON_MS)
        assert months(url, "calls").keys() >= {"y2025m03", "y2025m04", "y2025m05", "default"}
        assert "y2025m06" not in months(url, "messages")
        store.prepare(NOON_MS + 31 * DAY_MS)
        assert "y2025m06" in months(url, "messages")


def test_history_makes_its_months(kind: Kind) -> None:
    url = kind.fresh()
    with closing(open_store(url, zone=ZONE)) as store:
        starts = [NOON_MS, NOON_MS - 20 * YEAR_MS, NOON_MS - 40 * YEAR_MS, NOON_MS + 900 * YEAR_MS]
        keep_new(store, [flow(str(start), visits=(VISIT,), started_at_ms=start) for start in starts])
        found = months(url, "calls")
        assert {name: rows for name, rows in found.items() if rows} == {MARCH: 1, "y2005m03": 1, "default": 2}
        assert months(url, "legs")["default"] == 2
        assert months(url, "messages")[MARCH] == 4
        assert [call.started_at_ms for call in store.all_calls(None, None)] == sorted(starts)
        assert store.verify(lambda _: None) == []


def test_a_record_moves_to_the_month_of_its_new_start(kind: Kind) -> None:
    url = kind.fresh()
    with closing(open_store(url, zone=ZONE)) as store:
        before = flow("1", legs=2, visits=(VISIT,))
        (flow_id,) = keep_new(store, [before])
        earlier = flow(
            "1", visits=(replace(VISIT, entered_at_ms=NOON_MS - 60 * DAY_MS),), started_at_ms=NOON_MS - 60 * DAY_MS
        )
        keep(store, [(flow_id, before, earlier)])
        assert store.call("1") == (flow_id, earlier)
        for table in ("calls", "legs", "visits"):
            assert {name: rows for name, rows in months(url, table).items() if rows} == {"y2025m01": 1}
        assert store.verify(lambda _: None) == []


def test_a_month_that_cannot_be_made_at_once_is_made_later(kind: Kind) -> None:
    """An export reads the default partition for as long as it likes; what arrives meanwhile is kept all the same."""
    url = kind.fresh()
    with closing(open_store(url, zone=ZONE)) as store, closing(psycopg.connect(url)) as export:
        keep_new(store, [flow("now", started_at_ms=NOON_MS + YEAR_MS)])
        export.execute("SELECT * FROM calls_default, legs_default, messages_default")
        keep_new(store, [flow("1")])
        export.rollback()
        assert months(url, "calls")["default"] == 1
        store.prepare(NOON_MS + YEAR_MS)
        found = months(url, "calls")
        assert (found["default"], found[MARCH]) == (0, 1)
        assert [call.call_id for call in store.all_calls(None, None)] == ["1", "now"]
        assert store.verify(lambda _: None) == []


def test_an_empty_old_month_is_given_back(kind: Kind) -> None:
    url = kind.fresh()
    with closing(open_store(url, zone=ZONE)) as store:
        keep_new(store, [flow("old", started_at_ms=NOON_MS - YEAR_MS), flow("new")])
        with store.write() as transaction:
            transaction.prune(messages_before_us=NOON_MS * 2_000, records_before_ms=NOON_MS - DAY_MS)
        store.prepare(NOON_MS + YEAR_MS)
        assert "y2024m03" not in months(url, "calls")
        assert months(url, "calls")[MARCH] == 1
        assert MARCH not in months(url, "messages")
        keep_new(store, [flow("older", started_at_ms=NOON_MS - YEAR_MS)])
        assert months(url, "calls")["y2024m03"] == 1


BORDERS = [
    # time of a message              its month
    (0, "y1970m01"),
    (-1, "y1969m12"),
    (951_782_399_999_999, "y2000m02"),  # the last microsecond of a leap day
    (951_782_400_000_000 + 86_400_000_000 - 1, "y2000m02"),
    (951_868_800_000_000, "y2000m03"),
    (2**62, "y9999m12"),
    (-(2**62), "y0001m01"),
]


@pytest.mark.parametrize(("time_us", "name"), BORDERS)
def test_a_month_begins_at_midnight_utc(time_us: int, name: str) -> None:
    assert partitions.name_of("messages", partitions.month_of("messages", time_us)) == f"messages_{name}"


@given(st.integers(0, 253_402_300_799_999))
def test_a_time_lies_between_the_borders_of_its_month(time_ms: int) -> None:
    month = partitions.month_of("calls", time_ms)
    assert partitions.border("calls", month) <= time_ms
    assert month == 9999 * 12 + 11 or time_ms < partitions.border("calls", month + 1)


# --- batches


@given(st.lists(st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9), min_size=1))
def test_arrays_carry_any_texts(postgresql_server: Server, column: list[str | None]) -> None:
    with closing(psycopg.connect(postgresql_server.admin_url, autocommit=True)) as connection:
        sent = connection.execute("SELECT %s::text[]", (arrays.texts(column),)).fetchall()
        assert sent[0][0] == column


@given(st.lists(st.binary(max_size=9), min_size=1), st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_arrays_carry_any_bytes_and_numbers(postgresql_server: Server, blobs: list[bytes], numbers: list[int]) -> None:
    with closing(psycopg.connect(postgresql_server.admin_url, autocommit=True)) as connection:
        values = (arrays.blobs(blobs), arrays.numbers(numbers))
        sent = connection.execute("SELECT %s::bytea[], %s::bigint[]", values).fetchall()
        assert sent == [(blobs, numbers)]


def pushes(number: int, event_name: str) -> RawMessage:
    body = f"event={event_name}&direction=in&from=4930{number}&to=492115550{number % 50:03}&callId=c{number}"
    return RawMessage(source="sipgate", received_at_us=NOON_MS * 1_000 + number, headers={}, body=body.encode())


def statements(store: Store, ingest: Ingest, messages: Sequence[RawMessage]) -> int:
    """Return how many statements go to the server while messages are taken in, as the wire shows."""
    with engine_of(store) as engine, tempfile.TemporaryFile("w+") as wire:
        connection = engine._writer.pgconn  # noqa: SLF001  the same
        connection.trace(wire.fileno())
        ingest.apply(messages)
        connection.untrace()
        wire.seek(0)
        return sum(line.split("\t")[3] in {"Query", "Execute"} for line in wire if line.split("\t")[1] == "F")


@pytest.mark.parametrize("event_name", ["newCall", "answer", "hangup"])
def test_a_batch_takes_as_many_statements_whether_it_is_small_or_large(kind: Kind, event_name: str) -> None:
    with closing(open_store(kind.fresh(), zone=ZONE)) as store:
        ingest = Ingest(store=store, parsers={"sipgate": parse}, zone=ZoneInfo(ZONE), clock_us=lambda: NOON_MS * 1_000)
        ingest.apply([pushes(number, "newCall") for number in range(1_000)])
        ingest.apply([pushes(number, "answer") for number in range(1_000)])
        start = 2_000 if event_name == "newCall" else 0
        few = statements(store, ingest, [pushes(number, event_name) for number in range(start, start + 20)])
        many = statements(store, ingest, [pushes(number, event_name) for number in range(start + 20, start + 520)])
        assert 0 < many <= few + 1 <= 40
        assert store.verify(lambda _: None) == []
