"""`GET /metrics`: made in a thread, and kept for a second, so that scraping costs the live board nothing."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from calltally.serve.prometheus.collecting import Snapshot, encoded, registry_of
from calltally.serve.prometheus.gauges import InDatabase, Moment, gauges_of, moment_of
from calltally.serve.prometheus.known import KnownNumber
from calltally.serve.site import Site
from calltally.store.asked import REBUILD_BEGAN

KEPT_SECONDS: Final = 1.0
MOST_KEPT: Final = 8
LONGEST_ACCEPT: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Scrape:
    body: bytes
    content_type: str
    made_at: float


@dataclass(slots=True)
class Scraping:
    """Answers scrapes of one service."""

    site: Site
    _kept: dict[tuple[str, bool], _Scrape] = field(default_factory=dict)
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    _size: KnownNumber = field(init=False)
    _unfinished: KnownNumber = field(init=False)

    def __post_init__(self) -> None:
        """Have the site's database asked for its size, and for a rebuild that has not ended."""
        store = self.site.store
        self._size = KnownNumber(store.size_bytes)
        self._unfinished = KnownNumber(lambda: int(store.value(REBUILD_BEGAN) is not None))

    def route(self) -> Route:
        """Return the route."""
        return Route("/metrics", self._answer)

    async def _answer(self, request: Request) -> Response:
        """Give all series in the format that is asked for."""
        accept = request.headers.get("accept", "")[:LONGEST_ACCEPT]
        compressed = "gzip" in request.headers.get("accept-encoding", "")
        async with self._busy:
            scrape = self._kept.get((accept, compressed))
            if scrape is None or time.monotonic() - scrape.made_at >= KEPT_SECONDS:
                size, unfinished = await asyncio.gather(self._size.latest(), self._unfinished.latest())
                inside = InDatabase(kind=_kind(self.site.settings.database_url), size=size, unfinished=unfinished)
                moment = moment_of(self.site)
                scrape = await asyncio.to_thread(self._made, moment, inside, accept, compressed=compressed)
                if len(self._kept) >= MOST_KEPT:
                    self._kept.clear()
                self._kept[accept, compressed] = scrape
        headers = {"content-type": scrape.content_type, "vary": "Accept, Accept-Encoding"}
        if compressed:
            headers["content-encoding"] = "gzip"
        return Response(scrape.body, headers=headers)

    def _made(self, moment: Moment, inside: InDatabase, accept: str, *, compressed: bool) -> _Scrape:
        site = self.site
        observations = site.observed.observations()
        gauges = gauges_of(moment, site.observed, inside)
        registry = registry_of(Snapshot(gauges, observations))
        body, content_type = encoded(registry, accept, compressed=compressed)
        return _Scrape(body, content_type, time.monotonic())


def _kind(database_url: str) -> str:
    scheme = database_url.partition(":")[0].partition("+")[0]
    return {"postgres": "postgresql", "mysql": "mariadb"}.get(scheme, scheme)
