"""Opens what a command works on, the same way for every command, whether or not a service runs on the same data."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from time import monotonic, time_ns
from zoneinfo import ZoneInfo

from calltally.engine.ingest import Ingest
from calltally.engine.memberships import Memberships, memberships_of
from calltally.engine.teams import FILE_NAME, NamedNumbers, Teams
from calltally.settings import Settings
from calltally.sources.source import Source
from calltally.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What commands use."""

    settings: Settings
    zone: ZoneInfo
    store: Store
    ingest: Ingest

    def memberships(self) -> Memberships:
        """Return groups and teams as they are now."""
        return memberships_of(self.store.directory().groups, teams_of(self.settings).current())


@contextmanager
def opened(settings: Settings) -> Iterator[Opened]:
    """Open the database of these settings, making it if it is new; closed when the block ends.

    Raises:
        StoreError: it cannot be used.
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    open_store: Callable[..., Store] = import_module("calltally.store.open").open_store
    zone = ZoneInfo(settings.site.time_zone)
    store = open_store(settings.database_url, zone=zone.key)
    try:
        ingest = Ingest(
            store=store,
            parsers={name: source.parse for name, source in installed_sources().items()},
            zone=zone,
            clock_us=now_us,
        )
        yield Opened(settings=settings, zone=zone, store=store, ingest=ingest)
    finally:
        store.close()


def installed_sources() -> dict[str, Source]:
    """Return every installed phone system by its name."""
    return {found.name: found.load() for found in entry_points(group="calltally.sources")}


def teams_of(settings: Settings) -> Teams:
    """Return the teams of this site."""
    fixed = [NamedNumbers(name=team.name, numbers=team.numbers) for team in settings.teams]
    file = settings.data / FILE_NAME
    return Teams(file=file, fixed=fixed, country=settings.site.country, clock_seconds=monotonic)


def now_us() -> int:
    """Return the instant of this moment."""
    return time_ns() // 1000
