"""SQLite: connections, durability, and its errors in words an administrator can act on.

Write-ahead log with `synchronous=FULL`: a commit is on the disk before it returns. One connection writes, guarded by a
lock; readers take others from a small pool, see only committed data and never wait for the writer.
"""

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, RLock
from typing import Final

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool
from sqlalchemy.sql.selectable import FromClause

from calltally.store.file_lock import held
from calltally.store.sqlite_statements import SqliteDialect
from calltally.store.statements import Cursor
from calltally.store.store import REBUILT_ELSEWHERE, StoreError

PATIENCE_SECONDS: Final = 5.0
"""How long a write waits for another process to finish its own."""

READERS: Final = 4
MORE_READERS: Final = 12
KEPT_STATEMENTS = 1_000
WRITER_CACHE_KIB: Final = 16_384
READER_CACHE_KIB: Final = 4_096
CHECKPOINT_PAGES: Final = 4_000
"""Pages in the write-ahead log (16 MB) after which it is written back: rarely, as most pages change again and again."""

REBUILD_LOCK: Final = ".rebuild.lock"
"""What is added to the whole name of the file; the lock lies beside it, as SQLite locks the file itself."""

LOOK_SECONDS: Final = 0.25
"""How often is looked whether another process has written; SQLite cannot tell by itself."""

_OLDEST: Final = (3, 35, 0)


@dataclass(frozen=True, slots=True)
class SqliteBatch:
    """A write transaction. SQLite tells that another process has written, but not what."""

    cursor: Cursor
    generation: int
    position: int = 0

    def changed_since(self, position: int) -> None:  # noqa: ARG002  the protocol's signature
        """Return that anything may have changed."""
        return

    def tell(self, flow_ids: Iterable[int] | None) -> None:
        """Do nothing: other processes only see that something was written."""


class _Compiler(SQLiteCompiler):
    """Prints the hints of queries, so that plans are fixed and need no statistics."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:  # noqa: ARG002  SQLAlchemy's signature
        """Return what follows the name of a table."""
        return text


class Sqlite:
    """One SQLite file as an engine of a store."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises:
            StoreError: this is not possible.
        """
        if sqlite3.sqlite_version_info < _OLDEST:
            raise StoreError(f"Python here was built with SQLite {sqlite3.sqlite_version}; 3.35 or later is needed")
        self.path = path.absolute()
        self._lock = RLock()
        self._watch_lock = Lock()
        self._writer: sqlite3.Connection | None = None
        self._file: _Identity | None = None
        self._log: _Identity | None = None
        self._watcher: sqlite3.Connection | None = None
        self._opened = 0
        self._watched = 0
        self._closed = Event()
        self.writer = None  # the commits of a file are not numbered
        self._looked: int | None = None
        self._looked_wide: int | None = None
        with self._reported():
            self._create()
        self._readers = create_engine(
            URL.create("sqlite", database=str(self.path)),
            isolation_level="AUTOCOMMIT",
            poolclass=QueuePool,
            pool_size=READERS,
            max_overflow=MORE_READERS,
            connect_args={"check_same_thread": False, "timeout": PATIENCE_SECONDS},
        )
        self._readers.dialect.statement_compiler = _Compiler
        event.listen(self._readers, "connect", _prepare_reader)
        self.dialect = SqliteDialect(self._readers.dialect.identifier_preparer.quote)

    def _create(self) -> None:
        if not self.path.parent.is_dir():
            raise StoreError(f"the folder {self.path.parent} of the database does not exist; create it")
        if not self.path.exists():
            with suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with closing(self._connect()) as connection:
            until = time.monotonic() + PATIENCE_SECONDS
            while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                try:
                    connection.execute("PRAGMA journal_mode = wal")
                except sqlite3.OperationalError:
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.02)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self.path,
            timeout=PATIENCE_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=KEPT_STATEMENTS,
        )

    @contextmanager
    def writing(self) -> Iterator[SqliteBatch]:
        """Begin a write transaction; durable when the block ends.

        Raises:
            StoreError: the database did not do it; nothing was kept.
        """
        with self._lock, self._reported():
            connection = self._writer or self._open_writer()
            try:
                connection.execute("BEGIN IMMEDIATE")
                self._require_in_place()
                generation = self._written_by_others(connection)
                if self._looked is None:
                    self._looked = generation
                yield SqliteBatch(connection.cursor(), generation)
                connection.execute("COMMIT")
            except BaseException:
                self._roll_back(connection)
                raise

    def _require_in_place(self) -> None:
        """Raise StoreError if what the writer has open is not what stands under its name.

        Nobody would ever find what is written then: a file that was deleted lives on until the last one closes it.
        """
        try:
            file, log = _identity(self.path), _identity(self.path.resolve(), "-wal")
        except FileNotFoundError as missing:
            raise StoreError(_MISPLACED.format(missing.filename)) from missing
        self._file, self._log = self._file or file, self._log or log
        if file != self._file:
            raise StoreError(_MISPLACED.format(self.path))
        if log != self._log:
            raise StoreError(_MISPLACED.format(f"{self.path}-wal"))

    def _written_by_others(self, writer: sqlite3.Connection) -> int:
        """Return a number that changes with every commit that is not the writer's own."""
        version = writer.execute("PRAGMA data_version").fetchone()[0]
        return (self._opened << 32) + int(version)

    def _open_writer(self) -> sqlite3.Connection:
        connection = self._connect()
        connection.execute("PRAGMA synchronous = FULL")
        # A statement with several rows notes the pages it changes; without this it writes them to a file each time.
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA cache_size = -{WRITER_CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        self._writer = connection
        self._opened += 1
        return connection

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        """Undo a transaction; if even that fails, let the connection go, so that the next write opens another."""
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._writer = self._log = None
            with suppress(sqlite3.Error):
                connection.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one committed state for the whole block.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._reported(), self._readers.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            try:
                yield connection
            finally:
                with suppress(DBAPIError):
                    connection.exec_driver_sql("ROLLBACK")

    studying = reading
    """A file lets every question take as long as it takes."""

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Give a connection in the one transaction in which tables may be made or changed, kept when the block ends.

        Raises:
            StoreError: the database did not do it; nothing was kept.
        """
        migrator = create_engine(
            URL.create("sqlite", database=str(self.path)),
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
            connect_args={"timeout": PATIENCE_SECONDS},
        )
        with self._lock, self._reported(), migrator.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                with suppress(DBAPIError):
                    connection.exec_driver_sql("ROLLBACK")
                raise

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        """Let one process at a time make all records again; a killed process lets go of the lock by itself.

        Raises:
            StoreError: another process does, or there can be no lock beside the file.
        """
        with held(Path(f"{self.path.resolve()}{REBUILD_LOCK}"), REBUILT_ELSEWHERE):
            yield

    def prepare(self, now_ms: int) -> None:
        """Do nothing: a file is always ready."""

    def generation(self) -> int:
        """Return a number that changes with every commit of any connection."""
        with self._watch_lock, self._reported():
            if self._watcher is None:
                self._watcher = self._connect()
                self._watched += 1
            version = self._watcher.execute("PRAGMA data_version").fetchone()[0]
            return (self._watched << 32) + int(version)

    def wait_for_change(self, seconds: float) -> bool:
        """Wait until another process has written since the last look, or the time is over; return whether it has."""
        until = time.monotonic() + seconds
        while not self._closed.is_set():
            if self._others_wrote():
                return True
            rest = until - time.monotonic()
            if rest <= 0:
                break
            self._closed.wait(min(rest, LOOK_SECONDS))
        return False

    def _others_wrote(self) -> bool:
        """Return whether another process has written since the last look; the writer is only asked if anybody has."""
        wide = self.generation()
        if wide == self._looked_wide:
            return False
        with self._lock, self._reported():
            version = self._written_by_others(self._writer or self._open_writer())
        before, self._looked, self._looked_wide = self._looked, version, wide
        return before not in {None, version}

    def close(self) -> None:
        """Write the log back and give back every connection."""
        self._closed.set()
        self._readers.dispose()
        with self._lock, self._watch_lock:
            for connection in (self._watcher, self._writer):
                if connection is not None:
                    with suppress(sqlite3.Error):
                        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    connection.close()
            self._watcher = self._writer = self._file = self._log = None

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turn errors of SQLite into StoreError; errors that are our own mistake stay what they are."""
        try:
            yield
        except DBAPIError as error:
            if not isinstance(error.orig, sqlite3.Error):
                raise
            sentence = self._sentence(error.orig)
            if sentence is None:
                raise
            raise StoreError(sentence) from error
        except sqlite3.Error as error:
            sentence = self._sentence(error)
            if sentence is None:
                raise
            raise StoreError(sentence) from error
        except OSError as error:
            raise StoreError(f"the database {self.path} cannot be opened: {error.strerror}") from error

    def _sentence(self, error: sqlite3.Error) -> str | None:
        code = getattr(error, "sqlite_errorcode", None)
        words = _SENTENCES.get(code & 0xFF) if isinstance(code, int) else None
        return None if words is None else f"the database {self.path} {words} (SQLite: {error})"


_Identity = tuple[int, int]
"""Tells a file on this machine from every other one that exists."""


def _identity(path: Path, ending: str = "") -> _Identity:
    found = os.stat(f"{path}{ending}")  # noqa: PTH116  quicker, and asked with every commit
    return found.st_dev, found.st_ino


_MISPLACED: Final = (
    "the database file {} was deleted, moved or replaced while calltally works with it, so that nothing more can be"
    " kept; put it back as it was, or start calltally again"
)


def _prepare_reader(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA query_only = ON")
    connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB}")


_SENTENCES: Final = {
    sqlite3.SQLITE_BUSY: f"is locked by another program for more than {PATIENCE_SECONDS:.0f} seconds; "
    "end that program, or wait until it is done",
    sqlite3.SQLITE_LOCKED: "is locked by another program; end that program, or wait until it is done",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full; free some space, and calltally goes on by itself",
    sqlite3.SQLITE_IOERR: "could not be read or written; check the disk and its cables or network",
    sqlite3.SQLITE_CORRUPT: "is damaged; stop calltally, keep a copy of the file, and restore the last backup",
    sqlite3.SQLITE_NOTADB: "is not a database; check the path in the settings",
    sqlite3.SQLITE_READONLY: "must not be written by this user; check the owner and mode of the file and of its folder",
    sqlite3.SQLITE_PERM: "must not be opened by this user; check the owner and mode of the file and of its folder",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that its folder exists and belongs to the user of calltally",
    sqlite3.SQLITE_NOMEM: "needs more memory than this machine has left",
    sqlite3.SQLITE_PROTOCOL: "is used by too many programs at once; try again",
}
