"""Opens the store that a database address names."""

from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from calltally.store import schema
from calltally.store.database import Database, Engine
from calltally.store.sqlite import Sqlite
from calltally.store.store import Store, StoreError


def open_store(url: str, *, zone: str) -> Store:
    """Open a database, made and brought up to date as needed.

    Args:
        url: `sqlite:///path/of/file`, or the path of a SQLite file.
        zone: the site's time zone; days of the roll-ups are days there.

    Raises:
        StoreError: it cannot be opened, is newer than this program, or is of an unknown kind.
    """
    engine = _engine(url)
    try:
        with engine.reading() as connection:
            is_current = schema.is_current(connection)
        if not is_current:
            with engine.migrating() as connection:
                schema.upgrade(connection)
        database = Database(engine, ZoneInfo(zone))
        database.keep_days_of(zone)
    except BaseException:
        engine.close()
        raise
    return database


def _engine(url: str) -> Engine:
    if "://" not in url:
        return Sqlite(Path(url))
    try:
        parts = make_url(url)
    except ArgumentError as error:
        raise StoreError("the database address cannot be read; expected sqlite:///path/of/file") from error
    if parts.get_backend_name() != "sqlite" or not parts.database:
        raise StoreError(
            f"databases of the kind {parts.get_backend_name()!r} are not known; expected sqlite:///path/of/file"
        )
    return Sqlite(Path(parts.database))
