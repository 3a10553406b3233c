"""MariaDB as a server: its connections, and how its transactions begin and end; of commits it cannot tell."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from threading import Event
from typing import Any, Final

import pymysql
from pymysql.constants import CR, SERVER_STATUS
from sqlalchemy import URL, Connection, event
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql
from sqlalchemy.engine import Engine as SqlEngine
from sqlalchemy.engine import ExecutionContext

from calltally.store.driver import READ_SECONDS, STILL_SECONDS, WELCOME_SECONDS, Use
from calltally.store.mariadb_address import CONNECT_SECONDS, Address, address_from
from calltally.store.mariadb_errors import PATIENCE_SECONDS, is_gone, number_of, sentence
from calltally.store.mariadb_statements import MariaDbDialect
from calltally.store.rows import Row
from calltally.store.statements import Cursor
from calltally.store.store import StoreError

SILENT_SECONDS: Final = 900
"""How long a statement may take before its connection counts as lost."""
MIGRATION_SECONDS: Final = 600
"""How long to wait for another process that makes or changes the tables."""
LONGEST_REBUILD_SECONDS: Final = 31_536_000
"""So long a connection may stand still that only holds the lock of a rebuild: a year, the longest there is."""
OLDEST: Final = (10, 11)

_NUMBERED: Final = "UPDATE counters SET next = LAST_INSERT_ID(next + 1) WHERE name = 'generation'"
_FIRST: Final = "INSERT INTO counters (name, next) VALUES ('generation', 0) ON DUPLICATE KEY UPDATE next = next"

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


class MariaDb:
    """One database on a MariaDB server."""

    name: Final = "MariaDB"
    scheme: Final = "mysql+pymysql"
    errors: Final = pymysql.MySQLError
    snapshot: Final = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
    now_ms: Final = "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)"
    look_seconds: Final = 0.25
    has_months: Final = False
    """Its tables are in one part."""

    def __init__(self, url: URL) -> None:
        """Take the address.

        Raises:
            StoreError: something is missing in it, or is not understood.
        """
        self._address: Address = address_from(url)
        self.server = self._address.server
        self.dialect = MariaDbDialect(MySQLDialect_pymysql().identifier_preparer.quote)

    def connect(self) -> "pymysql.Connection[Any]":
        """Return a connection on which every statement is its own transaction."""
        return self._welcomed(CONNECT_SECONDS)

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

    def set_up(self, link: "pymysql.Connection[Any]", use: Use) -> None:
        """Fix the settings of a session."""
        _keep_alive(self.plug(link))
        with link.cursor() as cursor:
            for statement in _SESSION:
                cursor.execute(statement)
            if use is Use.READING:
                cursor.execute(f"SET SESSION max_statement_time = {READ_SECONDS}")
        if use is Use.WRITING:
            link.autocommit(value=False)

    def plug(self, link: "pymysql.Connection[Any]") -> socket.socket:
        """Return the socket of a connection."""
        plug: socket.socket = link._sock  # type: ignore[attr-defined]  # noqa: SLF001  the driver does not show it
        return plug

    def adapt(self, engine: SqlEngine) -> None:
        """Give questions whose rows are streamed all the time they need.

        Theirs is over when the last row is fetched, and who asked may take as long as they like for each.
        """
        event.listen(engine, "before_cursor_execute", _unlimited_if_streamed, retval=True)

    def is_welcoming(self) -> bool:
        """Return whether the server answers a new connection, be it by refusing it."""
        try:
            self._welcomed(WELCOME_SECONDS).close()
        except pymysql.MySQLError as error:
            return "timed out" not in str(error)
        return True

    def examine(self, connection: Connection) -> None:
        """Look whether this is a server that we can use, and learn its limits."""
        version, packet = connection.exec_driver_sql("SELECT VERSION(), @@max_allowed_packet").one()
        numbers = tuple(int(number) for number in version.partition("-")[0].split(".")[:2])
        if "mariadb" not in version.lower() or numbers < OLDEST:
            raise StoreError(
                f"the server {self.server} is {version}; MariaDB {'.'.join(map(str, OLDEST))} or later is needed"
            )
        # A character takes up to four bytes, most of them one; a statement that is too long is told by the server.
        self.dialect.longest_statement = min(int(packet) // 2, 8_000_000)

    def begin(self, link: "pymysql.Connection[Any]") -> tuple[Cursor, int]:
        """Begin a transaction: wait for every other writer, and return the number of this commit."""
        cursor: Any = link.cursor()  # the driver's published types say less of it than we use
        if cursor.execute(_NUMBERED) == 0:
            # Each of several that found nothing holds the gap in which all want to write: let go before, and after.
            link.rollback()
            cursor.execute(_FIRST)
            link.commit()
            cursor.execute(_NUMBERED)
        status: int = getattr(link, "server_status", 0)  # the same
        if status & SERVER_STATUS.SERVER_STATUS_NO_BACKSLASH_ESCAPES:
            raise StoreError(f"something between calltally and {self.server} changed the session's sql_mode")
        return cursor, int(cursor.lastrowid)

    def make_ready(self, cursor: Cursor) -> None:
        """Do nothing."""

    def commit(self, link: "pymysql.Connection[Any]", cursor: Cursor, last: list[str], *, writer: int) -> None:  # noqa: ARG002  the protocol's signature
        """Run the last statements of a transaction, and make it all durable."""
        for statement in last:
            cursor.execute(statement)
        link.commit()

    def roll_back(self, link: "pymysql.Connection[Any]") -> None:
        """Undo a transaction."""
        link.rollback()

    def prepare(self, cursor: Cursor, now_ms: int) -> None:
        """Do nothing."""

    @contextmanager
    def migrating(self, connection: Connection) -> Iterator[None]:
        """Let one process at a time make or change tables. Each step is kept at once."""
        got = connection.exec_driver_sql(
            f"SELECT GET_LOCK('{self._lock_name('calltally')}', {MIGRATION_SECONDS})"
        ).scalar()
        if got != 1:
            raise StoreError("another calltally has been changing the tables for ten minutes; try again later")
        # The lock ends with the connection.
        yield

    def _lock_name(self, what: str) -> str:
        """Return the name of a lock of this database; locks are those of the whole server."""
        return f"{what}:{blake2b(self._address.database.encode(), digest_size=16).hexdigest()}"

    def alone(self, link: "pymysql.Connection[Any]") -> bool:
        """Return whether no other connection makes all records again. The lock ends with the connection."""
        with link.cursor() as cursor:
            cursor.execute(f"SET SESSION wait_timeout = {LONGEST_REBUILD_SECONDS}")
            cursor.execute(f"SELECT GET_LOCK('{self._lock_name('calltally-rebuild')}', 0)")
            row = cursor.fetchone()
        return row is not None and row[0] == 1

    def rows(self, link: "pymysql.Connection[Any]", question: str) -> list[Row]:
        """Return what a connection that is in no transaction answers to a question."""
        with link.cursor() as cursor:
            cursor.execute(question)
            return list(cursor.fetchall())

    def listen(self, link: "pymysql.Connection[Any]", seconds: float, *, writer: int, closed: Event) -> None:  # noqa: ARG002  the protocol's signature
        """Wait until the time is over, or nobody wants to know any more."""
        closed.wait(seconds)

    def is_gone(self, error: Exception) -> bool:
        """Return whether an error means that the connection is of no use any more."""
        return isinstance(error, pymysql.MySQLError) and is_gone(error)

    def sentence(self, error: BaseException | None) -> str | None:
        """Return what an administrator can do about an error."""
        return sentence(error, self._address) if isinstance(error, pymysql.MySQLError) else None


def _unlimited_if_streamed(
    _connection: Connection,
    _cursor: object,
    statement: str,
    parameters: object,
    context: ExecutionContext,
    _is_many: bool,  # noqa: FBT001  the same
) -> tuple[str, object]:
    """Return a statement, without a limit of time if its rows are streamed."""
    if context.execution_options.get("stream_results"):
        statement = f"SET STATEMENT max_statement_time = 0 FOR {statement}"
    return statement, parameters


def _keep_alive(plug: socket.socket) -> None:
    """Let the system notice within half a minute that nobody is at the other end any more."""
    if plug.family == socket.AF_UNIX:
        return
    for name, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 4), ("TCP_USER_TIMEOUT", 30_000)):
        option = getattr(socket, name, None)
        if option is not None:
            plug.setsockopt(socket.IPPROTO_TCP, option, value)
