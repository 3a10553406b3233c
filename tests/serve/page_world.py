"""The pages of a site in this process, at a moment that a test chooses."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from starlette.applications import Starlette
from starlette.testclient import TestClient

from calltally.app import Parts, open_parts
from calltally.engine.health import Health
from calltally.engine.ingest import Ingest
from calltally.engine.live import Board
from calltally.engine.observed import Observed
from calltally.engine.writer import Writer
from calltally.model.messages import RawMessage
from calltally.serve.site import Site
from calltally.serve.web.routes import page_problem, page_routes
from calltally.settings import load
from calltally.store.store import Store
from tests.serve.reading import Node, read
from tests.serve.service_world import OPEN
from tests.serve.told_calls import Told, fill, pushes_of, us

NOW = "2026-11-20 14:00:00"
"""A Friday."""


@dataclass(slots=True)
class Pages:
    """A site whose clock stands still unless a test moves it."""

    site: Site
    ingest: Ingest
    client: TestClient
    clock: list[int]
    pushed: int = 100

    @property
    def store(self) -> Store:
        """The database."""
        return self.site.store

    def at(self, local: str) -> None:
        """Set the clock."""
        self.clock[0] = us(local)

    def hear(self, messages: Sequence[RawMessage]) -> None:
        """Take messages in, and send a frame, as the running service does."""
        self.ingest.apply(messages)
        self.site.board.send("delta")

    def call(self, told: Told) -> None:
        """Take a call in, as far as it has happened by now."""
        self.pushed += 1
        self.hear([push for push in pushes_of(told, self.pushed) if push.received_at_us <= self.clock[0]])

    def answer(self, address: str, **headers: str) -> httpx2.Response:
        """Return the answer for an address."""
        return self.client.get(address, headers=headers, follow_redirects=False)

    def get(self, address: str, *, status: int = 200, language: str = "en") -> Node:
        """Return a page or a part."""
        answer = self.answer(address, **{"accept-language": language})
        assert answer.status_code == status, answer.text[:500]
        return read(answer.text)


@contextmanager
def pages_of(
    folder: Path,
    calls: Sequence[Told] = (),
    *,
    now: str = NOW,
    groups: Sequence[tuple[str, str, tuple[str, ...]]] = (),
    teams: Mapping[str, tuple[str, ...]] | None = None,
    settings: str = OPEN,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Pages]:
    """Give the pages of a site that has heard of some calls, all of them before now."""
    fill(folder, calls, groups=groups, teams=teams, settings=settings)
    parts = open_parts(load(data=folder, environ=environ or {}))
    clock = [us(now)]
    site, ingest = _site(parts, clock)
    app = Starlette(routes=page_routes(site), exception_handlers={404: page_problem(site)})
    try:
        with TestClient(app, base_url="http://127.0.0.1:8080") as client:
            yield Pages(site=site, ingest=ingest, client=client, clock=clock)
    finally:
        parts.store.close()


def _site(parts: Parts, clock: list[int]) -> tuple[Site, Ingest]:
    """Return a site at the moment of a clock, and what takes its messages in."""
    board = Board(
        clock_us=lambda: clock[0],
        health=Health(parts.store.health()),
        open_flows=parts.store.open_flows(),
    )
    ingest = Ingest(
        store=parts.store,
        parsers={name: source.parse for name, source in parts.sources.items()},
        zone=parts.zone,
        clock_us=lambda: clock[0],
        committed=board.heard,
    )
    site = Site(
        settings=parts.settings,
        zone=parts.zone,
        store=parts.store,
        questions=parts.questions,
        board=board,
        writer=Writer(ingest),
        teams=parts.teams,
        sources=parts.sources,
        observed=Observed(clock_us=lambda: clock[0]),
        clock_us=lambda: clock[0],
    )
    return site, ingest
