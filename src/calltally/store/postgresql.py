"""PostgreSQL as a server: its connections, how its transactions begin and end, and how it tells of commits.

A write transaction begins and ends with one message to the server each. Commits are told by `NOTIFY`.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event
from time import monotonic
from typing import Any, Final

import psycopg
from sqlalchemy import URL, Connection, create_engine
from sqlalchemy.engine import Engine as SqlEngine
from sqlalchemy.exc import DBAPIError

from calltally.store.driver import READ_SECONDS, STILL_SECONDS, WELCOME_SECONDS, Use
from calltally.store.partitions import Partitions
from calltally.store.postgresql_errors import PATIENCE_SECONDS, Address, is_gone, sentence
from calltally.store.postgresql_statements import PostgresqlDialect
from calltally.store.rows import Row
from calltally.store.statements import Cursor
from calltally.store.store import StoreError

CHANNEL: Final = "calltally_changes"
"""Where every commit is told, with the number of the one who wrote."""
MIGRATION_LOCK: Final = 4_021_887_421_306_174_307
"""The number of the lock under which tables are made or changed."""
REBUILD_LOCK: Final = 4_021_887_421_306_174_308
"""The number of the lock under which all records are made again."""
OLDEST: Final = 150_000

_FIRST: Final = "INSERT INTO counters (name, next) VALUES ('generation', 0) ON CONFLICT DO NOTHING"
_NUMBERED: Final = "UPDATE counters SET next = next + 1 WHERE name = 'generation' RETURNING next"
_BEGIN: Final = f"BEGIN ISOLATION LEVEL READ COMMITTED; {_NUMBERED}"

_ALWAYS: Final = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "standard_conforming_strings": "on",
    "synchronous_commit": "on",
    "jit": "off",
    "default_transaction_deferrable": "off",
    "lock_timeout": f"{PATIENCE_SECONDS}s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "4",
    "idle_session_timeout": "0",
}
_WRITER: Final = {
    **_ALWAYS,
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": f"{STILL_SECONDS}s",
    # Batches find their rows through indexes, whatever the statistics say of a table that was empty this morning.
    "plan_cache_mode": "force_generic_plan",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
}
_READER: Final = {
    **_ALWAYS,
    "statement_timeout": f"{READ_SECONDS}s",
    "idle_in_transaction_session_timeout": "0",
    # Which months a question needs is only known with its values.
    "plan_cache_mode": "force_custom_plan",
}
_SETTINGS: Final = {
    Use.WRITING: _WRITER,
    Use.READING: _READER,
    Use.STUDYING: {**_READER, "statement_timeout": "0"},
    Use.WATCHING: _WRITER,
    Use.MIGRATING: {**_WRITER, "lock_timeout": "0", "enable_seqscan": "on"},
}
_LIVELY: Final = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}
"""So that a server which is no longer there is noticed within half a minute."""


class Postgresql:
    """One database on a PostgreSQL server."""

    name: Final = "PostgreSQL"
    scheme: Final = "postgresql+psycopg"
    errors: Final = psycopg.Error
    snapshot: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    now_ms: Final = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    look_seconds: Final = 1.0
    """Notices of the server come sooner, but may be lost on the way."""
    has_months: Final = True

    def __init__(self, url: URL) -> None:
        """Take the address.

        Raises:
            StoreError: it names no database.
        """
        if not url.database:
            raise StoreError("database.url names no database; expected postgresql://user:password@host:5432/calltally")
        query = {"application_name": "calltally", **_LIVELY, **url.query, "client_encoding": "UTF8"}
        url = url.set(drivername=self.scheme, query=query)
        host = url.host or url.query.get("host") or "on this machine"
        self.server = f"{host}:{url.port}" if url.port else str(host)
        self._address = Address(server=self.server, user=url.username or "", database=url.database or "")
        words = create_engine(url).dialect
        self._arguments: dict[str, Any] = dict(words.create_connect_args(url)[1])
        self._partitions = Partitions()
        self._is_ready = False
        self.dialect = PostgresqlDialect(words.identifier_preparer.quote, self._partitions.need)

    def connect(self) -> "psycopg.Connection[Any]":
        """Return a connection on which every statement is its own transaction."""
        return psycopg.connect(**self._arguments, autocommit=True)

    def set_up(self, link: "psycopg.Connection[Any]", use: Use) -> None:
        """Fix the settings of a session."""
        settings = _SETTINGS[use]
        calls = ", ".join("set_config(%s, %s, false)" for _ in settings)
        link.execute(f"SELECT {calls}".encode(), [word for pair in settings.items() for word in pair])  # our own words
        if use is not Use.READING:
            link.prepare_threshold = 1
        if use is Use.WATCHING:
            link.execute(f"LISTEN {CHANNEL}")

    def plug(self, link: "psycopg.Connection[Any]") -> "psycopg.Connection[Any]":
        """Return what holds the socket of a connection."""
        return link

    def adapt(self, engine: SqlEngine) -> None:
        """Change nothing."""

    def is_welcoming(self) -> bool:
        """Return whether the server answers a new connection, be it by refusing it."""
        try:
            psycopg.connect(**{**self._arguments, "connect_timeout": WELCOME_SECONDS}).close()
        except psycopg.errors.ConnectionTimeout:
            return False
        except psycopg.Error:
            return True
        return True

    def examine(self, connection: Connection) -> None:
        """Look whether this is a server that we can use."""
        version = connection.exec_driver_sql("SHOW server_version_num").scalar()
        if int(version or 0) < OLDEST:
            raise StoreError(f"the PostgreSQL server {self.server} is too old; 15 or later is needed")

    def begin(self, link: "psycopg.Connection[Any]") -> tuple[Cursor, int]:
        """Begin a transaction: wait for every other writer, and return the number of this commit."""
        cursor = link.cursor()
        cursor.execute(_BEGIN, prepare=False)
        cursor.nextset()
        row = cursor.fetchone()
        if row is None:
            cursor.execute(_FIRST)
            row = cursor.execute(_NUMBERED).fetchone()
        return cursor, int(row[0]) if row is not None else 0

    def make_ready(self, cursor: Cursor) -> None:
        """Make the months around today before anything is written."""
        if not self._is_ready:
            cursor.execute(f"SELECT {self.now_ms}")
            self._partitions.prepare(cursor, int(cursor.fetchall()[0][0]))

    def commit(self, link: "psycopg.Connection[Any]", cursor: Cursor, last: list[str], *, writer: int) -> None:  # noqa: ARG002  the protocol's signature
        """Run the last statements of a transaction, tell everybody, and make it all durable."""
        link.execute("; ".join([*last, f"NOTIFY {CHANNEL}, '{writer:d}'", "COMMIT"]), prepare=False)
        self._is_ready = True

    def roll_back(self, link: "psycopg.Connection[Any]") -> None:
        """Undo a transaction, and forget the months that may have been made in it."""
        self._partitions.forget()
        link.execute("ROLLBACK")

    def prepare(self, cursor: Cursor, now_ms: int) -> None:
        """Make the months that will be needed, and give back old ones that are empty."""
        self._partitions.prepare(cursor, now_ms)

    @contextmanager
    def migrating(self, connection: Connection) -> Iterator[None]:
        """Let one process at a time make or change tables: all that the block does, or nothing."""
        connection.exec_driver_sql("BEGIN")
        try:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
            yield
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            with suppress(DBAPIError):
                connection.exec_driver_sql("ROLLBACK")
            raise

    def alone(self, link: "psycopg.Connection[Any]") -> bool:
        """Return whether no other connection makes all records again. The lock ends with the connection."""
        row = link.execute(f"SELECT pg_try_advisory_lock({REBUILD_LOCK})".encode()).fetchone()
        return row is not None and bool(row[0])

    def rows(self, link: "psycopg.Connection[Any]", question: str) -> list[Row]:
        """Return what a connection that is in no transaction answers to a question."""
        return list(link.execute(question.encode()).fetchall())

    def listen(self, link: "psycopg.Connection[Any]", seconds: float, *, writer: int, closed: Event) -> None:
        """Wait until another process tells that it has written, the time is over, or nobody wants to know any more."""
        until = monotonic() + seconds
        while not closed.is_set():
            rest = until - monotonic()
            if rest <= 0:
                return
            for notice in link.notifies(timeout=min(rest, 0.25), stop_after=1):
                if notice.payload != str(writer):
                    return

    def is_gone(self, error: Exception) -> bool:
        """Return whether an error means that the connection is of no use any more."""
        return isinstance(error, psycopg.Error) and is_gone(error)

    def sentence(self, error: BaseException | None) -> str | None:
        """Return what an administrator can do about an error."""
        return sentence(error, self._address) if isinstance(error, psycopg.Error) else None
