"""The databases that the suite of stores runs on; each gives fresh, empty ones as often as asked."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol

from calltally.store.open import open_store
from calltally.store.store import Store
from tests.servers import Server

ZONE = "Europe/Berlin"


class Kind(Protocol):
    """One kind of database."""

    def fresh(self) -> str:
        """Return the address of an empty database."""
        ...

    def give_back(self, url: str) -> None:
        """Take a database that nobody needs any more."""
        ...


class SqliteFiles:
    """SQLite files in a folder, copied from one that is made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._empty = folder / "empty.db"
        open_store(str(self._empty), zone=ZONE).close()

    def fresh(self) -> str:
        """Return the address of an empty database."""
        path = self._folder / f"{next(self._numbers)}.db"
        shutil.copy(self._empty, path)
        return f"sqlite:///{path}"

    def give_back(self, url: str) -> None:
        """Delete a database that nobody needs any more."""
        Path(url.removeprefix("sqlite:///")).unlink()


class PostgresqlDatabases:
    """Databases on a PostgreSQL server of our own, copied from one that is made once."""

    def __init__(self, server: Server) -> None:
        self._server = server
        empty = server.fresh_database()
        with closing(open_store(empty, zone=ZONE)) as store, store.write():
            pass  # so the months around today are there already
        self._template = empty.rpartition("/")[2]

    def fresh(self) -> str:
        """Return the address of an empty database."""
        return self._server.fresh_database(template=self._template)

    def give_back(self, url: str) -> None:
        """Delete a database that nobody needs any more."""
        self._server.ask(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")


class MariaDbDatabases:
    """Databases on a MariaDB server of our own; to make one takes a second, so those given back are emptied."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._free: list[str] = []
        self._empty = self._name(self._made())
        made = f"table_schema = '{self._empty}' AND table_type = 'BASE TABLE'"
        found = server.ask(f"SELECT table_name FROM information_schema.tables WHERE {made}")  # noqa: S608  our own names
        self._tables = [table for (table,) in found]

    def fresh(self) -> str:
        """Return the address of an empty database."""
        if not self._free:
            return self._made()
        url = self._free.pop()
        empty = (f"DELETE FROM `{table}`" for table in self._tables)  # noqa: S608  our own names
        refill = (f"INSERT INTO `{table}` SELECT * FROM {self._empty}.`{table}`" for table in self._tables)  # noqa: S608  our own names
        self._server.run(["START TRANSACTION", *empty, *refill, "COMMIT"], self._name(url))
        return url

    def give_back(self, url: str) -> None:
        """Take a database that nobody needs any more."""
        self._free.append(url)

    def _made(self) -> str:
        url = self._server.fresh_database()
        open_store(url, zone=ZONE).close()
        return url

    @staticmethod
    def _name(url: str) -> str:
        return url.rpartition("/")[2]


@contextmanager
def opened(kind: Kind, *, zone: str = ZONE) -> Iterator[Store]:
    """Give an empty store, closed at the end."""
    url = kind.fresh()
    with closing(open_store(url, zone=zone)) as store:
        yield store
    kind.give_back(url)
