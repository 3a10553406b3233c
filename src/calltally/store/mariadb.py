"""MariaDB: connections, durability, and several processes on one database.

One connection writes, guarded by a lock; readers take others from a pool. A write transaction begins by counting up the
number of commits, and so locks a row that every writer wants: writers of all processes come one after the other, and
what a transaction reads behind that is the newest there is. Nothing is left to the server's settings: each connection
says its time zone, modes, character set and isolation itself.
"""

import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from threading import Event, Lock, RLock
from time import monotonic
from typing import Any, Final

import pymysql
from pymysql.constants import CR, SERVER_STATUS
from sqlalchemy import URL, Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import NullPool, QueuePool

from calltally.store.frozen import FrozenWatch
from calltally.store.mariadb_address import CONNECT_SECONDS, Address, address_from
from calltally.store.mariadb_batch import MariaDbBatch, next_position
from calltally.store.mariadb_errors import PATIENCE_SECONDS, is_gone, number_of, sentence
from calltally.store.mariadb_statements import MariaDbDialect
from calltally.store.rows import Row
from calltally.store.store import StoreError

READERS: Final = 4
MORE_READERS: Final = 12
STILL_SECONDS: Final = 120
"""How long a write transaction may stand still, for instance because its process was stopped, before it is undone."""
SILENT_SECONDS: Final = 900
"""How long a statement may take before its connection counts as lost."""
MIGRATION_SECONDS: Final = 600
"""How long to wait for another process that makes or changes the tables."""
WELCOME_SECONDS: Final = 3
"""How long a server that is there may take to welcome a connection, while another waits for an answer."""
LOOK_SECONDS: Final = 0.25
"""How often is looked whether another process has written; MariaDB cannot tell by itself."""
OLDEST: Final = (10, 11)

_MODES: Final = "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
"""No `ANSI_QUOTES` and no `NO_BACKSLASH_ESCAPES`: `mariadb_statements` prints texts for a session without them."""
_ALWAYS: Final = {
    "time_zone": "'+00:00'",
    "sql_mode": f"'{_MODES}'",
    "sql_auto_is_null": "0",
    "sql_safe_updates": "0",
    "sql_big_selects": "1",
    "sql_select_limit": "DEFAULT",
    "default_regex_flags": "''",
    "wait_timeout": "28800",
    "lock_wait_timeout": "60",
    "max_statement_time": "0",
    "innodb_lock_wait_timeout": str(PATIENCE_SECONDS),
    "idle_write_transaction_timeout": str(STILL_SECONDS),
    # Else long lists would become joins.
    "in_predicate_conversion_threshold": "0",
}
_SESSION: Final = (
    f"SET SESSION {', '.join(f'{name} = {value}' for name, value in _ALWAYS.items())}",
    # Writers need nothing stricter, as they come one after the other, and less would not go with every binary log.
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
)
_SNAPSHOT: Final = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"


class MariaDb:
    """One database on a MariaDB server as an engine of a store."""

    def __init__(self, url: URL) -> None:
        """Connect.

        Raises:
            StoreError: this is not possible, or the server is none that calltally can use.
        """
        self._address: Address = address_from(url)
        self._lock = RLock()
        self._watch_lock = Lock()
        self._writer: pymysql.Connection[Any] | None = None
        self._watcher: pymysql.Connection[Any] | None = None
        self.writer = secrets.randbits(62)
        self._own_commits = 0
        self._closed = Event()
        self._looked: int | None = None
        self._watch = FrozenWatch(self._is_welcoming)
        self._readers = create_engine(
            "mysql+pymysql://",
            creator=self._connect,
            isolation_level="AUTOCOMMIT",
            poolclass=QueuePool,
            pool_size=READERS,
            max_overflow=MORE_READERS,
            pool_reset_on_return=None,
        )
        self.dialect = MariaDbDialect(self._readers.dialect.identifier_preparer.quote)
        with self._reported():
            self._examine()

    def _examine(self) -> None:
        """Look whether this is a server that we can use, and learn its limits."""
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT VERSION(), @@max_allowed_packet")
            ((version, packet),) = cursor.fetchall()
        numbers = tuple(int(number) for number in version.partition("-")[0].split(".")[:2])
        if "mariadb" not in version.lower() or numbers < OLDEST:
            raise StoreError(
                f"the server {self._address.server} is {version};"
                f" MariaDB {'.'.join(map(str, OLDEST))} or later is needed"
            )
        # A character takes up to four bytes, most of them one; a statement that is too long is told by the server.
        self.dialect.longest_statement = min(int(packet) // 2, 8_000_000)

    def _connect(self) -> "pymysql.Connection[Any]":
        """Return a connection that depends on no setting of the server; every statement is its own transaction."""
        connection = self._welcomed(CONNECT_SECONDS)
        try:
            _keep_alive(connection)
            self._watch.add(_socket_of(connection))
            with connection.cursor() as cursor:
                for statement in _SESSION:
                    cursor.execute(statement)
        except BaseException:
            connection.close()
            raise
        return connection

    def _welcomed(self, seconds: int) -> "pymysql.Connection[Any]":
        """Return a connection to which the server has said who it is, within so many seconds.

        The driver waits no longer for the network than `connect_timeout`, but for the server as for any answer.
        """
        try:
            connection = pymysql.connect(
                **{**self._address.arguments, "connect_timeout": seconds},
                collation="utf8mb4_nopad_bin",
                autocommit=True,
                read_timeout=seconds,
                write_timeout=SILENT_SECONDS,
                program_name="calltally",
            )
        except pymysql.OperationalError as error:
            if number_of(error) != CR.CR_SERVER_LOST:
                raise
            raise pymysql.OperationalError(CR.CR_CONN_HOST_ERROR, str(error.args[1])) from error
        connection._read_timeout = SILENT_SECONDS  # type: ignore[attr-defined]  # noqa: SLF001  there is no other way
        return connection

    def _is_welcoming(self) -> bool:
        """Return whether the server answers a new connection, be it by refusing it."""
        try:
            self._welcomed(WELCOME_SECONDS).close()
        except pymysql.MySQLError as error:
            return "timed out" not in str(error)
        return True

    @contextmanager
    def writing(self) -> Iterator[MariaDbBatch]:
        """Begin a write transaction; durable when the block ends.

        Raises:
            StoreError: the database did not do it; nothing was kept, unless only the answer to the commit got lost.
        """
        with self._lock, self._reported():
            batch = self._begin()
            try:
                yield batch
                self._commit(batch)
            except BaseException:
                self._roll_back(batch.connection)
                raise
            self._own_commits += 1

    def _commit(self, batch: MariaDbBatch) -> None:
        try:
            batch.commit()
        except BaseException:
            # Perhaps only the answer got lost: then this commit is to be followed like that of another process.
            self.writer = secrets.randbits(62)
            raise

    def _begin(self) -> MariaDbBatch:
        """Begin a transaction; a connection that was closed while nothing happened is opened again, once."""
        had_one = self._writer is not None
        try:
            return self._begin_once()
        except pymysql.MySQLError as error:
            self._drop_writer()
            if not had_one or not is_gone(error):
                raise
        return self._begin_once()

    def _begin_once(self) -> MariaDbBatch:
        connection = self._writer
        if connection is None:
            connection = self._writer = self._connect()
            connection.autocommit(value=False)
        cursor = connection.cursor()
        position = next_position(cursor)
        status: int = getattr(connection, "server_status", 0)  # the driver's published types lack it
        if status & SERVER_STATUS.SERVER_STATUS_NO_BACKSLASH_ESCAPES:
            self._drop_writer()
            raise StoreError(f"something between calltally and {self._address.server} changed the session's sql_mode")
        generation = position - self._own_commits
        if self._looked is None:
            self._looked = position - 1
        return MariaDbBatch(connection, cursor, generation=generation, position=position, writer=self.writer)

    def _roll_back(self, connection: "pymysql.Connection[Any]") -> None:
        """Undo a transaction; if even that fails, let the connection go, so that the next write opens another."""
        try:
            connection.rollback()
        except (pymysql.MySQLError, OSError):
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
        with self._reported():
            connection = self._begin_reading()
            try:
                yield connection
                connection.exec_driver_sql("ROLLBACK")
            except BaseException:
                # Rows may be on their way that nobody wants any more; to read them all could take minutes.
                connection.invalidate()
                raise
            finally:
                connection.close()

    def _begin_reading(self) -> Connection:
        """Return a connection with a snapshot; one that was closed while nothing happened is opened again."""
        for _ in range(READERS + MORE_READERS):
            connection = self._readers.connect()
            try:
                connection.exec_driver_sql(_SNAPSHOT)
            except DBAPIError as error:
                connection.close()
                if not error.connection_invalidated:
                    raise
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise StoreError(f"the MariaDB server {self._address.server} ends every connection at once")

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Give a connection on which tables may be made or changed, by one process at a time.

        MariaDB keeps each step at once; a step that was interrupted is done again.

        Raises:
            StoreError: the database did not do it.
        """
        name = "calltally:" + blake2b(self._address.database.encode(), digest_size=16).hexdigest()
        migrator = create_engine(
            "mysql+pymysql://", creator=self._connect, isolation_level="AUTOCOMMIT", poolclass=NullPool
        )
        with self._reported(), migrator.connect() as connection:
            got = connection.exec_driver_sql(f"SELECT GET_LOCK('{name}', {MIGRATION_SECONDS})").scalar()
            if got != 1:
                raise StoreError("another calltally has been changing the tables for ten minutes; try again later")
            # The lock ends with the connection.
            yield connection

    def prepare(self, now_ms: int) -> None:
        """Do nothing: its tables are in one part."""

    def generation(self) -> int:
        """Return a number that changes with every commit of any process."""
        rows = self._looked_up("SELECT next FROM counters WHERE name = 'generation'")
        return int(rows[0][0]) if rows else 0

    def wait_for_change(self, seconds: float) -> bool:
        """Wait until another process has written since the last look, or the time is over; return whether it has."""
        until = monotonic() + seconds
        while not self._closed.is_set():
            if self._others_wrote():
                return True
            rest = until - monotonic()
            if rest <= 0:
                break
            self._closed.wait(min(rest, LOOK_SECONDS))
        return False

    def _others_wrote(self) -> bool:
        """Return whether another process has written since the last look."""
        before = self._looked
        since = -1 if before is None else before
        ((newest, count, others),) = self._looked_up(
            f"SELECT MAX(generation), COUNT(*), SUM(writer <> {self.writer:d}) FROM changes WHERE generation > {since:d}"  # noqa: S608, E501  our own numbers
        )
        if newest is None:
            return False
        self._looked = newest
        # Where rows are missing, too much time has passed to know.
        return before is not None and bool(others or count != newest - before)

    def _looked_up(self, question: str) -> Sequence[Row]:
        """Return the rows of a question that is asked often, on a connection of its own."""
        with self._watch_lock, self._reported():
            for is_last in (False, True):
                try:
                    if self._watcher is None:
                        self._watcher = self._connect()
                    with self._watcher.cursor() as cursor:
                        cursor.execute(question)
                        rows: Sequence[Row] = cursor.fetchall()
                except pymysql.MySQLError as error:
                    _close(self._watcher)
                    self._watcher = None
                    if is_last or not is_gone(error):
                        raise
                else:
                    return rows
        return ()

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
        """Turn errors of MariaDB into StoreError; errors that are our own mistake stay what they are."""
        try:
            with self._watch.waiting():
                yield
        except DBAPIError as error:
            found = sentence(error.orig, self._address) if isinstance(error.orig, pymysql.MySQLError) else None
            if found is None:
                raise
            raise StoreError(found) from error
        except pymysql.MySQLError as error:
            found = sentence(error, self._address)
            if found is None:
                raise
            raise StoreError(found) from error
        except PoolTimeoutError as error:
            raise StoreError(
                f"the MariaDB server {self._address.server} answers too slowly:"
                f" {READERS + MORE_READERS} questions have been waiting for half a minute"
            ) from error


def _keep_alive(connection: "pymysql.Connection[Any]") -> None:
    """Let the system notice within half a minute that nobody is at the other end any more."""
    plug = _socket_of(connection)
    if plug.family == socket.AF_UNIX:
        return
    for name, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 4), ("TCP_USER_TIMEOUT", 30_000)):
        option = getattr(socket, name, None)
        if option is not None:
            plug.setsockopt(socket.IPPROTO_TCP, option, value)


def _socket_of(connection: "pymysql.Connection[Any]") -> socket.socket:
    plug: socket.socket = connection._sock  # type: ignore[attr-defined]  # noqa: SLF001  the driver does not show it
    return plug


def _close(connection: "pymysql.Connection[Any] | None") -> None:
    if connection is not None:
        with suppress(pymysql.MySQLError, OSError):
            connection.close()
