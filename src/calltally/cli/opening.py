"""Opens what a command works on, the same way for every command, whether or not a service runs on the same data.

Commands import this module when they run and not before, for the database takes its time to load.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from calltally.app import Parts, clock_us, existing_parts, known_sources, open_parts
from calltally.engine.memberships import Memberships, memberships_of
from calltally.engine.unfinished import rebuild_advice
from calltally.settings import Settings
from calltally.store.asked import Dimension

__all__ = [
    "Parts",
    "clock_us",
    "existing",
    "known_sources",
    "memberships",
    "opened",
    "rebuild_advice",
    "require_source",
]


@contextmanager
def opened(settings: Settings) -> Iterator[Parts]:
    """Open the database of these settings, making it if it is new; closed when the block ends.

    Raises:
        StoreError: it cannot be used.
    """
    with _closed_after(open_parts(settings)) as parts:
        yield parts


@contextmanager
def existing(settings: Settings) -> Iterator[Parts]:
    """Open the database of these settings, which is there already; closed when the block ends.

    Raises:
        StoreError: it cannot be used, or there is none.
    """
    with _closed_after(existing_parts(settings)) as parts:
        yield parts


@contextmanager
def _closed_after(parts: Parts) -> Iterator[Parts]:
    try:
        yield parts
    finally:
        parts.store.close()


def memberships(parts: Parts) -> Memberships:
    """Return groups and teams as they are now."""
    return memberships_of(parts.store.directory().groups, parts.teams.current())


def require_source(parts: Parts, name: str | None) -> None:
    """Refuse a phone system of which nothing was ever heard and which nothing here knows.

    Raises:
        typer.BadParameter: there is none of this name.
    """
    known = {*known_sources(), *parts.settings.sources, *parts.store.values_of(Dimension.SOURCE)}
    if (
        name is None
        or name in known
        or any(True for _ in parts.store.journal(since_us=None, until_us=None, source=name))
    ):
        return
    raise typer.BadParameter(
        f"there is no source {name!r}; known are {', '.join(sorted(known))}", param_hint="--source"
    )
