"""The databases that the suite of stores runs on; each gives fresh, empty ones as often as asked."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol

from calltally.store.open import open_store
from calltally.store.store import Store

ZONE = "Europe/Berlin"


class Kind(Protocol):
    """One kind of database."""

    def fresh(self) -> str:
        """Return the address of an empty database."""
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


@contextmanager
def opened(kind: Kind, *, zone: str = ZONE) -> Iterator[Store]:
    """Give an empty store, closed at the end."""
    with closing(open_store(kind.fresh(), zone=zone)) as store:
        yield store
