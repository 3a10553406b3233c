"""PostgreSQL: connections, durability, and several processes on one database.

One connection writes, guarded by a lock; readers take others from a pool. A write transaction begins by counting up the
number of commits, and so locks a row that every writer wants: writers of all processes come one after the other, and
what a transaction reads behind that is the newest there is. Nothing is left to the server's settings: each connection
says itself what it depends on.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, RLock
from time import monotonic
from typing import Any, Final

import psycopg
from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.engine import Engine as SqlEngine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import NullPool, QueuePool

from calltally.store.frozen import FrozenWatch
from calltally.store.partitions import Partitions
from calltally.store.postgresql_batch import CHANNEL, NEXT, PostgresqlBatch, begin, now_ms
from calltally.store.postgresql_errors import PATIENCE_SECONDS, Address, is_gone, sentence
from calltally.store.postgresql_statements import PostgresqlDialect
from calltally.store.store import StoreError

READERS: Final = 4
MORE_READERS: Final = 12
READ_SECONDS: Final = 120
"""How long one question may take."""
STILL_SECONDS: Final = 120
"""How long a write transaction may stand still, for instance because its process was stopped, before it is undone."""
LOOK_SECONDS: Final = 1.0
"""How often is looked whether another process has written, should the server's notice be lost on the way."""
WELCOME_SECONDS: Final = 3
"""How long a server that is there may take to welcome a connection, while another waits for an answer."""
MIGRATION_LOCK: Final = 4_021_887_421_306_174_307
"""The number of the lock under which tables are made or changed."""
OLDEST: Final = 150_000

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
_LIVELY: Final = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}
"""So that a server which is no longer there is noticed within half a minute."""


class Postgresql:
    """One database on a PostgreSQL server as an engine of a store."""

    def __init__(self, url: URL) -> None:
        """Connect.

        Raises:
            StoreError: this is not possible, or the server is none that calltally can use.
        """
        if not url.database:
            raise StoreError("database.url names no database; expected postgresql://user:password@host:5432/calltally")
        query = {"application_name": "calltally", **_LIVELY, **url.query, "client_encoding": "UTF8"}
        self._url = url.set(drivername="postgresql+psycopg", query=query)
        host = url.host or url.query.get("host") or "on this machine"
        server = f"{host}:{url.port}" if url.port else str(host)
        self._address = Address(server=server, user=url.username or "", database=url.database)
        self._lock = RLock()
        self._watch_lock = Lock()
        self._writer: psycopg.Connection[Any] | None = None
        self._watcher: psycopg.Connection[Any] | None = None
        self.writer = secrets.randbits(62)
        self._own_commits = 0
        self._closed = Event()
        self._looked: int | None = None
        self._watch = FrozenWatch(self._is_welcoming)
        self._partitions = Partitions()
        self._is_prepared = False
        self._readers = self._engine(_READER, pool_size=READERS, max_overflow=MORE_READERS)
        self.dialect = PostgresqlDialect(self._readers.dialect.identifier_preparer.quote, self._partitions.need)
        try:
            with self._reported(), self._readers.connect() as connection:
                version = connection.exec_driver_sql("SHOW server_version_num").scalar()
        except BaseException:
            self._readers.dispose()
            raise
        if int(version or 0) < OLDEST:
            raise StoreError(f"the PostgreSQL server {self._address.server} is too old; 15 or later is needed")

    def _engine(self, settings: dict[str, str], **pool: int) -> SqlEngine:
        engine = create_engine(
            self._url,
            isolation_level="AUTOCOMMIT",
            poolclass=QueuePool if pool else NullPool,
            pool_pre_ping=True,
            **pool,
        )

        def prepare(connection: "psycopg.Connection[Any]", _: object) -> None:
            self._watch.add(connection)
            _set(connection, settings)

        event.listen(engine, "connect", prepare)
        return engine

    def _connect(self) -> "psycopg.Connection[Any]":
        """Return a connection that depends on no setting of the server; every statement is its own transaction."""
        connection = psycopg.connect(**self._arguments(), autocommit=True)
        self._watch.add(connection)
        connection.prepare_threshold = 1
        try:
            _set(connection, _WRITER)
        except BaseException:
            connection.close()
            raise
        return connection

    def _arguments(self) -> dict[str, Any]:
        return dict(self._readers.dialect.create_connect_args(self._url)[1])

    def _is_welcoming(self) -> bool:
        """Return whether the server answers a new connection, be it by refusing it."""
        try:
            psycopg.connect(**{**self._arguments(), "connect_timeout": WELCOME_SECONDS}).close()
        except psycopg.errors.ConnectionTimeout:
            return False
        except psycopg.Error:
            return True
        return True

    @contextmanager
    def writing(self) -> Iterator[PostgresqlBatch]:
        """Begin a write transaction; durable when the block ends.

        Raises:
            StoreError: the database did not do it; nothing was kept, unless only the answer to the commit got lost.
        """
        with self._lock, self._reported():
            batch = self._begin()
            try:
                if not self._is_prepared:
                    self._partitions.prepare(batch.cursor, now_ms(batch.cursor))
                yield batch
                self._commit(batch)
            except BaseException:
                self._roll_back(batch.cursor.connection)
                raise
            self._own_commits += 1
            self._is_prepared = True

    def _commit(self, batch: PostgresqlBatch) -> None:
        try:
            batch.commit()
        except BaseException:
            # Perhaps only the answer got lost: then this commit is to be followed like that of another process.
            self.writer = secrets.randbits(62)
            raise

    def _begin(self) -> PostgresqlBatch:
        """Begin a transaction; a connection that was closed while nothing happened is opened again, once."""
        had_one = self._writer is not None
        try:
            return self._begin_once()
        except psycopg.Error as error:
            self._drop_writer()
            if not had_one or not is_gone(error):
                raise
        return self._begin_once()

    def _begin_once(self) -> PostgresqlBatch:
        if self._writer is None:
            self._writer = self._connect()
        cursor = self._writer.cursor()
        position = begin(cursor)
        generation = position - self._own_commits
        if self._looked is None:
            self._looked = position - 1
        return PostgresqlBatch(cursor, generation=generation, position=position, writer=self.writer)

    def _roll_back(self, connection: "psycopg.Connection[Any]") -> None:
        """Undo a transaction; if even that fails, let the connection go, so that the next write opens another."""
        self._partitions.forget()
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            self._drop_writer()

    def _drop_writer(self) -> None:
        connection, self._writer = self._writer, None
        _close(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one committed state for the whole block.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._reported(), self._readers.connect() as connection:
            connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                yield connection
            finally:
                with suppress(DBAPIError):
                    connection.exec_driver_sql("ROLLBACK")

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Give a connection in the one transaction in which tables may be made or changed, kept when the block ends.

        Raises:
            StoreError: the database did not do it; nothing was kept.
        """
        migrator = self._engine({**_WRITER, "lock_timeout": "0", "enable_seqscan": "on"})
        with self._lock, self._reported(), migrator.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            try:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
                yield connection
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                with suppress(DBAPIError):
                    connection.exec_driver_sql("ROLLBACK")
                raise

    def prepare(self, now_ms: int) -> None:
        """Make the months that will be needed, and give back old ones that are empty."""
        with self.writing() as batch:
            self._partitions.prepare(batch.cursor, now_ms)

    def generation(self) -> int:
        """Return a number that changes with every commit of any process."""
        with self._reported(), self._readers.connect() as connection:
            return int(connection.exec_driver_sql(NEXT).scalar() or 0)

    def wait_for_change(self, seconds: float) -> bool:
        """Wait until another process has written since the last look, or the time is over; return whether it has."""
        until = monotonic() + seconds
        while not self._closed.is_set():
            with self._watch_lock, self._reported():
                watcher = self._watching()
                if self._others_wrote(watcher):
                    return True
                rest = until - monotonic()
                if rest <= 0:
                    break
                try:
                    self._listen(watcher, min(rest, LOOK_SECONDS))
                except psycopg.Error as error:
                    if not is_gone(error):
                        raise
        return False

    def _watching(self) -> "psycopg.Connection[Any]":
        """Return a connection to which the server tells of commits; one that was closed meanwhile is opened again."""
        watcher = self._watcher
        if watcher is not None:
            try:
                watcher.execute("SELECT 1")
            except psycopg.Error:
                _close(watcher)
            else:
                return watcher
        self._watcher = None
        watcher = self._connect()
        watcher.execute(f"LISTEN {CHANNEL}")
        self._watcher = watcher
        return watcher

    def _listen(self, watcher: "psycopg.Connection[Any]", seconds: float) -> None:
        """Wait until another process tells that it has written, the time is over, or the store is closed."""
        until = monotonic() + seconds
        while not self._closed.is_set():
            rest = until - monotonic()
            if rest <= 0:
                return
            for notice in watcher.notifies(timeout=min(rest, 0.25), stop_after=1):
                if notice.payload != str(self.writer):
                    return

    def _others_wrote(self, watcher: "psycopg.Connection[Any]") -> bool:
        """Return whether another process has written since the last look."""
        before = self._looked
        cursor = watcher.execute(
            "SELECT max(generation), count(*), bool_or(writer <> %s) FROM changes WHERE generation > %s",
            (self.writer, -1 if before is None else before),
        )
        newest, count, others = cursor.fetchall()[0]
        if newest is None:
            return False
        self._looked = newest
        # Where rows are missing, too much time has passed to know.
        return before is not None and bool(others or count != newest - before)

    def close(self) -> None:
        """Give back every connection."""
        self._closed.set()
        self._watch.close()
        self._readers.dispose()
        with self._lock, self._watch_lock:
            self._drop_writer()
            _close(self._watcher)
            self._watcher = None

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turn errors of PostgreSQL into StoreError; errors that are our own mistake stay what they are."""
        try:
            with self._watch.waiting():
                yield
        except DBAPIError as error:
            found = sentence(error.orig, self._address) if isinstance(error.orig, psycopg.Error) else None
            if found is None:
                raise
            raise StoreError(found) from error
        except psycopg.Error as error:
            found = sentence(error, self._address)
            if found is None:
                raise
            raise StoreError(found) from error
        except PoolTimeoutError as error:
            raise StoreError(
                f"the PostgreSQL server {self._address.server} answers too slowly:"
                f" {READERS + MORE_READERS} questions have been waiting for half a minute"
            ) from error


def _set(connection: "psycopg.Connection[Any]", settings: dict[str, str]) -> None:
    """Fix the settings of a session."""
    calls = ", ".join("set_config(%s, %s, false)" for _ in settings)
    cursor = connection.cursor()
    cursor.execute(f"SELECT {calls}".encode(), [word for pair in settings.items() for word in pair])  # our own words
    cursor.close()


def _close(connection: "psycopg.Connection[Any] | None") -> None:
    if connection is not None:
        with suppress(psycopg.Error):
            connection.close()
