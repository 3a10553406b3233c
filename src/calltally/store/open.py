"""Opens the store that a database address names."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import URL, Connection, inspect, make_url
from sqlalchemy.exc import ArgumentError

from calltally.store import schema, small, soundness, tables
from calltally.store.carrying import Tables
from calltally.store.database import ZONE_VALUE, Database, Engine
from calltally.store.presence import is_there
from calltally.store.server import Server
from calltally.store.sqlite import Sqlite
from calltally.store.store import Store, StoreError

UNREADABLE: Final = (
    "the database address cannot be read; expected postgresql://user:password@host:5432/database, mysql://... or"
    " sqlite:///path/of/file, with signs such as @ : / % in a password written as %40 %3A %2F %25"
)


def open_store(url: str, *, zone: str) -> Store:
    """Open a database, made and brought up to date as needed.

    Raises as `open_with_tables` does.
    """
    return open_with_tables(url, zone=zone)[0]


def open_with_tables(url: str, *, zone: str) -> tuple[Store, Tables]:
    """Open a database, made and brought up to date as needed, and its tables as they can be carried to another.

    Both are closed with the store.

    Args:
        url: an address as in `database.url`, or the path of a SQLite file.
        zone: the site's time zone; days of the roll-ups are days there.

    Raises:
        StoreError: it cannot be opened, is newer than this program, or is of an unknown kind.
    """
    engine = _engine(url)
    try:
        if not _is_current(engine):
            with engine.migrating() as connection:
                schema.upgrade(connection)
        database = Database(engine, ZoneInfo(zone))
        database.keep_days_of(zone)
    except BaseException:
        engine.close()
        raise
    return database, Tables(engine)


def kept_zone(url: str) -> str | None:
    """Return the time zone whose days a database keeps; `None` if it is none of calltally's.

    Raises:
        StoreError: it cannot be opened.
    """
    if not is_there(url):
        return None
    engine = _engine(url)
    try:
        with engine.reading() as connection:
            if not inspect(connection).has_table(tables.VALUES.name):
                return None
            value = small.value(connection, ZONE_VALUE)
    finally:
        engine.close()
    return None if value is None else value.decode()


@contextmanager
def administering(url: str) -> Iterator[Connection]:
    """Give a connection to a database for what is done once: as its tables are changed, but nothing is made before.

    Raises:
        StoreError: it cannot be opened, or did not do what was asked.
    """
    engine = _engine(url)
    try:
        with engine.migrating() as connection:
            yield connection
    finally:
        engine.close()


def warnings_of(url: str) -> list[str]:
    """Return what should be changed at a database server, as sentences; none for a file.

    Raises:
        StoreError: it cannot be opened.
    """
    if file_of(url) is not None:
        return []
    engine = _engine(url)
    try:
        with engine.reading() as connection:
            return soundness.warnings(connection)
    finally:
        engine.close()


def file_of(url: str) -> Path | None:
    """Return the whole path of a SQLite database, `None` for those on a server."""
    if "://" not in url:
        return Path(url).resolve()
    parts = _parts_of(url)
    return Path(parts.database).resolve() if parts.get_backend_name() == "sqlite" and parts.database else None


def _parts_of(url: str) -> URL:
    """Return what an address says.

    Raises:
        StoreError: it cannot be read, most often because of a password whose signs are not encoded. Nothing of it is
            repeated, because what looks like a host or port may be a part of the password.
    """
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreError(UNREADABLE) from error
    if url.partition("?")[0].count("@") > 1 and parts.get_backend_name() != "sqlite":
        raise StoreError(UNREADABLE)
    return parts


def _is_current(engine: Engine) -> bool:
    """Return whether tables and views are those of this version, as far as can be told beside others.

    Another process may be making them at this very moment, which MariaDB tells as an error; behind the lock it is sure.
    """
    try:
        with engine.reading() as connection:
            return schema.is_current(connection)
    except StoreError:
        return False


def _engine(url: str) -> Engine:
    if "://" not in url:
        return Sqlite(Path(url))
    parts = _parts_of(url)
    if parts.get_backend_name() in {"mysql", "mariadb"}:
        from calltally.store.mariadb import MariaDb  # noqa: PLC0415  its driver is loaded where it is used

        return Server(MariaDb(parts))
    if parts.get_backend_name() == "postgresql":
        from calltally.store.postgresql import Postgresql  # noqa: PLC0415  the same

        return Server(Postgresql(parts))
    if parts.get_backend_name() != "sqlite" or not parts.database:
        raise StoreError(
            f"databases of the kind {parts.get_backend_name()!r} are not known; expected sqlite:///path/of/file"
        )
    return Sqlite(Path(parts.database))
