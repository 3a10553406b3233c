"""The parts that commands and the service work with: settings, sources, store, teams, and what asks and writes."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from zoneinfo import ZoneInfo

from calltally.engine.converse import Fetch
from calltally.engine.duties import Retention
from calltally.engine.ingest import Applied, Ingest
from calltally.engine.log import log_to_stderr
from calltally.engine.members import naming_agents
from calltally.engine.move import require_whole
from calltally.engine.questions import Questions
from calltally.engine.teams import FILE_NAME, NamedNumbers, Teams
from calltally.settings import Settings
from calltally.sources.source import Remote, Source, Sync, Webhook
from calltally.store.open import file_of, kept_zone, open_store, warnings_of
from calltally.store.store import Store, StoreError


def clock_us() -> int:
    """Return this moment, microseconds since 1970: the only clock of calltally."""
    return time.time_ns() // 1000


def steady_ms() -> int:
    """Return milliseconds on a clock that is never set, and that goes on while the machine sleeps."""
    if hasattr(time, "CLOCK_BOOTTIME"):  # on Linux
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    return time.monotonic_ns() // 1_000_000


def known_sources() -> dict[str, Source]:
    """Return every installed phone system by name.

    Other packages add theirs to the entry points `calltally.sources`.
    """
    found = {point.name: point.load() for point in sorted(entry_points(group="calltally.sources"))}
    return {name: source for name, source in found.items() if isinstance(source, Source)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What commands and the service work with."""

    settings: Settings
    zone: ZoneInfo
    sources: Mapping[str, Source]
    store: Store
    teams: Teams
    questions: Questions

    def ingest(self, committed: Callable[[Applied], None] | None = None) -> Ingest:
        """Return what takes messages in; there is to be one for a process."""
        return Ingest(
            store=self.store,
            parsers={
                name: naming_agents(source.parse, source.members, self.settings.agents)
                for name, source in self.sources.items()
            },
            zone=self.zone,
            clock_us=clock_us,
            committed=committed,
        )

    @property
    def retention(self) -> Retention:
        """How long things are kept."""
        chosen = self.settings.retention
        return Retention(journal_days=chosen.journal_days, records_months=chosen.records_months)

    def webhooks(self) -> dict[str, Webhook]:
        """Return the webhook of every source that receives pushes; one without a section has its defaults."""
        webhooks: dict[str, Webhook] = {}
        for name, source in self.sources.items():
            if source.webhook is not None:
                chosen = self.settings.sources.get(name) or source.settings({})
                webhooks[name] = source.webhook(chosen, self.settings.public_url)
        return webhooks


def open_parts(settings: Settings) -> Parts:
    """Open the store, made if it is new, and put the parts together.

    Raises:
        StoreError: the database cannot be opened.
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _parts(settings)


def has_database(settings: Settings) -> bool:
    """Return whether there is a database already, and calltally's tables are in it; nothing is made.

    Raises:
        StoreError: it cannot be opened.
    """
    return kept_zone(settings.database_url) is not None


def database_file(settings: Settings) -> Path | None:
    """Return the whole path of the file that is the database; `None` for one on a server."""
    return file_of(settings.database_url)


def database_warnings(settings: Settings) -> list[str]:
    """Return what should be changed at the database, as sentences that begin small and end without a stop.

    Raises:
        StoreError: it cannot be opened.
    """
    file = database_file(settings)
    if file is None:
        return warnings_of(settings.database_url)
    if not file.exists() or file.stat().st_nlink == 1:
        return []
    return [
        f"the file {file} has a second name (a hard link), and whatever opens it by that destroys it; delete that name"
    ]


def existing_parts(settings: Settings) -> Parts:
    """Open the store that is there already and put the parts together, for whoever only looks.

    Raises:
        StoreError: the database cannot be opened, or there is none yet.
    """
    if not has_database(settings):
        file = database_file(settings)
        if file is None:
            raise StoreError("nothing of calltally is in the database yet: `calltally serve` makes its tables.")
        raise StoreError(
            f"there is no database in {file.parent}: `calltally serve` makes one. Is the data in another folder?"
            " Name it by --data or CALLTALLY_DATA."
        )
    return _parts(settings)


def _parts(settings: Settings) -> Parts:
    log_to_stderr()  # before anything can fail: a traceback of the library's own would show numbers and names
    zone = ZoneInfo(settings.site.time_zone)
    store = open_store(settings.database_url, zone=settings.site.time_zone)
    try:
        require_whole(store)
    except BaseException:
        store.close()
        raise
    teams = Teams(
        file=settings.data / FILE_NAME,
        fixed=[NamedNumbers(name=team.name, numbers=team.numbers) for team in settings.teams],
        country=settings.site.country,
        clock_seconds=time.monotonic,
    )
    return Parts(
        settings=settings,
        zone=zone,
        sources=known_sources(),
        store=store,
        teams=teams,
        questions=Questions(store, zone, teams.current),
    )


def connected(remote: Remote) -> AbstractAsyncContextManager[Fetch]:
    """Connect to a phone system's own interface with user and password, for a short conversation."""
    from calltally.inlets.rest_poll import connected as connect  # noqa: PLC0415  an HTTP client takes long to load

    return connect(remote)


async def trouble_with(parts: Parts, name: str, sync: Sync) -> str | None:
    """Return what keeps calltally from asking a phone system, as a sentence; `None` if it may ask for everything."""
    from calltally.app.way_in import trouble  # noqa: PLC0415  an HTTP client takes long to load

    return await trouble(parts, name, sync)
