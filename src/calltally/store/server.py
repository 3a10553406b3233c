"""A database on a server: connections, durability, and several processes on one database.

One connection writes, guarded by a lock; readers take others from a pool. A write transaction begins by counting up the
number of commits, and so locks a row that every writer wants: writers of all processes come one after the other, and
what a transaction reads behind that is the newest there is. Nothing is left to the server's settings: each connection
says itself what it depends on. What differs from one kind of server to another is its `Driver`'s business.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, RLock
from time import monotonic
from typing import Any, Final, Generic

from sqlalchemy import Connection, CursorResult, Pool, create_engine
from sqlalchemy.engine import Engine as SqlEngine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import NullPool, QueuePool

from calltally.store.driver import AnyLink, Driver, Use
from calltally.store.frozen import FrozenWatch
from calltally.store.server_batch import NEXT, ServerBatch
from calltally.store.server_feed import Feed
from calltally.store.store import REBUILT_ELSEWHERE, StoreError

READERS: Final = 4
MORE_READERS: Final = 12


class Server(Generic[AnyLink]):
    """One database on a server as an engine of a store."""

    def __init__(self, driver: Driver[AnyLink]) -> None:
        """Connect.

        Raises:
            StoreError: this is not possible, or the server is none that calltally can use.
        """
        self._driver = driver
        self.dialect = driver.dialect
        self.writer = secrets.randbits(62)
        self._lock = RLock()
        self._feed_lock = Lock()
        self._writer: AnyLink | None = None
        self._own_commits = 0
        self._closed = Event()
        self._watch = FrozenWatch(driver.is_welcoming)
        self._feed = Feed(driver, lambda: self._connect(Use.WATCHING), self._close)
        self._readers = self._engine(Use.READING, QueuePool, pool_size=READERS, max_overflow=MORE_READERS)
        try:
            with self._reported(), self._readers.connect() as connection:
                driver.examine(connection)
        except BaseException:
            self.close()
            raise

    def _engine(self, use: Use, pool: type[Pool], **limits: int) -> SqlEngine:
        engine = create_engine(
            f"{self._driver.scheme}://",
            creator=lambda: self._connect(use),
            isolation_level="AUTOCOMMIT",
            poolclass=pool,
            pool_reset_on_return=None,
            **limits,
        )
        self._driver.adapt(engine)
        return engine

    def _connect(self, use: Use) -> AnyLink:
        """Return a connection that depends on no setting of the server."""
        link = self._driver.connect()
        try:
            self._watch.add(self._driver.plug(link))
            self._driver.set_up(link, use)
        except BaseException:
            self._close(link)
            raise
        return link

    @contextmanager
    def writing(self) -> Iterator[ServerBatch]:
        """Begin a write transaction; durable when the block ends.

        Raises:
            StoreError: the database did not do it; nothing was kept, unless only the answer to the commit got lost.
        """
        with self._lock, self._reported():
            link, batch = self._begin()
            try:
                self._driver.make_ready(batch.cursor)
                yield batch
                self._commit(link, batch)
            except BaseException:
                self._roll_back(link)
                raise
            self._own_commits += 1

    def _commit(self, link: AnyLink, batch: ServerBatch) -> None:
        last = batch.told(self._driver.now_ms)
        try:
            self._driver.commit(link, batch.cursor, last, writer=self.writer)
        except BaseException:
            # Perhaps only the answer got lost: then this commit is to be followed like that of another process.
            self.writer = secrets.randbits(62)
            raise

    def _begin(self) -> tuple[AnyLink, ServerBatch]:
        """Begin a transaction; a connection that was closed while nothing happened is opened again, once."""
        had_one = self._writer is not None
        try:
            return self._begin_once()
        except StoreError:
            self._drop_writer()
            raise
        except self._driver.errors as error:
            self._drop_writer()
            if not had_one or not self._driver.is_gone(error):
                raise
        return self._begin_once()

    def _begin_once(self) -> tuple[AnyLink, ServerBatch]:
        link = self._writer
        if link is None:
            link = self._writer = self._connect(Use.WRITING)
        cursor, position = self._driver.begin(link)
        self._feed.begin(position - 1)
        generation = position - self._own_commits
        return link, ServerBatch(cursor, generation=generation, position=position, writer=self.writer)

    def _roll_back(self, link: AnyLink) -> None:
        """Undo a transaction; if even that fails, let the connection go, so that the next write opens another."""
        try:
            self._driver.roll_back(link)
        except (self._driver.errors, OSError):
            self._drop_writer()

    def _drop_writer(self) -> None:
        link, self._writer = self._writer, None
        self._close(link)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one committed state for the whole block.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._reported():
            connection, _ = self._asked(self._driver.snapshot)
            with connection:
                try:
                    yield connection
                except BaseException:
                    # Rows may be on their way that nobody wants any more; to read them all could take minutes.
                    connection.invalidate()
                    raise
                try:
                    connection.exec_driver_sql("ROLLBACK")
                except DBAPIError:
                    # All was answered; only the connection is of no use any more.
                    connection.invalidate()

    @contextmanager
    def studying(self) -> Iterator[Connection]:
        """Give a connection that sees one committed state, for questions that take as long as they take.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._reported(), self._engine(Use.STUDYING, NullPool).connect() as connection:
            connection.exec_driver_sql(self._driver.snapshot)
            # What was begun ends with the connection.
            yield connection

    def _asked(self, statement: str) -> tuple[Connection, CursorResult[Any]]:
        """Return a reader's connection with its answer; one that was closed while nothing happened is opened again."""
        for _ in range(READERS + MORE_READERS):
            connection = self._readers.connect()
            try:
                answer = connection.exec_driver_sql(statement)
            except DBAPIError as error:
                connection.close()
                if not error.connection_invalidated:
                    raise
            except BaseException:
                connection.close()
                raise
            else:
                return connection, answer
        raise StoreError(f"the {self._driver.name} server {self._driver.server} ends every connection at once")

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Give a connection on which tables may be made or changed, by one process at a time.

        PostgreSQL keeps it all when the block ends, or nothing. MariaDB keeps each step at once; a step that was
        interrupted is done again.

        Raises:
            StoreError: the database did not do it.
        """
        migrator = self._engine(Use.MIGRATING, NullPool)
        with self._lock, self._reported(), migrator.connect() as connection, self._driver.migrating(connection):
            yield connection

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        """Let one process at a time make all records again; the server lets go of it when the connection ends.

        Raises:
            StoreError: another process does, or the server does not answer.
        """
        with self._reported():
            link = self._connect(Use.STUDYING)
        try:
            with self._reported():
                if not self._driver.alone(link):
                    raise StoreError(REBUILT_ELSEWHERE)
            yield
        finally:
            self._close(link)

    def prepare(self, now_ms: int) -> None:
        """Make ready for what will be written in the weeks after an instant."""
        if self._driver.has_months:
            with self.writing() as batch:
                self._driver.prepare(batch.cursor, now_ms)

    def generation(self) -> int:
        """Return a number that changes with every commit of any process."""
        with self._reported():
            connection, answer = self._asked(NEXT)
            with connection:
                return int(answer.scalar() or 0)

    def wait_for_change(self, seconds: float) -> bool:
        """Wait until another process has written since the last look, or the time is over; return whether it has."""
        until = monotonic() + seconds
        while not self._closed.is_set():
            with self._feed_lock, self._reported():
                if self._feed.has_news(self.writer):
                    return True
                if monotonic() >= until:
                    break
                self._feed.listen(until, self.writer, self._closed)
        return False

    def close(self) -> None:
        """Give back every connection."""
        self._closed.set()
        self._watch.close()
        self._readers.dispose()
        with self._lock, self._feed_lock:
            self._drop_writer()
            self._feed.close()

    def _close(self, link: AnyLink | None) -> None:
        if link is not None:
            with suppress(self._driver.errors, OSError):
                link.close()

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turn errors of the driver into StoreError; errors that are our own mistake stay what they are."""
        try:
            with self._watch.waiting():
                yield
        except (DBAPIError, self._driver.errors) as error:
            found = self._driver.sentence(error.orig if isinstance(error, DBAPIError) else error)
            if found is None:
                raise
            raise StoreError(found) from error
        except PoolTimeoutError as error:
            raise StoreError(
                f"the {self._driver.name} server {self._driver.server} answers too slowly:"
                f" {READERS + MORE_READERS} questions have been waiting for half a minute"
            ) from error
